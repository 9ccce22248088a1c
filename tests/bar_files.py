"""Files of one-minute bars beside those of their ticks, and files that something happened to."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

from app.analysis.inputs import BarFile, SymbolInput, TickFile
from app.history.bar_query import build_bars
from app.lake.files import publish
from app.lake.layout import Lake
from app.lake.query import connect
from app.lake.schemas import BAR_FILE
from app.market.sessions import Session


def with_bars(lake: Lake, wanted: SymbolInput, known_until: datetime | None = None) -> SymbolInput:
    """The input with the bars that are made of its tick files, published and told; all of them unless up to a time."""
    hours = {one.day: one for one in wanted.hours}
    made = [replace(file, bars=_made(lake, wanted.symbol, file, hours[file.day], known_until)) for file in wanted.files]
    return replace(wanted, files=tuple(made))


def damage(path: Path) -> None:
    """Turn one bit in the middle of a file."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def _made(lake: Lake, symbol: str, file: TickFile, hours: Session, known_until: datetime | None) -> BarFile | None:
    with connect(lake) as connection:
        bars = build_bars(connection, file.path, symbol, hours, known_until or hours.close, ["1m"])["1m"]
    if not bars.num_rows:
        return None
    target = lake.bars_file(file.day, symbol, "1m")
    facts = publish(lake, target, BAR_FILE, bars.to_batches(), day=file.day, symbol=symbol, taken_at=hours.close)
    return BarFile(target, facts.sha256, facts.rows)

"""Days of ticks as the analysis is given them: the sessions of a market, and files with a few ticks each."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pyarrow.parquet as pq

from app.analysis.inputs import SymbolInput, TickFile
from app.lake.facts import file_digest
from app.lake.layout import Lake
from app.market.markets import market
from app.market.sessions import Session
from app.quotes import Quote
from tests.factories import quote
from tests.ticks import tick_table, write_ticks


def sessions(first: date, count: int) -> tuple[Session, ...]:
    """So many sessions of the market of futures, from the one of a day on."""
    return tuple(market().sessions(first, first + timedelta(days=2 * count + 10))[:count])


def tick(hours: Session, at_s: float, price: str | float, volume: int | None = None, **parts: Any) -> Quote:
    """A trade so many seconds after the open of a session."""
    ts = hours.open + timedelta(seconds=at_s)
    known = {"ts": ts, "recv_ts": ts, "last": Decimal(str(price)), "volume": volume, "session_date": hours.day}
    return quote(**({"seq": round(at_s * 1000) + 10**6} | known | parts))


def steady(hours: Session, prices: Sequence[float], every_s: float = 60, **parts: Any) -> list[Quote]:
    """Trades at regular times from the open on, each of one contract."""
    return [tick(hours, every_s * place, price, place + 1, **parts) for place, price in enumerate(prices)]


def input_of(lake: Lake, days: Mapping[Session, Iterable[Quote]], **parts: Any) -> SymbolInput:
    """Write a file for each session that has ticks, and name all of them as an input with their digests."""
    files = [_file(lake, hours, list(ticks)) for hours, ticks in days.items() if ticks]
    found = SymbolInput("ES", tuple(days), tuple(files), None, 252.0)
    return replace(found, **parts)


def rewritten(file: TickFile, ticks: Sequence[Quote]) -> TickFile:
    """A file whose rows are those ticks in the order given, without a label that says which order it is."""
    pq.write_table(tick_table(ticks), file.path)
    return replace(file, sha256=file_digest(file.path))


def _file(lake: Lake, hours: Session, ticks: list[Quote]) -> TickFile:
    facts = write_ticks(lake, ticks, hours.close, hours.day)
    return TickFile(hours.day, lake.ticks_file(hours.day, "ES"), facts.sha256, facts.rows)

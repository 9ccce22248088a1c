"""Lakes of made ticks for the analysis, small and cheap to write: sessions of some hours with a trade a minute."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from scipy.signal import lfilter

from app.analysis.inputs import SymbolInput, Terms, TickFile
from app.lake.facts import file_digest
from app.lake.layout import Lake
from app.lake.packing import packing
from app.lake.schemas import TICK_FILE
from app.market.markets import market
from app.market.sessions import Session
from benchmarks.analysis_ticks import FIRST_DAY, START, Ints, prices, session_ticks

TERMS = Terms(0.25, 50.0, "USD", ("MES", 5.0))
BAR_MINUTES = 5


@dataclass(frozen=True)
class MadeSymbol:
    """A symbol's ticks by trading day as they were made, and the files that they are in."""

    wanted: SymbolInput
    tables: Mapping[date, pa.Table]


def short_sessions(count: int, length: timedelta) -> tuple[Session, ...]:
    """So many sessions of the market of futures, of each only the last part."""
    days = market().sessions(FIRST_DAY, FIRST_DAY + timedelta(days=2 * count + 10))[:count]
    return tuple(Session(one.day, one.close - length, one.close) for one in days)


def make_symbol(lake: Lake, symbol: str, hours: Sequence[Session], closes: Ints, seed: int = 1) -> MadeSymbol:
    """A symbol with a trade in each minute of its sessions, at those prices in quarters of a point."""
    dice = np.random.default_rng(seed)
    walks = np.split(closes, len(hours))
    tables = {one.day: minute_ticks(one, walk, dice, symbol) for one, walk in zip(hours, walks, strict=True)}
    return made_symbol(lake, symbol, hours, tables)


def made_symbol(lake: Lake, symbol: str, hours: Sequence[Session], tables: Mapping[date, pa.Table]) -> MadeSymbol:
    """A symbol with these ticks, written into the lake; a session without ticks has no file."""
    files = tuple(put(lake.ticks_file(day, symbol), table) for day, table in tables.items() if len(table))
    wanted = SymbolInput(symbol, tuple(hours), files, TERMS, 252.0, following=_following(hours))
    return MadeSymbol(wanted, dict(tables))


def _following(hours: Sequence[Session]) -> tuple[Session, ...]:
    last = hours[-1]
    after = market().sessions(last.day + timedelta(days=1), last.day + timedelta(days=14))[:2]
    return tuple(Session(one.day, one.close - (last.close - last.open), one.close) for one in after)


def put(path: Path, ticks: pa.Table, *, in_order: bool = True) -> TickFile:
    """A tick file as a publisher leaves it, without what makes that durable; its rows are in order unless told."""
    path.parent.mkdir(parents=True, exist_ok=True)
    labels = {"thor.sorted_by": ",".join(TICK_FILE.sorted_by)} if in_order else {}
    pq.write_table(ticks.replace_schema_metadata(labels), path, **packing(TICK_FILE))
    return TickFile(ticks["session_date"][0].as_py(), path, file_digest(path), len(ticks))


def minute_ticks(hours: Session, walk: Ints, dice: np.random.Generator, symbol: str) -> pa.Table:
    """Trades in the columns of a tick file, one in each of as many equal parts of the session as there are prices."""
    ticks = session_ticks(hours, walk, dice, symbol=symbol)
    part = (hours.close - hours.open) // timedelta(microseconds=1) // len(walk)
    times = np.arange(len(walk)) * part + dice.integers(0, part, len(walk)) + _micros(hours.open)
    sizes = dice.integers(1, 20, len(walk))
    moments = pa.array(times).cast(pa.timestamp("us", "UTC"))
    changed = {
        **dict.fromkeys(("ts", "recv_ts", "created_at"), moments),
        "last_size": pa.array(sizes),
        "volume": pa.array(np.cumsum(sizes)),
        "trade": pa.array(np.ones(len(walk), dtype=bool)),
    }
    return with_columns(ticks, changed)


def with_columns(ticks: pa.Table, changed: Mapping[str, pa.Array]) -> pa.Table:
    """The same table with other values in some columns."""
    for name, values in changed.items():
        place = ticks.schema.get_field_index(name)
        ticks = ticks.set_column(place, ticks.schema.field(place), values.cast(ticks.schema.field(place).type))
    return ticks


def walk_of(seed: int, minutes: int) -> Ints:
    """Prices by the minute in which nothing can be predicted, in quarters of a point."""
    return START + np.cumsum(np.random.default_rng(seed).integers(-8, 9, minutes))


def drifting(seed: int, minutes: int, ratio: float = 0.6) -> Ints:
    """Prices by the minute whose returns of five minutes drift: an AR(1), `ratio` times as large as the noise."""
    dice = np.random.default_rng(seed)
    bars = minutes // BAR_MINUTES
    drift = lfilter([1.0], [1.0, -0.95], dice.normal(size=bars + 200) * np.sqrt(1 - 0.95**2))[200:]
    closes = START + np.cumsum(20 * (dice.normal(size=bars) + ratio * drift))
    return _between(closes, minutes)


def bouncing(seed: int, minutes: int) -> Ints:
    """Prices by the minute at the bid or the ask, a tick apart, of a middle that hardly moves."""
    dice = np.random.default_rng(seed)
    middle = np.round(START + np.cumsum(dice.normal(0, 0.24, minutes // BAR_MINUTES)))
    closes = middle + dice.integers(0, 2, len(middle))
    return np.repeat(closes, BAR_MINUTES).astype(np.int64)


def other_future(made: MadeSymbol, lake: Lake, cut: datetime, seed: int) -> SymbolInput:
    """The symbol in another lake, with the same ticks before `cut` and others from then on.

    There returns are shuffled and three times as large, some ticks are missing, a contract follows, and another source
    speaks more often than the first.
    """
    dice = np.random.default_rng(seed)
    files = []
    for file in made.wanted.files:
        path = lake.ticks_file(file.day, made.wanted.symbol)
        files.append(put(path, _other_from(made.tables[file.day], cut, dice)))
    return replace(made.wanted, files=tuple(files))


def _other_from(ticks: pa.Table, cut: datetime, dice: np.random.Generator) -> pa.Table:
    is_known = pc.less(ticks["ts"], pa.scalar(cut, ticks["ts"].type))
    before, after = ticks.filter(is_known), ticks.filter(pc.invert(is_known))
    if len(after) < 2:
        return ticks
    walk = np.rint(4 * after["last"].cast(pa.float64()).to_numpy()).astype(np.int64)
    walk = walk[0] + np.cumsum(3 * dice.permutation(np.append(np.diff(walk), 1)))
    sources = dice.permutation(["SIMULATED"] + ["EXCEL"] * (len(walk) - 1))
    changed = {
        "last": prices(walk), "bid": prices(walk - 1), "ask": prices(walk + 1),
        "volume": pa.array(np.cumsum(dice.integers(1, 90, len(walk))) + 10**6),
        "source": pa.array(sources), "contract": pa.array(["ESH26"] * len(walk)),
    }  # fmt: skip
    kept = pa.array(dice.random(len(walk)) < 0.8)
    return pa.concat_tables([before, with_columns(after, changed).filter(kept)]).combine_chunks()


def _between(closes: "np.ndarray[tuple[int], np.dtype[np.float64]]", minutes: int) -> Ints:
    ends = np.arange(1, len(closes) + 1) * BAR_MINUTES - 1
    return np.rint(np.interp(np.arange(minutes), ends, closes)).astype(np.int64)


def _micros(moment: datetime) -> int:
    return round(moment.timestamp()) * 1_000_000

"""The lake that the notebooks read: the folder that THOR_DATA names, or a small made one that is gone afterwards."""

import atexit
import os
import shutil
import tempfile
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from app.analysis.inputs import Terms
from app.collectors.simulated_session import session_strip
from app.collectors.simulation import NOT_KNOWN
from app.collectors.tape import Strip
from app.instruments.catalogue import CATALOGUE
from app.history.bar_query import build_bars
from app.lake.layout import TIMEFRAMES, Lake
from app.lake.packing import packing
from app.lake.query import connect
from app.lake.schemas import BAR_FILE, PRICE, TICK_FILE, FileSchema
from app.market.markets import market

FIRST, END = date(2025, 7, 1), date(2025, 10, 1)
SYMBOLS = ("ES", "NQ")
RECENT = 5
TICKS_PER_SESSION = 1_500
SEED = 7


def lake_of_environment() -> Lake:
    """The lake under THOR_DATA; unset, a made one with a quarter of ES, in a folder for this process alone."""
    if folder := os.environ.get("THOR_DATA"):
        return Lake(Path(folder))
    made = Path(tempfile.mkdtemp(prefix="thor-lake-"))
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return make_lake(made)


def newest_day(lake: Lake, symbol: str) -> date:
    """The last trading day of which the lake has ticks of a symbol."""
    return lake.ticks_files(date.min, date.max, [symbol])[-1].day


def make_lake(folder: Path) -> Lake:
    """Simulated ticks, the same on every call: ES of a quarter; of its last sessions also NQ, and the bars of both."""
    lake, before = Lake(folder), None
    sessions = market().sessions(FIRST, END)
    with connect(lake, threads=1) as connection:
        for session in sessions:
            is_recent = session in sessions[-RECENT:]
            for symbol in SYMBOLS if is_recent else SYMBOLS[:1]:
                path = lake.ticks_file(session.day, symbol)
                strip = session_strip(session, before, symbol, SEED, TICKS_PER_SESSION)
                write(tick_table(strip), path, TICK_FILE)
                if is_recent:
                    bars = build_bars(connection, path, symbol, session, session.close, TIMEFRAMES)
                    for timeframe, table in bars.items():
                        write(table, lake.bars_file(session.day, symbol, timeframe), BAR_FILE)
            before = session.day
    return lake


def write(table: pa.Table, path: Path, schema: FileSchema) -> None:
    """A file as the lake has it, without the care that is taken of real ones."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, **packing(schema))


def tick_table(strip: Strip) -> pa.Table:
    """A strip of events as the rows of a tick file."""
    events, count = strip.events, len(strip.ts_us)
    times = pa.array(strip.ts_us, pa.timestamp("us", "UTC"))
    tick = float(CATALOGUE[strip.symbol].tick_size)
    known = {
        "symbol": names(strip.symbol, count),
        "source": names("SIMULATED", count),
        "seq": pa.array(np.arange(1, count + 1)),
        "session_date": pa.array([strip.day] * count),
        "ts_origin": names("exchange", count),
        "close": prices(np.full(count, strip.close), tick),
        **dict.fromkeys(("ts", "recv_ts", "created_at"), times),
        **{
            name: prices(getattr(events, name), tick)
            for name in ("last", "bid", "ask", "open", "high", "low", "change")
        },
        **{name: numbers(getattr(events, name)) for name in ("last_size", "bid_size", "ask_size", "volume")},
        "trade": pa.array(events.trade),
        "delayed": pa.array(np.zeros(count, bool)),
    }
    columns = [known.get(field.name, pa.nulls(count, field.type)) for field in TICK_FILE.columns]
    return pa.Table.from_arrays(
        [column.cast(field.type) for column, field in zip(columns, TICK_FILE.columns, strict=True)],
        schema=TICK_FILE.columns,
    )


def names(name: str, count: int) -> pa.Array:
    """One name in every row."""
    return pa.DictionaryArray.from_arrays(np.zeros(count, np.int32), [name])


def prices(ticks: np.ndarray, tick: float) -> pa.Array:
    """Prices from numbers of ticks; both symbols move in quarters, which a float has exactly."""
    return pa.array(ticks * tick, mask=ticks == NOT_KNOWN).cast(PRICE)


def numbers(values: np.ndarray) -> pa.Array:
    """Whole numbers, null where nothing is known yet."""
    return pa.array(values, mask=values == NOT_KNOWN)


def terms_of(symbol: str) -> Terms:
    """What the catalogue knows of a symbol's contract."""
    known = CATALOGUE[symbol]
    return Terms(float(known.tick_size), float(known.multiplier), known.currency)


def last_year(day: date) -> int:
    """How many sessions the calendar has in the year up to a trading day."""
    return len(market().sessions(day - timedelta(days=364), day + timedelta(days=1)))

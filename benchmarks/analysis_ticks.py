"""A made market to measure the analysis with: sessions of one symbol as files of a lake, fast to make."""

from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from app.analysis.inputs import SymbolInput, Terms, TickFile
from app.lake.files import publish
from app.lake.layout import Lake
from app.lake.schemas import PRICE, TICK_FILE
from app.market.markets import market
from app.market.sessions import Session

FIRST_DAY = date(2025, 9, 22)
SESSIONS = 23
TICKS = 2_500_000
SESSIONS_PER_YEAR = 252.0
TERMS = Terms(0.25, 50.0, "USD", ("MES", 5.0))
# A quarter of a point, and where the walk starts, in these.
TICK_SIZE = Decimal("0.25")
START = 26_900
TRADES = 0.4

Ints = npt.NDArray[np.int64]


def make_market(
    lake: Lake,
    *,
    symbol: str = "ES",
    ticks: int = TICKS,
    sessions: int = SESSIONS,
    source: str = "SIMULATED",
    seed: int = 1,
) -> SymbolInput:
    """Write so many ticks of a symbol, evenly over sessions from `FIRST_DAY` on; the same seed writes the same prices.

    The price is a random walk of whole ticks, 40 % of the ticks are trades, the counter of volume starts from 0.
    """
    known = market().sessions(FIRST_DAY, FIRST_DAY + timedelta(days=2 * sessions + 10))
    hours, following = tuple(known[:sessions]), tuple(known[sessions : sessions + 2])
    dice = np.random.default_rng(seed)
    files, start = [], START
    for one in hours:
        walk = start + np.cumsum(dice.integers(-1, 2, ticks // sessions))
        files.append(_written(lake, symbol, one, session_ticks(one, walk, dice, symbol=symbol, source=source)))
        start = int(walk[-1])
    return SymbolInput(symbol, hours, tuple(files), TERMS, SESSIONS_PER_YEAR, following=following)


def session_ticks(
    hours: Session, walk: Ints, dice: np.random.Generator, *, symbol: str = "ES", source: str = "SIMULATED"
) -> pa.Table:
    """Ticks of a session in the columns of a tick file, one for each price of a walk in quarters of a point."""
    count = len(walk)
    trades = dice.random(count) < TRADES
    sizes = dice.integers(1, 20, count)
    below = dice.integers(0, 2, count)
    times = np.sort(dice.integers(0, (hours.close - hours.open) // timedelta(microseconds=1), count))
    moments = pa.array(times + int(hours.open.timestamp()) * 1_000_000).cast(pa.timestamp("us", "UTC"))
    known = {
        "seq": pa.array(np.arange(count)),
        **dict.fromkeys(("ts", "recv_ts", "created_at"), moments),
        "last": prices(walk),
        "bid": prices(walk - below),
        "ask": prices(walk - below + 1),
        "last_size": pa.array(sizes, mask=~trades),
        "volume": pa.array(np.cumsum(np.where(trades, sizes, 0))),
        "trade": pa.array(trades),
        "delayed": pa.array(np.zeros(count, dtype=bool)),
        "session_date": pa.repeat(pa.scalar(hours.day), count),
    }
    fixed = {"symbol": symbol, "source": source, "contract": f"{symbol}Z25", "ts_origin": "exchange"}
    names = {name: pa.repeat(pa.scalar(value), count).dictionary_encode() for name, value in fixed.items()}
    columns = [{**known, **names}.get(field.name, pa.nulls(count, field.type)) for field in TICK_FILE.columns]
    return pa.Table.from_arrays(columns, schema=TICK_FILE.columns)


def prices(quarters: Ints) -> pa.Array:
    """Prices as files have them, of numbers of quarters of a point."""
    # A decimal128 is 16 bytes, the lower half first; the upper half repeats the sign.
    billionths = quarters * int(TICK_SIZE * 10**9)
    halves = np.stack([billionths, billionths >> 63], axis=1)
    return pa.Array.from_buffers(PRICE, len(billionths), [None, pa.py_buffer(halves.tobytes())])


def _written(lake: Lake, symbol: str, hours: Session, ticks: pa.Table) -> TickFile:
    target = lake.ticks_file(hours.day, symbol)
    batches = ticks.to_batches(65_536)
    facts = publish(lake, target, TICK_FILE, batches, day=hours.day, symbol=symbol, taken_at=hours.close)
    return TickFile(hours.day, target, facts.sha256, facts.rows)

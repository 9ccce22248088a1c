"""Longer bars put together of stored ones: the same, wherever those come from."""

from datetime import timedelta
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from app.history.bar_times import micros_in
from app.history.timeframes import LENGTHS
from app.lake.schemas import BAR_FILE
from app.market.sessions import Session as Hours
from app.market.timetable import MICROSECOND, micros_of

_KEYS: Final = ["slot", "source"]
_PARTS: Final = [
    ("row", "min"),
    ("row", "max"),
    ("high", "max"),
    ("low", "min"),
    ("volume", "sum"),
    ("tick_count", "sum"),
]


def join_bars(bars: pa.Table, hours: Hours, timeframe: str) -> pa.Table:
    """A session's bars of a stored timeframe as longer ones, by `t_open` and source, in the same columns.

    Those of a source must be in the order of time, and names be text. The open is that of the first bar in a bucket,
    the close that of the last; volumes and `tick_count` are sums, so that what came in a stored bucket without a bar is
    where the stored bars have it: its volume in the bar after. A bucket whose bars tell no volume has none. The last
    bucket closes with the session.
    """
    length = LENGTHS[timeframe]
    slots = pc.divide(pc.subtract(micros_in(bars, "t_open"), micros_of(hours.open)), length // MICROSECOND)
    placed = bars.append_column("slot", slots).append_column("row", pa.array(range(bars.num_rows), pa.int64()))
    made = placed.group_by(_KEYS, use_threads=False).aggregate(_PARTS).sort_by([(key, "ascending") for key in _KEYS])
    first, last = (bars.take(made.column(name)) for name in ("row_min", "row_max"))
    columns = {
        **{name: first.column(name) for name in ("symbol", "source", "session_date", "open")},
        **_times(made.column("slot"), hours, length),
        "high": made.column("high_max"),
        "low": made.column("low_min"),
        "close": last.column("close"),
        "volume": made.column("volume_sum"),
        "tick_count": made.column("tick_count_sum"),
    }
    return pa.table([columns[name] for name in bars.schema.names], names=bars.schema.names).cast(bars.schema)


def _times(slots: pa.ChunkedArray, hours: Hours, length: timedelta) -> dict[str, pa.ChunkedArray]:
    opened = pc.add(pc.multiply(slots, length // MICROSECOND), micros_of(hours.open))
    closed = pc.min_element_wise(pc.add(opened, length // MICROSECOND), micros_of(hours.close))
    instant = BAR_FILE.columns.field("t_open").type
    return {"t_open": opened.cast(instant), "t_close": closed.cast(instant)}

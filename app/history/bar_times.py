"""Times of bars as plain numbers and as instants: a time as a Python object would make Arrow load pandas."""

from datetime import datetime

import pyarrow as pa

from app.market.timetable import instant_of


def micros_in(bars: pa.Table, column: str) -> pa.ChunkedArray:
    """A column of times in microseconds since 1970, UTC."""
    return bars.column(column).cast(pa.int64())


def instants_in(bars: pa.Table, column: str) -> list[datetime]:
    """A column of times as instants."""
    return [instant_of(micros) for micros in micros_in(bars, column).to_pylist()]

"""Bars that tell for how much of their time their source was alive."""

from datetime import datetime
from typing import Final

import pyarrow as pa

from app.history.holes import Covers
from app.history.session_bars import BAR_TABLE
from app.market.timetable import instant_of

COVERED_BARS: Final = BAR_TABLE.append(pa.field("coverage", pa.float64()))


def with_coverage(bars: pa.Table, covers: Covers) -> pa.Table:
    """Bars of one source with a column `coverage`, 0 to 1: the share of a bar's minutes in which the source was alive.

    It is null where nothing is known.
    """
    days = bars.column("session_date").to_pylist()
    rows = zip(days, opening_times(bars), _instants(bars, "t_close"), strict=True)
    shares = [covers[day].share(opened, closed) if day in covers else None for day, opened, closed in rows]
    return bars.append_column(COVERED_BARS.field("coverage"), pa.array(shares, pa.float64()))


def opening_times(bars: pa.Table) -> list[datetime]:
    """The instants at which bars open."""
    return _instants(bars, "t_open")


def _instants(bars: pa.Table, column: str) -> list[datetime]:
    # As plain numbers, because a time as a Python object makes Arrow load pandas.
    return [instant_of(micros) for micros in bars.column(column).cast(pa.int64()).to_pylist()]

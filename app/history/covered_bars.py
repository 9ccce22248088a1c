"""Bars that tell for how much of their time their source was alive."""

from datetime import datetime
from typing import Final

import pyarrow as pa

from app.history.bar_times import instants_in
from app.history.holes import Covers
from app.history.session_bars import BAR_TABLE

COVERED_BARS: Final = BAR_TABLE.append(pa.field("coverage", pa.float64()))


def with_coverage(bars: pa.Table, covers: Covers) -> pa.Table:
    """Bars of one source with a column `coverage`, 0 to 1: the share of a bar's minutes in which the source was alive.

    It is null where nothing is known.
    """
    days = bars.column("session_date").to_pylist()
    rows = zip(days, opening_times(bars), instants_in(bars, "t_close"), strict=True)
    shares = [covers[day].share(opened, closed) if day in covers else None for day, opened, closed in rows]
    return bars.append_column(COVERED_BARS.field("coverage"), pa.array(shares, pa.float64()))


def opening_times(bars: pa.Table) -> list[datetime]:
    """The instants at which bars open."""
    return instants_in(bars, "t_open")

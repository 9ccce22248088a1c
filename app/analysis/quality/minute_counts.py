"""What one-minute bars tell of a session whose ticks cannot be had."""

from collections.abc import Sequence
from datetime import datetime

import polars as pl

from app.analysis.quality.counts import SessionCounts
from app.market.sessions import Session
from app.market.timetable import micros_of


def counts_of_minutes(bars: pl.DataFrame, hours: Session, regular: Session | None, asof: datetime) -> SessionCounts:
    """The ticks, minutes and gaps of a session, as its one-minute bars before `asof` tell them; all else is 0 or None.

    A minute without a trade has no bar, and a gap is as long as whole minutes without one.
    """
    own = bars.filter(pl.col("session_date") == hours.day).sort("t_open")
    rows = int(own["tick_count"].sum())
    opens, closes = (own[name].dt.epoch("us").to_list() for name in ("t_open", "t_close"))
    return SessionCounts(
        file_rows=rows,
        rows=rows,
        minutes=len(own),
        gap_us=_longest_gap(opens, closes, hours, asof),
        regular_gap_us=None if regular is None else _longest_gap(opens, closes, regular, asof),
    )


def _longest_gap(opens: Sequence[int], closes: Sequence[int], hours: Session, asof: datetime) -> int:
    begin = micros_of(hours.open)
    end = max(begin, micros_of(min(hours.close, asof)))
    gaps = zip([begin, *closes], [*opens, end], strict=True)
    return max(min(max(until, begin), end) - min(max(since, begin), end) for since, until in gaps)

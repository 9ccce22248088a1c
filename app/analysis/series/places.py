"""Where in its session a bar lies, counted from the open, and the returns within sessions.

Counting from the open is counting in the exchange's time: a change of the clock moves nothing, and a session that
ends early merely lacks its last places.
"""

from datetime import datetime
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from app.analysis.bars import TIMEFRAMES, Floats, returns_since_open
from app.analysis.inputs import SymbolData

Places = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
UNKNOWN: Final = -1
HALF_HOUR: Final = 1_800
_INSTANT: Final = pl.Datetime("us", "UTC")


def seconds_since_open(data: SymbolData, bars: pl.DataFrame) -> Places:
    """Seconds from the open of each bar's session to the bar's own open; UNKNOWN outside of the sessions."""
    hours = pl.DataFrame(
        {"session_date": [one.day for one in data.hours], "opened": [one.open for one in data.hours]},
        schema={"session_date": pl.Date, "opened": _INSTANT},
    )
    found = bars.select("session_date", "t_open").join(hours, on="session_date", how="left", maintain_order="left")
    since = (found["t_open"] - found["opened"]).dt.total_seconds().fill_null(UNKNOWN).to_numpy().astype(np.int64)
    return np.where(since < 0, UNKNOWN, since)


def places_of(data: SymbolData, timeframe: str) -> Places:
    """How many bars of the timeframe fit between the open of each bar's session and the bar; UNKNOWN outside."""
    since = seconds_since_open(data, data.frame(timeframe))
    return np.where(since < 0, UNKNOWN, since // _span(timeframe))


def next_place(data: SymbolData, timeframe: str) -> int:
    """The place of the bar after the last one: 0 when that one ends its session; UNKNOWN without bars or session."""
    bars = data.frame(timeframe)
    if not len(bars):
        return UNKNOWN
    day, closed = bars["session_date"][-1], bars["t_close"][-1]
    session = next((one for one in reversed(data.hours) if one.day == day), None)
    if session is None:
        return UNKNOWN
    return 0 if closed >= session.close else _seconds(session.open, closed) // _span(timeframe)


def session_returns(bars: pl.DataFrame) -> Floats:
    """As `returns_since_open`, and NaN after a hole too, shape (bars,)."""
    found = returns_since_open(bars)
    found[after_hole(bars)] = np.nan
    return found


def after_hole(bars: pl.DataFrame) -> Mask:
    """Which bars follow half an hour or more of their session without a bar, shape (bars,).

    Their returns are of more time than a bar has. What is missing at the beginning of a session is no hole.
    """
    hole = (pl.col("t_open") - pl.col("t_close").shift()).dt.total_seconds() >= HALF_HOUR
    same = pl.col("session_date") == pl.col("session_date").shift()
    return bars.select((hole & same).fill_null(False)).to_series().to_numpy()


def _span(timeframe: str) -> int:
    # A bar of a whole session is the only one in it.
    return TIMEFRAMES[timeframe] or 10**9


def _seconds(start: datetime, end: datetime) -> int:
    return int((end - start).total_seconds())

"""The returns of the half-hours since the open: a row per session, a column per half-hour."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from app.analysis.bars import Floats
from app.analysis.inputs import SymbolData
from app.analysis.series.places import HALF_HOUR, Mask, seconds_since_open, session_returns

# The coarsest bars that fill a half-hour whole come first: they are the fewest.
_TIMEFRAMES: Final = ("15m", "5m", "1m")


@dataclass(frozen=True)
class HalfHours:
    """Log returns, shape (sessions, half-hours), NaN where a half-hour is missing; made of bars of the timeframe."""

    timeframe: str
    returns: Floats


def half_hour_returns(data: SymbolData) -> HalfHours:
    """The return of each half-hour of each session, as far as they are over at the as-of.

    A half-hour with a change of contract or a price that is not positive is missing; so are those without a bar, and
    the ones that a session with an early close lacks.
    """
    timeframe = next((name for name in _TIMEFRAMES if len(data.frame(name))), _TIMEFRAMES[0])
    bars = data.frame(timeframe)
    since = seconds_since_open(data, bars)
    rows = {one.day: row for row, one in enumerate(data.hours)}
    longest = max(((one.close - one.open).total_seconds() for one in data.hours), default=0.0)
    shape = len(data.hours), -(-int(longest) // HALF_HOUR)
    inside = (since >= 0) & (since < longest)
    row = np.array([rows.get(day, 0) for day in bars["session_date"].to_list()], np.int64)[inside]
    cell = row * shape[1] + since[inside] // HALF_HOUR
    returns = session_returns(bars)[inside]
    size = shape[0] * shape[1]
    # A cell with one return that is no number has no sum that is one.
    sums = np.bincount(cell, weights=returns, minlength=size)
    filled = np.bincount(cell, minlength=size) > 0
    grid = np.where(filled, sums, np.nan).reshape(shape)
    return HalfHours(timeframe, np.where(_over(data, shape[1]), grid, np.nan))


def clock_text(bucket: int) -> str:
    """When a half-hour begins, in hours and minutes since the open, such as "+08:30"."""
    return f"+{bucket // 2:02d}:{bucket % 2 * 30:02d}"


def _over(data: SymbolData, buckets: int) -> Mask:
    """Which half-hours of which sessions ended by the as-of, and do not begin after their session's close."""
    passed = np.array([(data.asof - one.open).total_seconds() for one in data.hours], float).reshape(-1, 1)
    length = np.array([(one.close - one.open).total_seconds() for one in data.hours], float).reshape(-1, 1)
    begins = np.arange(buckets) * float(HALF_HOUR)
    ends = np.minimum(begins + HALF_HOUR, length)
    found: Mask = (begins < length) & (ends <= passed)
    return found

"""Bars as the analysis has them: a Polars frame per timeframe, and the returns between them that may be used."""

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

Floats = npt.NDArray[np.float64]

SESSION: Final = "session"
# In seconds; a session is as long as its hours.
TIMEFRAMES: Final[Mapping[str, int]] = MappingProxyType({"1m": 60, "5m": 300, "15m": 900, "1h": 3600, SESSION: 0})

# `segment` counts the stretches of one contract: between two segments prices are not comparable.
# A bar is known at `t_close` and not before. `volume` is null where the source counts none.
BAR_SCHEMA: Final[Mapping[str, pl.DataType | type[pl.DataType]]] = MappingProxyType(
    {
        "session_date": pl.Date,
        "t_open": pl.Datetime("us", "UTC"),
        "t_close": pl.Datetime("us", "UTC"),
        "open": pl.Float64,
        "high": pl.Float64,
        "low": pl.Float64,
        "close": pl.Float64,
        "volume": pl.Int64,
        "tick_count": pl.Int64,
        "contract": pl.String,
        "segment": pl.Int32,
    }
)


def floats(bars: pl.DataFrame, column: str) -> Floats:
    """A column as float64; null becomes NaN."""
    return bars[column].cast(pl.Float64).fill_null(float("nan")).to_numpy()


def log_returns(bars: pl.DataFrame, *, across_sessions: bool = True) -> Floats:
    """The log return of each bar since the close of the one before, shape (bars,).

    NaN for the first bar, where the contract changes, and where a price is not positive; unless `across_sessions`, also
    for the first bar of each session. The bars are in the order of time.
    """
    close = floats(bars, "close")
    found = np.full(len(close), np.nan)
    if len(close) < 2:
        return found
    with np.errstate(divide="ignore", invalid="ignore"):
        found[1:] = np.diff(np.log(np.where(close > 0, close, np.nan)))
    segment = bars["segment"].to_numpy()
    broken = segment[1:] != segment[:-1]
    if not across_sessions:
        days = bars["session_date"].to_physical().to_numpy()
        broken |= days[1:] != days[:-1]
    found[1:][broken] = np.nan
    return found


def returns_since_open(bars: pl.DataFrame) -> Floats:
    """The log return of each bar within its session, shape (bars,); the first of a session counts from its own open.

    What happens between sessions is left out. NaN where the contract changes within a session, and where a price is not
    positive. The bars are in the order of time.
    """
    found = log_returns(bars, across_sessions=False)
    if not len(bars):
        return found
    days = bars["session_date"].to_physical().to_numpy()
    begins = np.ones(len(bars), bool)
    begins[1:] = days[1:] != days[:-1]
    opened, closed = floats(bars, "open"), floats(bars, "close")
    legal = begins & (opened > 0) & (closed > 0)
    found[legal] = np.log(closed[legal] / opened[legal])
    return found


def usable(returns: Floats) -> Floats:
    """The returns that are numbers."""
    return returns[np.isfinite(returns)]


def span_of(timeframe: str) -> timedelta:
    """How long a bar is; a session's bar has no fixed length and gives 0."""
    return timedelta(seconds=TIMEFRAMES[timeframe])

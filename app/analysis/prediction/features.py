"""What a prediction looks at: eight figures per bar, each known when the bar closes."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.signal import lfilter

from app.analysis.bars import Floats, floats, log_returns

Mask = npt.NDArray[np.bool_]

NAMES: Final = (
    "return of the bar",
    "return of the bar before",
    "momentum of 3 bars",
    "momentum of 12 bars",
    "drift",
    "fast over slow volatility",
    "place in the range of 12 bars",
    "signed surprise of the volume",
)
LONGEST: Final = 12
# Bars with a return that must have gone before: the volatility of fewer is too rough to scale with.
WARM_UP: Final = 24
_DECAY: Final = 0.94
_FAST, _SLOW = 0.8, 0.97
_DRIFT_DECAY: Final = 0.9
_MOST: Final = 5.0


@dataclass(frozen=True)
class Scaled:
    """The returns of bars, shape (bars,), and the volatility of one bar's return as it was known at each close."""

    returns: Floats
    volatility: Floats


def scaled_returns(bars: pl.DataFrame) -> Scaled:
    """Log returns, and the exponentially weighted volatility with decay 0.94 (RiskMetrics 1996) through each bar.

    A bar without a return leaves the volatility as it was; before the first return it is NaN.
    """
    returns = log_returns(bars)
    return Scaled(returns, _volatility(returns, _DECAY))


def make_features(bars: pl.DataFrame) -> tuple[Floats, Mask]:
    """The features, shape (bars, 8) in the order of NAMES, and where all of them are known.

    Row i uses bars up to i and no other. Returns are divided by the volatility known before them. Over a change of
    the contract there is no return, so the 12 bars from there on are not usable, nor are the first 24. All but the
    volatility ratio change their sign when prices are turned over (1/P).
    """
    if not len(bars):
        return np.empty((0, len(NAMES))), np.empty(0, np.bool_)
    scaled = scaled_returns(bars)
    unit = _clipped(_over(scaled.returns, _lagged(scaled.volatility)))
    columns = (
        unit,
        _lagged(unit),
        _momentum(unit, 3),
        _momentum(unit, LONGEST),
        _weighted_mean(unit, _DRIFT_DECAY),
        _volatility_ratio(scaled.returns),
        _place_in_range(bars),
        np.sign(unit) * _volume_surprise(bars),
    )
    found = np.column_stack(columns)
    warm = np.cumsum(np.isfinite(scaled.returns)) > WARM_UP
    usable = np.isfinite(found).all(axis=1) & warm
    found[~usable] = np.nan
    return found, usable


def _over(top: Floats, bottom: Floats) -> Floats:
    found = np.full(len(top), np.nan)
    np.divide(top, bottom, out=found, where=bottom > 0)
    return found


def _clipped(values: Floats) -> Floats:
    found: Floats = np.clip(values, -_MOST, _MOST)
    return found


def _lagged(values: Floats) -> Floats:
    return np.concatenate(([np.nan], values[:-1])) if len(values) else values


def _windows(values: Floats, length: int) -> Floats:
    padded = np.concatenate((np.full(length - 1, np.nan), values))
    return np.lib.stride_tricks.sliding_window_view(padded, length)


def _momentum(unit: Floats, length: int) -> Floats:
    found: Floats = np.sum(_windows(unit, length), axis=1) / np.sqrt(length)
    return found


def _weighted_mean(values: Floats, decay: float) -> Floats:
    """Exponentially weighted mean of the numbers so far, weights summing to 1."""
    known = np.isfinite(values)
    found = np.full(len(values), np.nan)
    if not known.any():
        return found
    rule = ([1.0], [1.0, -decay])
    means = lfilter(*rule, values[known]) / lfilter(*rule, np.ones(int(known.sum())))
    place = np.cumsum(known) - 1
    found[place >= 0] = means[place[place >= 0]]
    return found


def _volatility(returns: Floats, decay: float) -> Floats:
    found: Floats = np.sqrt(_weighted_mean(returns**2, decay))
    return found


def _volatility_ratio(returns: Floats) -> Floats:
    ratio = _over(_volatility(returns, _FAST), _volatility(returns, _SLOW))
    found = np.full(len(ratio), np.nan)
    np.log(ratio, out=found, where=ratio > 0)
    return _clipped(found)


def _place_in_range(bars: pl.DataFrame) -> Floats:
    """Where the close lies between the low, -1, and the high, 1, of 12 bars, by the logs of prices; flat is 0."""
    close, high, low = (_logs(floats(bars, name)) for name in ("close", "high", "low"))
    top, bottom = _windows(high, LONGEST).max(axis=1), _windows(low, LONGEST).min(axis=1)
    spread = top - bottom
    found = np.where(np.isfinite(spread), 0.0, np.nan)
    np.divide(2 * close - top - bottom, spread, out=found, where=spread > 0)
    return found


def _logs(prices: Floats) -> Floats:
    found = np.full(len(prices), np.nan)
    np.log(prices, out=found, where=prices > 0)
    return found


def _volume_surprise(bars: pl.DataFrame) -> Floats:
    """How far the log of a volume is above its own weighted mean before; 0 where a source counts no volume."""
    logs = np.log1p(np.maximum(floats(bars, "volume"), 0))
    surprise = logs - _lagged(_weighted_mean(logs, _DECAY))
    return _clipped(np.where(np.isfinite(surprise), surprise, 0.0))

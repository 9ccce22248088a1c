"""How good forecasts were, as the M4 competition measured it (Makridakis, Spiliotis and Assimakopoulos 2020)."""

import numpy as np

from app.analysis.bars import Floats


def smape(actual: Floats, forecast: Floats) -> float:
    """The symmetric mean absolute percentage error, in percent from 0 to 200; where both are 0 the error is 0."""
    _same_length(actual, forecast)
    size = np.abs(actual) + np.abs(forecast)
    error = np.abs(actual - forecast)
    return float(200 * np.mean(np.divide(error, size, out=np.zeros(len(size)), where=size > 0)))


def mase(actual: Floats, forecast: Floats, past: Floats, season: int = 1) -> float:
    """The mean absolute error over that of the seasonal naive forecast within `past` (Hyndman-Koehler 2006).

    ValueError when `past` is not longer than a season or repeats itself exactly.
    """
    _same_length(actual, forecast)
    return float(np.mean(np.abs(actual - forecast))) / seasonal_scale(past, season)


def msis(actual: Floats, low: Floats, high: Floats, past: Floats, level: float = 0.95, season: int = 1) -> float:
    """The mean interval score (Gneiting-Raftery 2007) over the error of the seasonal naive forecast within `past`.

    Intervals are of probability `level`. ValueError as `mase`.
    """
    return mean_interval_score(actual, low, high, level) / seasonal_scale(past, season)


def mean_interval_score(actual: Floats, low: Floats, high: Floats, level: float) -> float:
    """The mean width of the intervals, and for each that missed how far, times 2 / (1 - level); lower is better."""
    _same_length(actual, low)
    _same_length(actual, high)
    missed = np.maximum(low - actual, 0) + np.maximum(actual - high, 0)
    return float(np.mean(high - low + 2 / (1 - level) * missed))


def seasonal_scale(past: Floats, season: int) -> float:
    """The mean absolute change over a season, what MASE and MSIS are measured in."""
    if len(past) <= season:
        raise ValueError(f"{len(past)} values have no change over a season of {season}")
    scale = float(np.mean(np.abs(past[season:] - past[:-season])))
    if scale == 0:
        raise ValueError("the past repeats itself exactly: errors cannot be measured in its changes")
    return scale


def _same_length(actual: Floats, forecast: Floats) -> None:
    if len(actual) != len(forecast) or not len(actual):
        raise ValueError(f"{len(forecast)} forecasts for {len(actual)} values")

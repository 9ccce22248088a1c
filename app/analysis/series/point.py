"""Forecasts of the next price, and whether one beats the random walk, which says that it stays where it is.

Every forecast of a bar uses bars before it alone. Forecasts and errors are of log returns.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.signal import lfilter
from scipy.stats import t

from app.analysis.bars import Floats
from app.analysis.series.places import Places
from app.analysis.statistics.several import holm

LEAST_RETURNS: Final = 250
# Returns that a forecast has at least before it is judged.
TRAINING: Final = 100
SIGNIFICANCE: Final = 0.05
_WEIGHTS: Final = np.linspace(0.05, 1.0, 20)


@dataclass(frozen=True)
class Comparison:
    """A forecast against the random walk: the Diebold-Mariano statistic, positive when it is better, and its p.

    `p` is one-sided and adjusted for the number of forecasts that were compared (Holm 1979); `mean_gain` is the mean
    of the squared errors that it saves, `ahead` its forecast of the return to come.
    """

    name: str
    statistic: float
    p: float
    mean_gain: float
    ahead: float
    n: int


def compare(returns: Floats, places: Places, following: int) -> tuple[Comparison, ...]:
    """The drift, exponential smoothing and the seasonal naive forecast against the random walk, best first.

    `places` counts bars since the open, `following` is the place of the bar to come. Walks forward from the hundredth
    return on. ValueError for fewer than 250 returns.
    """
    if len(returns) < LEAST_RETURNS:
        raise ValueError(f"{len(returns)} returns, {LEAST_RETURNS} needed")
    judged = returns[TRAINING:]
    forecasts = candidates(returns, places, following)
    gains = {name: judged**2 - (judged - found[TRAINING:-1]) ** 2 for name, found in forecasts.items()}
    tests = {name: diebold_mariano(gain) for name, gain in gains.items()}
    adjusted = dict(zip(tests, holm([p for _, p in tests.values()]), strict=True))
    found = [
        Comparison(
            name, tests[name][0], adjusted[name], float(gains[name].mean()), float(forecasts[name][-1]), len(judged)
        )
        for name in forecasts
    ]
    return tuple(sorted(found, key=lambda one: (one.p, -one.statistic, one.name)))


def candidates(returns: Floats, places: Places, following: int) -> Mapping[str, Floats]:
    """What each method expects of each return from those before it, shape (n + 1,); the last is for the one to come."""
    return {
        "drift": drift_forecasts(returns),
        "exponential smoothing": ses_forecasts(np.concatenate(([0.0], np.cumsum(returns)))),
        "seasonal naive": seasonal_forecasts(returns, np.append(places, following)),
    }


def drift_forecasts(returns: Floats) -> Floats:
    """The mean of the returns before each, shape (n + 1,); 0 for the first."""
    total = np.concatenate(([0.0], np.cumsum(returns)))
    return total / np.maximum(np.arange(len(total)), 1)


def ses_forecast(values: Floats, weight: float) -> float:
    """The next value by simple exponential smoothing: the level, which began at the first value (Brown 1959).

    `weight` in (0, 1] is that of the newest value; with 1 it is the random walk.
    """
    return float(_levels(values, weight)[-1])


def ses_forecasts(values: Floats) -> Floats:
    """The change that exponential smoothing expects after each value, shape (n,).

    Each with the weight of .05, .10, ..., 1 whose forecasts until then had the least squared error; 1 at first.
    """
    expected = np.array([_levels(values, weight) for weight in _WEIGHTS]) - values
    errors = np.diff(values) - expected[:, :-1]
    lost = np.zeros(expected.shape)
    lost[:, 1:] = np.cumsum(errors**2, axis=1)
    # Among equals the greatest weight: the one that is nearest to the random walk.
    best = len(_WEIGHTS) - 1 - np.argmin(lost[::-1], axis=0)
    chosen: Floats = expected[best, np.arange(len(values))]
    return chosen


def seasonal_forecasts(returns: Floats, places: Places) -> Floats:
    """The return at the same place of the session before, shape (n + 1,) as `places`; 0 where there is none."""
    order = np.argsort(places, kind="stable")
    same = places[order][1:] == places[order][:-1]
    found = np.zeros(len(places))
    found[order[1:][same]] = returns[order[:-1][same]]
    return found


def diebold_mariano(gains: Floats, horizon: int = 1) -> tuple[float, float]:
    """Whether a mean gain over the benchmark is above 0: the statistic and its one-sided p.

    `gains` are differences of losses, shape (n,), of forecasts `horizon` steps ahead. Diebold-Mariano 1995 with the
    correction of Harvey-Leybourne-Newbold 1997 and Student's t; where their estimate of the variance is not positive,
    with the weights of Bartlett. Gains that do not vary give 0 and 1. Nested models make it conservative.
    """
    count = len(gains)
    if count <= horizon:
        raise ValueError(f"{count} gains are too few for a horizon of {horizon}")
    centred = gains - gains.mean()
    covariances = [float(centred[lag:] @ centred[: count - lag]) / count for lag in range(horizon)]
    variance = covariances[0] + 2 * sum(covariances[1:])
    if variance <= 0:
        variance = covariances[0] + 2 * sum((1 - lag / horizon) * one for lag, one in enumerate(covariances) if lag)
    if not variance > 1e-30 * float(np.mean(gains**2)):
        return 0.0, 1.0
    correction = (count + 1 - 2 * horizon + horizon * (horizon - 1) / count) / count
    statistic = float(gains.mean() / np.sqrt(variance / count) * np.sqrt(correction))
    return statistic, float(t.sf(statistic, count - 1))


def _levels(values: Floats, weight: float) -> Floats:
    levels = np.array(values, float)
    levels[1:], _ = lfilter([weight], [1, weight - 1], values[1:], zi=[(1 - weight) * values[0]])
    return levels

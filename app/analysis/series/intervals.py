"""Intervals of the next return from the returns that were filtered by their volatility, and how often they held.

Filtered historical simulation (Barone-Adesi, Giannopoulos and Vosper 1999): a return over its expected size is taken
to be like those before it, whatever their distribution. Adaptive conformal inference (Gibbs and Candès 2021) widens
the intervals after misses and narrows them after hits.
"""

from bisect import bisect_left, insort
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.stats import t

from app.analysis.bars import Floats
from app.analysis.statistics.decay import DECAY, expected_variances

LEVEL: Final = 0.90
GAMMA: Final = 0.005
LEAST_RESIDUALS: Final = 250
LEAST_RETURNS: Final = 30
# Residuals that an interval is made of, the newest; and so many more are looked back on.
WINDOW: Final = 1_000
_TRACKED: Final = 1_000
_FIRST: Final = 30


@dataclass(frozen=True)
class Filtered:
    """Returns over the volatility that was expected before each; shapes (n,).

    `skipped` returns at the beginning have none: they made the first estimate. `ahead` is what is expected next.
    """

    residuals: Floats
    scale: Floats
    skipped: int
    ahead: float


@dataclass(frozen=True)
class Tracked:
    """Out-of-sample forecasts of residuals: the bounds of each, shape (n,), and how many held.

    `held` counts the adapted intervals, `held_unadapted` those of the fixed level. `next` is the interval for the
    residual to come, `miss_rate` the rate of misses that it aims at.
    """

    low: Floats
    high: Floats
    held: int
    held_unadapted: int
    next: tuple[float, float]
    miss_rate: float

    @property
    def n(self) -> int:
        """How many forecasts there were."""
        return len(self.low)


def filter_volatility(returns: Floats, decay: float = DECAY) -> Filtered:
    """Returns over their exponentially weighted volatility (RiskMetrics 1996), of what was known before each.

    The first 30 returns from the first that is not 0 make the first estimate. With no more than these there are no
    residuals, and `ahead` is 0 if nothing moved.
    """
    moved = np.flatnonzero(returns)
    first = (int(moved[0]) if len(moved) else len(returns)) + _FIRST
    start, later = returns[max(first - _FIRST, 0) : first], returns[first:]
    begin = float(np.mean(start**2)) if len(start) else 0.0
    variance = expected_variances(later, begin, decay)
    # A price that stands still for thousands of bars must not divide by 0.
    scale = np.sqrt(np.maximum(variance, np.finfo(float).tiny))
    return Filtered(later / scale[:-1], scale[:-1], min(first, len(returns)), float(np.sqrt(variance[-1])))


def track(residuals: Floats, *, level: float = LEVEL, gamma: float = GAMMA, warm: int = LEAST_RESIDUALS) -> Tracked:
    """Forecasts each residual after the first `warm` from those before it, and adapts the rate of misses to aim at.

    Bounds are order statistics as in conformal prediction. Beyond the sample's ends there is nothing to widen to: the
    bounds stay there, and the rate keeps count. ValueError for fewer than `warm` residuals.
    """
    if len(residuals) < warm or warm < 1:
        raise ValueError(f"{len(residuals)} residuals, {warm} needed")
    values = residuals[-(WINDOW + _TRACKED) :].tolist()
    target = 1 - level
    rate, held, unadapted = target, 0, 0
    known, bounds = sorted(values[:warm]), []
    for place in range(warm, len(values)):
        value = values[place]
        low, high = _band(known, rate)
        fixed_low, fixed_high = _band(known, target)
        hit = low <= value <= high
        held, unadapted = held + hit, unadapted + (fixed_low <= value <= fixed_high)
        bounds.append((low, high))
        rate += gamma * (target - (not hit))
        insort(known, value)
        if len(known) > WINDOW:
            del known[bisect_left(known, values[place - WINDOW])]
    told = np.array(bounds, float).reshape(-1, 2)
    return Tracked(told[:, 0], told[:, 1], held, unadapted, _band(known, rate), rate)


def normal_band(returns: Floats, level: float = LEVEL) -> tuple[float, float]:
    """The interval of the next return if returns are normal around 0 with one unknown variance: Student's t."""
    size = float(np.sqrt(np.mean(returns**2)))
    width = size * float(t.ppf((1 + level) / 2, len(returns)))
    return -width, width


def _band(known: list[float], rate: float) -> tuple[float, float]:
    """The values of rank k and n + 1 - k, between which all but a part `rate` of the next are to be expected."""
    # A rate such as 1 - .9 is a little less than it should be.
    rank = min(max(int((len(known) + 1) * rate / 2 + 1e-9), 1), (len(known) + 1) // 2)
    return known[rank - 1], known[-rank]

"""How fast something grows, by samples of processes that may have been started again in between.

Of each minute the least is taken, which is what a process keeps. Its median tells for how much of the minute it worked:
a child that does a task every 20 s and gives memory back every 60 s has one that moves by megabytes when the two drift
apart, and comes back. What is never given back raises the least as well.

The slope is Theil and Sen's: the median of the slopes between all pairs of minutes, which neither a single peak nor the
teeth of trimming move. Only minutes of the same life are paired, as a process that was started again is another one.
The interval is the one that belongs to Kendall's S, whose variance is the sum of those of the lives, as in the seasonal
test of Hirsch, Slack and Smith (1982), with Gilbert's (1987) ranks. It supposes samples that do not hang together;
those of a minute are made one for that reason, and it is a little too narrow all the same.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

import numpy as np
from scipy.stats import norm

MINUTE_S: Final = 60.0
HOUR_S: Final = 3600.0
CONFIDENCE: Final = 0.95

Point = tuple[float, float]  # Seconds since the beginning of the run, and what was measured.


@dataclass(frozen=True)
class Slope:
    """Growth an hour, within `low` and `high` with 95 % confidence, from lives that come to `minutes` in all."""

    per_hour: float
    low: float
    high: float
    minutes: float
    lives: int
    median: float
    greatest: float


@dataclass(frozen=True)
class WarmUp:
    """What is left out, in seconds: of the run, and of each life in it."""

    run_s: float = 900.0
    life_s: float = 300.0


def slope_of(lives: Sequence[Sequence[Point]], warm_up: WarmUp) -> Slope | None:
    """The growth that these lives show once they are warm; None where no two minutes of one life are."""
    warm = [kept for life in lives if len(kept := by_minute(_warm(life, warm_up))) > 1]
    if not warm:
        return None
    slopes = np.sort(np.concatenate([_pairs(life) for life in warm])) * HOUR_S
    low, high = _interval(slopes, [len(life) for life in warm])
    sizes = [size for life in warm for _, size in life]
    minutes = sum(life[-1][0] - life[0][0] for life in warm) / MINUTE_S
    return Slope(float(np.median(slopes)), low, high, minutes, len(warm), median(sizes), max(sizes))


def by_minute(life: Sequence[Point]) -> list[Point]:
    """The least of each minute of a life, at the middle of its samples' times."""
    minutes: dict[int, list[Point]] = defaultdict(list)
    for at_s, size in life:
        minutes[int(at_s // MINUTE_S)].append((at_s, size))
    return [(median(at_s for at_s, _ in found), min(size for _, size in found)) for found in minutes.values()]


def _warm(life: Sequence[Point], warm_up: WarmUp) -> list[Point]:
    # A life's own warm-up counts from its first sample.
    return [(at_s, size) for at_s, size in life if at_s >= warm_up.run_s and at_s >= life[0][0] + warm_up.life_s]


def _pairs(life: Sequence[Point]) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    times, sizes = np.array(life).T
    first, second = np.triu_indices(len(life), 1)
    return np.asarray((sizes[second] - sizes[first]) / (times[second] - times[first]))


def _interval(slopes: "np.ndarray[tuple[int], np.dtype[np.float64]]", counts: Sequence[int]) -> tuple[float, float]:
    variance = sum(n * (n - 1) * (2 * n + 5) / 18 for n in counts)
    reach = norm.ppf((1 + CONFIDENCE) / 2) * variance**0.5
    last = len(slopes) - 1
    below, above = (len(slopes) - reach) / 2, (len(slopes) + reach) / 2
    return float(slopes[max(0, round(below) - 1)]), float(slopes[min(last, round(above))])

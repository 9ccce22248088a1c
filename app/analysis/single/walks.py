"""Statistics of a walk: whether its mean is zero, whether it gets anywhere, whether its steps depend on each other."""

from dataclasses import dataclass

import numpy as np
from scipy import special

from app.analysis.bars import Floats


@dataclass(frozen=True, slots=True)
class Efficiency:
    """The efficiency ratio, what a random walk is expected to have, and how many standard errors the walk went."""

    ratio: float
    expected: float
    z: float


@dataclass(frozen=True, slots=True)
class VarianceRatio:
    """VR(q), its standard error for changing variance, and its z."""

    ratio: float
    stderr: float
    z: float


def two_sided(z: float) -> float:
    """How likely a standard normal number is at least so far from zero."""
    return float(special.erfc(abs(z) / np.sqrt(2)))


def efficiency(changes: Floats) -> Efficiency | None:
    """The net change over the sum of absolute changes (Kaufman 1995); None when nothing changed.

    z = |sum d| / sqrt(sum d^2) is the absolute value of a standard normal number for a random walk. With normal changes
    it is ratio sqrt(n) sqrt(2/pi), and the expected ratio is 1/sqrt(n); both allow for the tails of the changes.
    """
    path = float(np.sum(np.abs(changes)))
    if path == 0:
        return None
    net = abs(float(np.sum(changes)))
    spread = float(np.sqrt(np.sum(changes**2)))
    return Efficiency(net / path, float(np.sqrt(2 / np.pi)) * spread / path, net / spread)


def variance_ratio(returns: Floats, q: int) -> VarianceRatio | None:
    """VR(q) of overlapping returns, unbiased, with the z* of Lo and MacKinlay 1988 for changing variance.

    None when the returns do not vary. Needs more than `q` returns.
    """
    count = len(returns)
    centred = returns - returns.mean()
    total = float(centred @ centred)
    if np.ptp(returns) <= 1e-12 * np.max(np.abs(returns), initial=0.0):
        return None
    path = np.concatenate(([0.0], np.cumsum(centred)))
    longer = path[q:] - path[:-q]
    freedom = q * (count - q + 1) * (1 - q / count)
    ratio = float(longer @ longer) / freedom / (total / (count - 1))
    squares = centred**2
    spread = 0.0
    for lag in range(1, q):
        delta = count * float(squares[lag:] @ squares[:-lag]) / total**2
        spread += (2 * (q - lag) / q) ** 2 * delta
    stderr = float(np.sqrt(spread / count))
    return VarianceRatio(ratio, stderr, (ratio - 1) / stderr) if stderr > 0 else None


def stouffer(scores: Floats, correlation: Floats) -> float:
    """One z of several that are correlated: their sum over its standard deviation (Stouffer 1949)."""
    return float(scores.sum() / np.sqrt(correlation.sum()))

"""The mean of numbers that depend on those before them, and how far it can be trusted."""

import numpy as np

from app.analysis.bars import Floats


def bandwidth(count: int) -> int:
    """The number of lags for so many observations: floor(4 (n / 100)^(2/9)) (Newey and West 1994)."""
    return int(4 * (count / 100) ** (2 / 9))


def hac_stderr(values: Floats) -> float:
    """The standard error of the mean with Bartlett weights over `bandwidth` lags (Newey and West 1987).

    0 when the values do not differ by more than rounding.
    """
    count = len(values)
    centred = values - values.mean()
    if np.ptp(values) <= 1e-12 * np.max(np.abs(values), initial=0.0):
        return 0.0
    total = centred @ centred
    for lag, weight in enumerate(_weights(count), 1):
        total += 2 * weight * (centred[lag:] @ centred[:-lag])
    return float(np.sqrt(max(total, 0.0)) / count)


def hac_mean(values: Floats) -> tuple[float, float]:
    """The mean and its `hac_stderr`."""
    return float(values.mean()), hac_stderr(values)


def hac_t(values: Floats) -> float | None:
    """The t of the mean (Newey and West 1987); None when the values do not vary."""
    stderr = hac_stderr(values)
    return float(values.mean()) / stderr if stderr > 0 else None


def small_sample(count: int) -> tuple[float, float]:
    """The degrees of freedom of `hac_stderr`, and by how much it falls short since the mean was taken from the values.

    For values that do not depend on each other: the equivalent freedom of the kernel's estimate of a spectrum
    (Priestley 1981), and the root of its expected variance over the true one. Of no weight from a few hundred on; the
    normal interval of five values holds in 82 of 100 cases, with both in 95.
    """
    weights = _weights(count)
    freedom = count / (1 + 2 * float(weights @ weights))
    shares = 1 - np.arange(1, len(weights) + 1) / count
    return freedom, float(1 / np.sqrt(1 - (1 + 2 * float(weights @ shares)) / count))


def _weights(count: int) -> Floats:
    lags = min(bandwidth(count), count - 1)
    return np.asarray(1 - np.arange(1, lags + 1) / (lags + 1), np.float64)

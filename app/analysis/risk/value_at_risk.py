"""How much the next return may lose: value at risk and expected shortfall, each as a positive share of the price."""

import math
from bisect import insort
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
from scipy import special, stats

from app.analysis.bars import Floats, usable
from app.analysis.findings import Basis, Finding, Status
from app.analysis.statistics.decay import expected_variances

LEVELS: Final = (0.95, 0.99)
# Fewer observations than this say next to nothing of the tail beyond the level.
MINIMUM: Final[Mapping[float, int]] = MappingProxyType({0.95: 125, 0.99: 250})
# Returns whose mean square starts the recursion of the variance; their own residuals are not used.
START: Final = 20
# The normal quantile of one in a million; what an expansion does beyond it moves no figure told here.
FURTHEST: Final = 4.753424
UNIT: Final = "log return"
# A range of returns under this is the rounding of a price that stood still.
STILL: Final = 1e-12
OK: Final[Status] = "ok"
SHORT: Final[Status] = "insufficient_data"
BEYOND: Final[Status] = "not_significant"
_FHS: Final = "filtered historical simulation, EWMA 0.94 (Barone-Adesi, Giannopoulos, Vosper 1999; RiskMetrics 1996)"
_HISTORICAL: Final = "historical simulation, linear quantile; mean of the tail (Acerbi, Tasche 2002)"
_CORNISH_FISHER: Final = "Cornish-Fisher expansion (Cornish, Fisher 1937; domain by Maillard 2012)"


@dataclass(frozen=True, slots=True)
class Tail:
    """A loss that is exceeded with probability 1 - level, and the mean of the losses beyond; both positive for losses.

    `n` observations stand behind it; `low` and `high` are the 95 % interval of the loss by order statistics, where the
    sample reaches so far.
    """

    value_at_risk: float
    expected_shortfall: float
    n: int
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Method:
    """A way to a tail: its name with the source, how many returns it uses up to start, and the function."""

    text: str
    start: int
    solve: Callable[[Floats, float], Tail | None]


def historical(returns: Floats, level: float) -> Tail:
    """The empirical tail of returns, of which there is at least one: quantile by linear interpolation (R's type 7)."""
    ordered = np.sort(returns)
    low, high = _interval(ordered, level)
    return Tail(-_quantile(ordered, 1 - level), -_tail_mean(ordered, 1 - level), len(ordered), low, high)


def filtered_historical(returns: Floats, level: float) -> Tail:
    """The empirical tail of returns over their expected volatility, scaled to the volatility that is expected next.

    More than `START` returns, not all of them zero.
    """
    volatility = ewma_volatility(returns)
    residuals = returns[START:] / volatility[START:-1]
    found = historical(residuals, level)
    now = float(volatility[-1])
    low, high = (None if bound is None else bound * now for bound in (found.low, found.high))
    return Tail(found.value_at_risk * now, found.expected_shortfall * now, found.n, low, high)


def cornish_fisher(returns: Floats, level: float) -> Tail | None:
    """The tail of a normal distribution corrected for skewness and kurtosis; None outside of its monotone domain.

    Outside of that domain (Maillard 2012) a larger probability would give a smaller quantile. The expected shortfall is
    the mean of the corrected quantiles beyond the level.
    """
    skew, kurtosis = float(stats.skew(returns)), float(stats.kurtosis(returns))
    if not is_monotone(skew, kurtosis):
        return None
    mean, deviation = float(np.mean(returns)), float(np.std(returns))
    quantile = cornish_fisher_quantile(1 - level, skew, kurtosis)
    shortfall = _cornish_fisher_mean(1 - level, skew, kurtosis)
    return Tail(-(mean + deviation * quantile), -(mean + deviation * shortfall), len(returns))


def cornish_fisher_quantile(probability: float, skew: float, excess_kurtosis: float) -> float:
    """The standardised quantile at a probability, z + (z^2-1)S/6 + (z^3-3z)K/24 - (2z^3-5z)S^2/36."""
    z = float(special.ndtri(probability))
    return _expanded(z, z**2, z**3, skew, excess_kurtosis)


def is_monotone(skew: float, excess_kurtosis: float) -> bool:
    """Whether the Cornish-Fisher quantile grows with the probability, from one in a million to one less that."""
    square = excess_kurtosis / 8 - skew**2 / 6
    constant = 1 - excess_kurtosis / 8 + 5 * skew**2 / 36
    # The slope is a parabola in z: it is least at its vertex or at an end.
    places = [-FURTHEST, FURTHEST]
    if square > 0:
        places.append(min(max(-skew / 6 / square, -FURTHEST), FURTHEST))
    return all(square * z**2 + skew / 3 * z + constant >= 0 for z in places)


def ewma_volatility(returns: Floats) -> Floats:
    """The volatility expected of each return from those before it, and of the next one, shape (returns + 1,).

    Exponentially weighted squares with decay 0.94, which start from the mean square of the first 20.
    """
    return np.sqrt(expected_variances(returns, float(np.mean(returns[:START] ** 2))))


METHODS: Final[Mapping[str, Method]] = MappingProxyType(
    {
        "fhs": Method(_FHS, START, filtered_historical),
        "historical": Method(_HISTORICAL, 0, historical),
        "cornish_fisher": Method(_CORNISH_FISHER, 0, cornish_fisher),
    }
)


def forecasts(returns: Floats, level: float) -> Floats:
    """The value at risk of each return by filtered historical simulation of those before it alone, shape (returns,).

    NaN until the level's minimum of residuals is known.
    """
    found = np.full(len(returns), np.nan)
    if len(returns) <= START or not np.any(returns[:START]):
        return found
    volatility = ewma_volatility(returns)
    residuals = (returns[START:] / volatility[START:-1]).tolist()
    known: list[float] = []
    for place, residual in enumerate(residuals, START):
        if len(known) >= MINIMUM[level]:
            found[place] = -volatility[place] * _quantile(known, 1 - level)
        insort(known, residual)
    return found


def measure_tails(returns: Floats, basis: Basis, unit: str) -> dict[str, dict[str, Finding]]:
    """`var_95 es_95 var_99 es_99`, each by `fhs` (the one to go by), `historical` and `cornish_fisher`.

    `unit` names one observation, such as "session returns"; returns that are not numbers do not count. Nothing is
    scaled from one length of time to another.
    """
    known = usable(returns)
    found: dict[str, dict[str, Finding]] = {}
    for level in LEVELS:
        pairs = {name: measure_tail(known, level, name, basis, unit) for name in METHODS}
        for place, figure in enumerate(("var", "es")):
            found[f"{figure}_{round(100 * level)}"] = {name: pair[place] for name, pair in pairs.items()}
    return found


def measure_tail(known: Floats, level: float, name: str, basis: Basis, unit: str) -> tuple[Finding, Finding]:
    """Value at risk and expected shortfall of usable returns by one of `METHODS`."""
    chosen = METHODS[name]
    n, needed = max(len(known) - chosen.start, 0), MINIMUM[level]
    method = f"{chosen.text}; next of the {unit}"
    reason, status, tail = "", OK, None
    if n < needed:
        begin = f", of which the first {chosen.start} only begin the filter" if chosen.start else ""
        reason = f"there are {len(known)} usable {unit}{begin}, and the {level:.0%} level needs {needed + chosen.start}"
        status = SHORT
    elif np.ptp(known) < STILL or not np.any(known[:START]):
        reason, status = f"the price did not move in the {unit}", SHORT
    elif (tail := chosen.solve(known, level)) is None:
        reason, status = "skewness and kurtosis lie beyond where the expansion is monotone", BEYOND
    if tail is None:
        absent = basis.missing(n, method, reason, status=status, unit=UNIT)
        return absent, absent
    ci = None if tail.low is None or tail.high is None else (tail.low, tail.high)
    return (
        basis.found(tail.value_at_risk, n, method, unit=UNIT, ci=ci),
        basis.found(tail.expected_shortfall, n, method, unit=UNIT),
    )


def _quantile(ordered: Sequence[float] | Floats, probability: float) -> float:
    place = probability * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return float(ordered[below] + (place - below) * (ordered[above] - ordered[below]))


def _tail_mean(ordered: Floats, probability: float) -> float:
    share = probability * len(ordered)
    # A product such as 100 * 0.05 may come out a hair under the whole number that it is.
    whole = min(int(share + 1e-9), len(ordered) - 1)
    rest = max(share - whole, 0.0)
    return float((np.sum(ordered[:whole]) + rest * ordered[whole]) / share)


def _interval(ordered: Floats, level: float) -> tuple[float | None, float | None]:
    # The number of returns under the true quantile is binomial, so ranks of the sample bound it.
    count = len(ordered)
    worst = int(stats.binom.ppf(0.025, count, 1 - level)) - 1
    mildest = int(stats.binom.ppf(0.975, count, 1 - level))
    if worst < 0 or mildest >= count:
        return None, None
    return -float(ordered[mildest]), -float(ordered[worst])


def _expanded(first: float, second: float, third: float, skew: float, kurtosis: float) -> float:
    return (
        first + (second - 1) * skew / 6 + (third - 3 * first) * kurtosis / 24 - (2 * third - 5 * first) * skew**2 / 36
    )


def _cornish_fisher_mean(probability: float, skew: float, kurtosis: float) -> float:
    # Moments of a standard normal below its quantile: E[z], E[z^2], E[z^3] given z < q.
    z = float(special.ndtri(probability))
    density = math.exp(-(z**2) / 2) / math.sqrt(2 * math.pi) / probability
    return _expanded(-density, 1 - z * density, -(z**2 + 2) * density, skew, kurtosis)

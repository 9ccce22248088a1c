"""How symbols move together: a shrunk correlation of common bars, and one that needs no common bars."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import special

from app.analysis.bars import Floats
from app.analysis.findings import Basis, Finding
from app.analysis.portfolio.synchrony import Common, Ints, Moves, overlapping

MINIMUM_BARS: Final = 100
BARS_PER_SYMBOL: Final = 10
# Fewer sessions than this say too little of how a correlation differs from one to the next.
MINIMUM_SESSIONS: Final = 10
# Returns that correlate more than this are the same series under two names.
SAME: Final = 1 - 1e-9
_LEDOIT_WOLF: Final = "Ledoit-Wolf 2004 shrinkage of standardised returns"
_HAYASHI_YOSHIDA: Final = "Hayashi-Yoshida 2005"
_JACKKNIFE: Final = "interval by jackknife over sessions of Fisher's z, t with Satterthwaite's 1946 freedom"
_FISHER: Final = "interval by Fisher's z 1921, as if bars were independent"


@dataclass(frozen=True)
class Correlation:
    """A correlation matrix over common bars, the plain one and the shrunk one, both (symbols, symbols).

    `shrinkage` is the weight of the identity in the shrunk one; `deviations` are those of the returns.
    """

    plain: Floats
    shrunk: Floats
    shrinkage: float
    deviations: Floats


def correlate(common: Common) -> Correlation | None:
    """The correlation of at least two common returns; None where one of the symbols did not move.

    Returns are standardised first, so that the most volatile symbol does not decide how much is shrunk. Series that are
    the same under several names count once and stay at a correlation of 1.
    """
    # It is slow to load, and one symbol alone does without.
    from sklearn.covariance import ledoit_wolf_shrinkage

    deviations = common.returns.std(axis=0)
    if np.any(deviations < 1e-12):
        return None
    scaled = (common.returns - common.returns.mean(axis=0)) / deviations
    plain = np.clip(scaled.T @ scaled / len(scaled), -1.0, 1.0)
    np.fill_diagonal(plain, 1.0)
    names = _first_of_same(plain)
    distinct = np.unique(names)
    shrinkage = float(ledoit_wolf_shrinkage(scaled[:, distinct])) if len(distinct) > 1 else 0.0
    shrunk = np.where(names[:, None] == names[None, :], 1.0, (1 - shrinkage) * plain)
    return Correlation(plain, shrunk, shrinkage, deviations)


def shortage(common: Common) -> str:
    """Why a correlation cannot be given, empty when there is enough: 100 common bars and 10 for each symbol."""
    needed = max(MINIMUM_BARS, BARS_PER_SYMBOL * len(common.symbols))
    have = len(common.returns)
    return "" if have >= needed else f"{len(common.symbols)} symbols have {have} common returns, and need {needed}"


def correlation_figure(common: Common, found: Correlation, pair: tuple[int, int], basis: Basis, bar: str) -> Finding:
    """The shrunk correlation of two symbols of `common`, with the interval of the plain one; `bar` names the frequency.

    Where sessions differ much in how the two move together, the interval is of what they had on average.
    """
    one, other = pair
    value, n = float(found.shrunk[pair]), len(common.returns)
    label = f"{bar} bars"
    if one == other or value >= SAME:
        same = "" if one == other else ", the same series"
        return basis.found(1.0, n, f"{_LEDOIT_WOLF}, {bar} bars", label=f"{label}{same}")
    scaled = common.returns - common.returns.mean(axis=0)
    products = np.stack((scaled[:, one] * scaled[:, other], scaled[:, one] ** 2, scaled[:, other] ** 2))
    ci, text = _interval(float(found.plain[pair]), products, common.days, n)
    method = f"{_LEDOIT_WOLF} (intensity {found.shrinkage:.4f}), {bar} bars; {text} of the plain one"
    return basis.found(value, n, method, ci=ci, label=label)


def asynchronous_figure(first: Moves, second: Moves, basis: Basis, bar: str) -> Finding:
    """The Hayashi-Yoshida correlation of two symbols; at least 100 returns of each.

    Prices that are up to a bar old pull it towards 0, so it is a floor where bars are long between trades.
    """
    n = min(len(first.returns), len(second.returns))
    if n < MINIMUM_BARS:
        reason = f"one of the symbols has {n} returns, and {MINIMUM_BARS} are needed"
        return basis.missing(n, f"{_HAYASHI_YOSHIDA}, {bar} bars", reason)
    sums = _asynchronous_sums(first, second)
    value = _ratio(sums.sum(axis=1))
    if value is None:
        return basis.missing(n, f"{_HAYASHI_YOSHIDA}, {bar} bars", "one of the prices did not move")
    label = f"{bar} bars, asynchronous"
    if not abs(value) < SAME:
        # Noise of the estimator may carry it past 1, where Fisher's z has no value.
        return basis.found(math.copysign(1.0, value), n, f"{_HAYASHI_YOSHIDA}, {bar} bars", label=label)
    ci = _jackknife(value, sums)
    text = f"; {_JACKKNIFE}" if ci else ""
    return basis.found(value, n, f"{_HAYASHI_YOSHIDA}, {bar} bars{text}", ci=ci, label=label)


def _first_of_same(plain: Floats) -> Ints:
    return np.asarray(np.argmax(plain >= SAME, axis=1), dtype=np.int64)


def _interval(value: float, products: Floats, days: Ints, n: int) -> tuple[tuple[float, float], str]:
    ci = _jackknife(value, _by_session(products, days))
    if ci is not None:
        return ci, _JACKKNIFE
    z = math.atanh(min(max(value, -SAME), SAME))
    reach = 1.959964 / math.sqrt(n - 3)
    return (math.tanh(z - reach), math.tanh(z + reach)), _FISHER


def _by_session(products: Floats, days: Ints) -> Floats:
    begins = np.flatnonzero(np.concatenate(([True], days[1:] != days[:-1])))
    return np.asarray(np.add.reduceat(products, begins, axis=1))


def _jackknife(value: float, sums: Floats) -> tuple[float, float] | None:
    # Returns of one session depend on each other, sessions hardly do: leave each out in turn.
    count = sums.shape[1]
    if count < MINIMUM_SESSIONS or not abs(value) < SAME:
        return None
    left = [_ratio(column) for column in (sums.sum(axis=1)[:, None] - sums).T]
    if any(one is None or not abs(one) < SAME for one in left):
        return None
    z = np.arctanh(np.array(left, dtype=np.float64))
    parts = (z - z.mean()) ** 2
    total = float(parts.sum())
    if total == 0:
        return value, value
    # A few wild sessions decide, so that there are fewer degrees of freedom than sessions.
    freedom = total**2 / float(np.sum(parts**2))
    reach = float(special.stdtrit(freedom, 0.975)) * math.sqrt((count - 1) / count * total)
    return math.tanh(math.atanh(value) - reach), math.tanh(math.atanh(value) + reach)


def _ratio(sums: Floats) -> float | None:
    scale = math.sqrt(float(sums[1] * sums[2]))
    return float(sums[0]) / scale if scale > 0 else None


def _asynchronous_sums(first: Moves, second: Moves) -> Floats:
    begin = min(first.days[0], second.days[0])
    count = int(max(first.days[-1], second.days[-1]) - begin) + 1

    def by_day(values: Floats, days: Ints) -> Floats:
        return np.bincount(days - begin, weights=values, minlength=count).astype(np.float64)

    sums = np.stack(
        (
            by_day(first.returns * overlapping(first, second), first.days),
            by_day(first.returns**2, first.days),
            by_day(second.returns**2, second.days),
        )
    )
    return np.asarray(sums[:, sums[1:].any(axis=0)])

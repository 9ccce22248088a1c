"""Whether a symbol trends: the mean return against its error, per timeframe and over all of them."""

from itertools import combinations
from typing import Any, Final

import numpy as np

from app.analysis.bars import TIMEFRAMES, Floats
from app.analysis.findings import Basis, Finding, Tree
from app.analysis.inputs import SymbolData
from app.analysis.single.judgement import STRONG, TREND, judge_trend
from app.analysis.single.momentum import measure_momentum
from app.analysis.single.walks import efficiency, stouffer, two_sided, variance_ratio
from app.analysis.single.windows import Window, correlation, window_of
from app.analysis.statistics.means import hac_t

LEAST_RETURNS: Final = 100
LEAST_CHANGES: Final = 30
LEAST_PERIODS: Final = 20
PERIODS: Final = (2, 4)
DEPENDENT: Final = 1.96
_BOUNCE: Final = "a bounce between bid and ask gives a ratio below 1 too"
_FLAT: Final = "the price never moved"


def measure_trend(data: SymbolData) -> Tree:
    """By timeframe `t`, `score`, `efficiency_ratio`, `efficiency_z`, `variance_ratio_2` and `_4`; then all `combined`.

    Each timeframe looks at its newest 500 bars. `momentum` is of the last sessions. A ratio below 1 says that a bounce
    between bid and ask lowers it too.
    """
    windows = [window_of(data, timeframe) for timeframe in TIMEFRAMES]
    found = {window.timeframe: _of_window(window) for window in windows}
    return {**found, "combined": combine_trends(windows), "momentum": measure_momentum(data)}


def combine_trends(windows: list[Window]) -> Finding:
    """One score of all timeframes, in order from the shortest, that have 100 returns; two are needed."""
    method = "tanh(z / 2), z of all t by Stouffer 1949, correlated by the variance they share; n counts timeframes"
    ripe = [window for window in windows if len(window.usable) >= LEAST_RETURNS]
    judged = [(window, t) for window in ripe if (t := hac_t(window.usable)) is not None]
    basis = Basis("; ".join(window.basis().window for window, _ in judged) or "no bars", windows[0].asof)
    if len(judged) < 2:
        return basis.missing(len(judged), method, f"{len(judged)} timeframes have a trend, 2 are needed")
    matrix = np.eye(len(judged))
    for one, other in combinations(range(len(judged)), 2):
        matrix[one, other] = matrix[other, one] = correlation(judged[one][0], judged[other][0])
    z = stouffer(np.array([t for _, t in judged]), matrix)
    return basis.found(np.tanh(z / 2), len(judged), method, **judge_trend(z))


def _of_window(window: Window) -> Tree:
    basis, returns = window.basis(), window.usable
    t = _t(returns, window.timeframe, basis)
    found = {"t": t, "score": _score(t, basis), **_efficiency(window.changes, window.timeframe, basis)}
    return found | {f"variance_ratio_{q}": _ratio(returns, q, window.timeframe, basis) for q in PERIODS}


def _t(returns: Floats, timeframe: str, basis: Basis) -> Finding:
    method = f"HAC t of the mean {timeframe} return, Bartlett, L = floor(4 (n/100)^(2/9)), Newey-West 1987"
    count = len(returns)
    if count < LEAST_RETURNS:
        return basis.missing(count, method, f"{count} {timeframe} returns, {LEAST_RETURNS} are needed")
    t = hac_t(returns)
    if t is None:
        return basis.missing(count, method, _FLAT, status="degraded_data")
    return basis.found(t, count, method, **judge_trend(t))


def _score(t: Finding, basis: Basis) -> Finding:
    method = f"tanh(t / 2) of the {t.method}; Neutral below |t| = {TREND}, Strong from {STRONG} on"
    if not isinstance(t.value, float):
        return basis.missing(t.n, method, t.reason, status=t.status)
    return basis.found(np.tanh(t.value / 2), t.n, method, **judge_trend(t.value))


def _efficiency(changes: Floats, timeframe: str, basis: Basis) -> dict[str, Finding]:
    methods = {
        "efficiency_ratio": f"|net change| / sum of |changes| of {timeframe} closes, Kaufman 1995",
        "efficiency_z": f"|sum of {timeframe} changes| / sqrt(sum of squares), |N(0, 1)| for a random walk",
    }
    count = len(changes)
    if count < LEAST_CHANGES:
        reason = f"{count} {timeframe} changes, {LEAST_CHANGES} are needed"
        return {name: basis.missing(count, method, reason) for name, method in methods.items()}
    walk = efficiency(changes)
    if walk is None:
        return {name: basis.missing(count, method, _FLAT, status="degraded_data") for name, method in methods.items()}
    told: dict[str, Any] = {"p_value": two_sided(walk.z), "status": "ok" if walk.z >= DEPENDENT else "not_significant"}
    expected = f"a random walk has {walk.expected:.4f} on average"
    return {
        "efficiency_ratio": basis.found(walk.ratio, count, methods["efficiency_ratio"], reason=expected, **told),
        "efficiency_z": basis.found(walk.z, count, methods["efficiency_z"], **told),
    }


def _ratio(returns: Floats, q: int, timeframe: str, basis: Basis) -> Finding:
    method = f"variance ratio of {q} {timeframe} returns, overlapping, z* for changing variance, Lo-MacKinlay 1988"
    count, needed = len(returns), LEAST_PERIODS * q
    if count < needed:
        return basis.missing(count, method, f"{count} {timeframe} returns, {needed} are needed")
    found = variance_ratio(returns, q)
    if found is None:
        return basis.missing(count, method, _FLAT, status="degraded_data")
    significant = abs(found.z) >= DEPENDENT
    label = ("Momentum" if found.z > 0 else "Reversion") if significant else "Random walk"
    return basis.found(
        found.ratio, count, method, status="ok" if significant else "not_significant", label=label,
        stderr=found.stderr, p_value=two_sided(found.z), reason=_BOUNCE if label == "Reversion" else "",
    )  # fmt: skip

"""Whether a market has regimes of volatility, and in which one it is now; the present state is filtered, not smoothed.

Two states fit almost any returns better than one: fat tails and the time of day alone look like regimes. They are
reported only for returns without the time of day that depend on each other, and when the states last (Rydén,
Teräsvirta and Åsbrink 1998).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.stats import chi2

from app.analysis.bars import SESSION, Floats
from app.analysis.findings import Basis, Finding, Status, Tree
from app.analysis.inputs import SymbolData
from app.analysis.series import diurnal
from app.analysis.series.hmm import GaussianHMM, filtered_probabilities, fit_hmm
from app.analysis.series.places import places_of, session_returns
from app.analysis.single.days import measure_days

LEAST_HOURS: Final = 500
LEAST_SESSIONS: Final = 250
# The newest; more would take longer and say less of the present.
MOST: Final = 2_000
LAGS: Final = 10
_DEPENDENT: Final = 0.01
_BETTER: Final = 10.0
_LASTING: Final = 0.8
_NAMES: Final = {2: ("calm", "turbulent"), 3: ("calm", "normal", "turbulent")}
_METHOD: Final = "Gaussian hidden Markov model by EM, filtered probability; Hamilton 1989"
_TEST: Final = f"Ljung-Box 1978 with {LAGS} lags"
_DURATION: Final = f"{_METHOD}; 1 / (1 - probability to stay)"


@dataclass(frozen=True)
class Regimes:
    """What was decided of a series: the models by number of states, and the chosen one, None for a single regime.

    `dependence` is the Ljung-Box statistic and its p; `why` says what kept more than one regime from being reported.
    Without dependence only one state is fitted.
    """

    models: tuple[GaussianHMM, ...]
    chosen: GaussianHMM | None
    dependence: tuple[float, float]
    why: str


@dataclass(frozen=True)
class _Series:
    """What regimes are looked for in: returns in size 1 on average, or logs of realised variance with `free_means`."""

    values: Floats
    free_means: bool
    unit: str
    what: str
    basis: Basis


def detect_regime(data: SymbolData, seed: int) -> Tree:
    """How many regimes of volatility there are, the one at the as-of, its probability and how long it lasts.

    From hourly returns without the time of day, at least 500; with fewer, from the log of the realised variance of at
    least 250 sessions. Parts: `regimes` (their number), `dependence` (the test), `state`, `probability` and `duration`
    of the present one, `probabilities` of all by name, `volatility` of each by name, relative to the whole.
    """
    series = _hours(data)
    if len(series.values) < LEAST_HOURS:
        by_session = _sessions(data)
        if len(by_session.values) < LEAST_SESSIONS:
            return _too_little(series, len(by_session.values))
        series = by_session
    if not np.ptp(series.values) > 0:
        reason = f"the {len(series.values):,} {series.what} do not vary"
        return _without(series, series.basis.missing(len(series.values), _METHOD, reason))
    return _told(series, find_regimes(series.values, seed, free_means=series.free_means))


def find_regimes(values: Floats, seed: int, *, free_means: bool = False) -> Regimes:
    """Whether two or three regimes are in a series, by three rules that must all hold.

    (a) Ljung-Box on the absolute values, with free means on the values, has p < .01; (b) the BIC is by 10 lower than
    that of one state; (c) every state stays with probability .8 or more. Of two and three states that pass, the one
    with the lower BIC. ValueError when the values do not vary.
    """
    tested = values if free_means else np.abs(values)
    dependence = ljung_box(tested, LAGS)
    single = fit_hmm(values, 1, seed, free_means=free_means)
    if dependence[1] >= _DEPENDENT:
        return Regimes((single,), None, dependence, "volatility does not depend on what it was before")
    models = (single, *(fit_hmm(values, states, seed, free_means=free_means) for states in (2, 3)))
    better = [model for model in models[1:] if model.bic < single.bic - _BETTER]
    if not better:
        return Regimes(models, None, dependence, "more states do not describe it better")
    lasting = [model for model in better if model.transition.diagonal().min() >= _LASTING]
    if not lasting:
        return Regimes(models, None, dependence, "the states that describe it better do not last")
    return Regimes(models, min(lasting, key=lambda model: model.bic), dependence, "")


def ljung_box(values: Floats, lags: int) -> tuple[float, float]:
    """Whether a series depends on its past: Q and its p by chi-squared with `lags` degrees (Ljung-Box 1978).

    A series that does not vary has Q = 0 and p = 1.
    """
    centred = values - values.mean()
    energy = float(centred @ centred)
    if energy <= 0:
        return 0.0, 1.0
    count = len(values)
    correlations = np.array([centred[lag:] @ centred[:-lag] for lag in range(1, lags + 1)]) / energy
    statistic = count * (count + 2) * float(np.sum(correlations**2 / (count - np.arange(1, lags + 1))))
    return statistic, float(chi2.sf(statistic, lags))


def _hours(data: SymbolData) -> _Series:
    returns, places = session_returns(data.frame("1h")), places_of(data, "1h")
    known = np.isfinite(returns) & (places >= 0)
    returns, places = returns[known], places[known]
    sizes = diurnal.factors(returns, places)
    scaled = np.divide(returns, sizes, out=np.zeros_like(returns), where=sizes > 0)[-MOST:]
    size = float(np.sqrt(np.mean(scaled**2))) if len(scaled) else 0.0
    what = "hourly returns without the time of day"
    return _Series(scaled / size if size else scaled, False, "hours", what, data.basis("1h"))


def _sessions(data: SymbolData) -> _Series:
    moved = measure_days(data).realised
    full = moved[moved > 0]
    basis = data.basis(SESSION if len(data.frame(SESSION)) else "5m")
    return _Series(np.log(full)[-MOST:], True, "sessions", "logs of realised variance", basis)


def _told(series: _Series, found: Regimes) -> Tree:
    count, basis = len(series.values), series.basis
    statistic, p = found.dependence
    tested = series.what if series.free_means else f"absolute {series.what}"
    status: Status = "ok" if p < _DEPENDENT else "not_significant"
    told = {"dependence": basis.found(statistic, count, f"{_TEST} on {tested}", status=status, p_value=p)}
    if found.chosen is None:
        single = basis.found(
            1, count, f"{_METHOD}, on {series.what}", status="not_significant", label="single regime", reason=found.why
        )
        return {**_without(series, single), **told}
    return {**told, **_present(series, found.chosen)}


def _present(series: _Series, model: GaussianHMM) -> dict[str, Finding | Tree]:
    count, basis, method = len(series.values), series.basis, f"{_METHOD}, on {series.what}"
    names = _NAMES[model.states]
    now = filtered_probabilities(model, series.values)[-1]
    state = int(np.argmax(now))
    return {
        "regimes": basis.found(model.states, count, method, label=f"{model.states} regimes"),
        "state": basis.found(names[state], count, method, label=names[state]),
        "probability": basis.found(now[state], count, method, label=names[state]),
        "probabilities": {
            name: basis.found(one, count, method, label=name) for name, one in zip(names, now, strict=True)
        },
        "duration": basis.found(
            1 / max(1 - model.transition[state, state], 1 / count), count, _DURATION, unit=series.unit,
            label=names[state],
        ),
        "volatility": _volatility(series, model, names),
    }  # fmt: skip


def _volatility(series: _Series, model: GaussianHMM, names: tuple[str, ...]) -> Tree:
    """The standard deviation of each state relative to that of the whole sample."""
    if series.free_means:
        sizes, method = np.exp((model.means - series.values.mean()) / 2), "root of the geometric mean realised variance"
    else:
        sizes, method = np.sqrt(model.variances), "standard deviation"
    said = f"{_METHOD}; {method} of the state over that of all"
    count = len(series.values)
    return {
        name: series.basis.found(one, count, said, unit="times average") for name, one in zip(names, sizes, strict=True)
    }


def _too_little(hours: _Series, sessions: int) -> Tree:
    count = len(hours.values)
    reason = f"{count} hourly returns and {sessions} full sessions, {LEAST_HOURS} or {LEAST_SESSIONS} needed"
    return _without(hours, hours.basis.missing(count, _METHOD, reason))


def _without(series: _Series, regimes: Finding) -> dict[str, Finding | Tree]:
    """The same parts as with regimes, none of which can be given."""
    reason = f"there is no second regime to be in: {regimes.reason}"
    status = regimes.status if regimes.value is None else "not_significant"
    missing = {
        name: series.basis.missing(
            regimes.n, regimes.method, reason if regimes.value else regimes.reason, status=status
        )
        for name in ("state", "probability", "duration")
    }
    return {"regimes": regimes, **missing}

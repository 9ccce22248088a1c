"""What is to be expected of the next bar: an interval with its record, and a point only if it beats the random walk."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from app.analysis.bars import SESSION, TIMEFRAMES, Floats, log_returns
from app.analysis.findings import Basis, Finding, Tree
from app.analysis.inputs import SymbolData
from app.analysis.series.accuracy import msis
from app.analysis.series.diurnal import past_factors
from app.analysis.series.intervals import (
    GAMMA,
    LEAST_RESIDUALS,
    LEAST_RETURNS,
    LEVEL,
    Filtered,
    Tracked,
    filter_volatility,
    normal_band,
    track,
)
from app.analysis.series.places import HALF_HOUR, UNKNOWN, Places, after_hole, next_place, places_of
from app.analysis.series.point import LEAST_RETURNS as LEAST_FOR_A_POINT
from app.analysis.series.point import SIGNIFICANCE, Comparison, compare
from app.analysis.statistics.decay import DECAY
from app.analysis.statistics.shares import wilson
from app.clock import instant_text

# The newest returns; more would take longer and say less of the present.
MOST: Final = 6_000
# A rate of fewer forecasts is no record.
LEAST_FORECASTS: Final = 30
_INTERVAL: Final = (
    f"filtered historical simulation, EWMA {DECAY}, adaptive conformal, gamma {GAMMA}; "
    "Barone-Adesi et al. 1999, Gibbs-Candès 2021"
)
_NORMAL: Final = "Student's t of normal returns around 0"
_COVERAGE: Final = f"part of the out-of-sample intervals that held, {LEVEL:.0%} stated; Wilson 1927"
_SCORE: Final = "mean interval score over the random walk's mean absolute error, out of sample (MSIS); M4 2020"
_POINT: Final = "forecast of the next close, walk-forward"
_DM: Final = "gain over the random walk, squared errors; Diebold-Mariano 1995, Harvey-Leybourne-Newbold 1997, Holm 1979"


@dataclass(frozen=True)
class _Path:
    """Usable returns of a timeframe with their places, over their expected sizes by time of day, and what is next.

    `factors` has one more, that of the bar to come at `following`.
    """

    returns: Floats
    places: Places
    following: int
    factors: Floats
    base: float
    basis: Basis


def forecast(data: SymbolData, horizons: Sequence[str]) -> Tree:
    """What is to be expected of the close of the next bar, by horizon: a timeframe.

    Parts of each: `base` (the last close, which the forecast starts from), `interval` (its width, with the bounds as
    `ci`; of 250 filtered returns, with `low_history` of 30), `coverage` (how many of the intervals so far held),
    `score` (MSIS), `point` (None unless a forecast beats the random walk, p < .05) and `dm` (the best one's test).
    ValueError for a horizon that is no timeframe.
    """
    unknown = [horizon for horizon in horizons if horizon not in TIMEFRAMES]
    if unknown:
        raise ValueError(f"no timeframes: {', '.join(unknown)}")
    return {horizon: _expected(data, horizon) for horizon in horizons}


def next_interval(data: SymbolData, horizon: str) -> Finding:
    """What `forecast` tells as the `interval` of a horizon, by itself."""
    path = _path(data, horizon)
    return (_nothing(data, horizon) if path is None else _interval(path))["interval"]


def _expected(data: SymbolData, horizon: str) -> Tree:
    path = _path(data, horizon)
    if path is None:
        return _nothing(data, horizon)
    bars = data.frame(horizon)
    known_at = instant_text(bars["t_close"][-1])
    told = {"base": path.basis.found(path.base, len(bars), f"last close, of {known_at}", unit="price")}
    return {**told, **_interval(path), **_point(path)}


def _path(data: SymbolData, horizon: str) -> _Path | None:
    bars, following = data.frame(horizon), next_place(data, horizon)
    base = float(bars["close"][-1]) if len(bars) else float("nan")
    if not base > 0 or following == UNKNOWN:
        return None
    returns, places = log_returns(bars), places_of(data, horizon)
    # The first return of a session holds all that happened since the one before: it is a slot of its own.
    days = bars["session_date"].to_physical().to_numpy()
    first = np.concatenate(([True], days[1:] != days[:-1]))
    slots = np.where(first, 0, _slots(places, horizon))
    known = np.flatnonzero(np.isfinite(returns) & ~after_hole(bars) & (places != UNKNOWN))[-MOST:]
    upcoming = 0 if following == 0 else int(_slots(np.array([following]), horizon)[0])
    factors = past_factors(returns[known], slots[known], upcoming)
    # A bar whose slot never moved is expected to move a little all the same: the prior sees to it.
    return _Path(returns[known], places[known], following, factors, base, data.basis(horizon))


def _slots(places: Places, horizon: str) -> Places:
    """The half-hour of a place, or its own for longer bars, from 1."""
    span = TIMEFRAMES[horizon]
    return np.zeros_like(places) if horizon == SESSION else 1 + places * span // max(span, HALF_HOUR)


def _interval(path: _Path) -> dict[str, Finding]:
    scaled = path.returns / path.factors[:-1]
    filtered = filter_volatility(scaled)
    if len(filtered.residuals) < LEAST_RESIDUALS:
        return _short(path, scaled, len(filtered.residuals))
    found = track(filtered.residuals)
    ahead = filtered.ahead * path.factors[-1]
    low, high = (path.base * float(np.exp(bound * ahead)) for bound in found.next)
    interval = path.basis.found(
        high - low, len(filtered.residuals), _INTERVAL, unit="points", ci=(low, high), ci_level=LEVEL
    )
    return {"interval": interval, "coverage": _coverage(path.basis, found), "score": _score(path, filtered, found)}


def _short(path: _Path, scaled: Floats, residuals: int) -> dict[str, Finding]:
    """The interval of a history too short to know the distribution of residuals."""
    needed = f"{residuals} filtered returns, {LEAST_RESIDUALS} needed"
    missing = {
        "coverage": path.basis.missing(0, _COVERAGE, needed),
        "score": path.basis.missing(0, _SCORE, needed),
    }
    count = len(scaled)
    if count < LEAST_RETURNS or not scaled.any():
        reason = "the price never moved" if count >= LEAST_RETURNS else f"{count} returns, {LEAST_RETURNS} needed"
        return {"interval": path.basis.missing(count, _NORMAL, reason, unit="points"), **missing}
    low, high = (path.base * float(np.exp(bound * path.factors[-1])) for bound in normal_band(scaled))
    interval = path.basis.found(
        high - low, count, _NORMAL, status="low_history", unit="points", ci=(low, high), ci_level=LEVEL, reason=needed
    )
    return {"interval": interval, **missing}


def _coverage(basis: Basis, found: Tracked) -> Finding:
    if found.n < LEAST_FORECASTS:
        return basis.missing(found.n, _COVERAGE, f"{found.n} forecasts, {LEAST_FORECASTS} needed")
    low, high = wilson(found.held, found.n)
    label = "too narrow" if high < LEVEL else "too wide" if low > LEVEL else "as stated"
    return basis.found(found.held / found.n, found.n, _COVERAGE, ci=(low, high), label=label)


def _score(path: _Path, filtered: Filtered, found: Tracked) -> Finding:
    if found.n < LEAST_FORECASTS:
        return path.basis.missing(found.n, _SCORE, f"{found.n} forecasts, {LEAST_FORECASTS} needed")
    size = filtered.scale[-found.n :] * path.factors[-found.n - 1 : -1]
    past = np.cumsum(path.returns[: -found.n])
    score = msis(path.returns[-found.n :], found.low * size, found.high * size, past, LEVEL)
    return path.basis.found(score, found.n, _SCORE, unit="mean absolute changes")


def _point(path: _Path) -> dict[str, Finding]:
    count, basis = len(path.returns), path.basis
    if count < LEAST_FOR_A_POINT:
        reason = f"{count} returns, {LEAST_FOR_A_POINT} needed"
        return {"point": basis.missing(count, _POINT, reason, unit="price"), "dm": basis.missing(count, _DM, reason)}
    best = compare(path.returns, path.places, path.following)[0]
    beats = best.p < SIGNIFICANCE
    test = basis.found(
        best.statistic, best.n, _DM, status="ok" if beats else "not_significant", p_value=best.p, label=best.name
    )
    return {"point": _shown(path, best) if beats else _hidden(basis, best), "dm": test}


def _shown(path: _Path, best: Comparison) -> Finding:
    price = path.base * float(np.exp(best.ahead))
    return path.basis.found(price, best.n, f"{_POINT}: {best.name}", unit="price", p_value=best.p, label=best.name)


def _hidden(basis: Basis, best: Comparison) -> Finding:
    reason = f"no forecast beats the random walk: the best, {best.name}, has p = {best.p:.3f}"
    return basis.missing(best.n, _POINT, reason, status="not_significant", unit="price")


def _nothing(data: SymbolData, horizon: str) -> dict[str, Finding]:
    """The same parts where there is nothing to start from."""
    count, basis = len(data.frame(horizon)), data.basis(horizon)
    is_unplaced = next_place(data, horizon) == UNKNOWN
    reason = "there are no bars"
    if count:
        reason = "the calendar has no session for the last bar" if is_unplaced else "returns need a price above 0"
    methods = {"base": "last close", "interval": _INTERVAL, "coverage": _COVERAGE, "score": _SCORE}
    told = {**methods, "point": _POINT, "dm": _DM}
    return {name: basis.missing(count, method, reason) for name, method in told.items()}

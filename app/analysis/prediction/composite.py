"""The composite: one probability for a portfolio out of those of its symbols, tested as they are."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import reduce
from typing import Final

import numpy as np

from app.analysis.bars import Floats
from app.analysis.prediction.calibration import FIRST_CALIBRATION, prequential
from app.analysis.prediction.gate import Gate, Skill, base_rates, pass_gate, skill
from app.analysis.prediction.predicted import Forecast, Predicted
from app.analysis.prediction.target import outcomes_of
from app.analysis.prediction.walkforward import REFIT, Places, blocks

LEAST_SCORED: Final = 200
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Composite:
    """A portfolio at a horizon: the probability `p` that its weighted return over the next bar is positive.

    `asof` is the newest close that all symbols have, None without one. `weights` are the newest, summing to 1. `p`,
    `base_rate`, `skill` and `gate` are None where `reason` says why; the gate is by Holm over the horizons.
    """

    horizon: str
    asof: datetime | None
    scored: int
    p: float | None = None
    base_rate: float | None = None
    skill: Skill | None = None
    gate: Gate | None = None
    weights: Mapping[str, float] | None = None
    reason: str = ""


@dataclass(frozen=True)
class _Panel:
    """What symbols said and what came of it at the times that all of them have, shape (rows, symbols)."""

    times: Places
    logits: Floats
    gains: Floats
    losses: Floats
    moves: Floats


def combine(predicted: Mapping[tuple[str, str], Predicted], portfolio: Mapping[str, float]) -> dict[str, Composite]:
    """The composite of each horizon of `predicted`, whose keys are symbol and horizon.

    The mean of the models' logits, weighted by past Brier skill, where positive, times the weight in the `portfolio`,
    is calibrated walk-forward on the sign of the portfolio's return (Ranjan and Gneiting 2010). While no symbol has
    shown skill the portfolio alone weighs. A mean, so that the same symbol twice says no more than once; of logits
    before calibration, so that one symbol alone is its own composite. Symbols without a forecast or a positive weight
    are left out. At least 200 outcomes out of sample are needed after the first 100 rows, which the base rate takes.
    """
    found = {}
    for horizon in dict.fromkeys(horizon for _, horizon in predicted):
        own = {
            symbol: one.forecast
            for (symbol, at), one in predicted.items()
            if at == horizon and one.forecast is not None and portfolio.get(symbol, 0) > 0
        }
        found[horizon] = _combine(horizon, own, portfolio)
    tried = {horizon: one.skill for horizon, one in found.items() if one.skill is not None}
    for horizon, gate in zip(tried, pass_gate(list(tried.values())), strict=True):
        found[horizon] = replace(found[horizon], gate=gate)
    return found


def _combine(horizon: str, forecasts: Mapping[str, Forecast], portfolio: Mapping[str, float]) -> Composite:
    if not forecasts:
        return Composite(horizon, None, 0, reason="no symbol of the portfolio has a forecast of a bar to come")
    panel = _panel(forecasts)
    if not len(panel.times):
        return Composite(horizon, None, 0, reason="the symbols have no bars in common")
    asof = _EPOCH + timedelta(microseconds=int(panel.times[-1]))
    if len({int(one.series.times[-1]) for one in forecasts.values()}) > 1:
        return Composite(horizon, asof, 0, reason="the newest bars of the symbols are not of the same time")
    shares = np.array([portfolio[symbol] for symbol in forecasts])
    outcomes = outcomes_of(panel.moves @ shares)
    places = np.arange(len(outcomes))
    base = base_rates(outcomes, places)
    pooled, weights = _pooled(panel, shares)
    p = prequential(pooled, outcomes, places).p
    # A base rate of a few outcomes is easily beaten by chance.
    known = np.isfinite(outcomes) & (places >= FIRST_CALIBRATION)
    scored = int(known.sum())
    if scored < LEAST_SCORED:
        reason = f"{scored} outcomes that all symbols have, {LEAST_SCORED} needed"
        return Composite(horizon, asof, scored, reason=reason)
    return Composite(
        horizon, asof, scored, float(p[-1]), float(base[-1]), skill(p[known], base[known], outcomes[known]),
        weights={symbol: float(w) for symbol, w in zip(forecasts, weights, strict=True) if w > 0},
    )  # fmt: skip


def _panel(forecasts: Mapping[str, Forecast]) -> _Panel:
    series = [forecast.series for forecast in forecasts.values()]
    times = reduce(np.intersect1d, [one.times for one in series])
    rows = [np.searchsorted(one.times, times) for one in series]
    logits, p, base, moves = (
        np.column_stack([getattr(one, name)[row] for one, row in zip(series, rows, strict=True)])
        for name in ("logits", "p", "base", "moves")
    )
    outcomes = outcomes_of(moves)
    return _Panel(times, logits, (base - outcomes) ** 2 - (p - outcomes) ** 2, (base - outcomes) ** 2, moves)


def _pooled(panel: _Panel, shares: Floats) -> tuple[Floats, Floats]:
    """The pooled logits, each by weights known then, and the newest weights."""
    pooled, weights = np.empty(len(panel.times)), shares / shares.sum()
    for block in blocks(np.arange(len(pooled)), 0, REFIT, 2):
        worth = shares * _past_skill(panel.gains[: block.known], panel.losses[: block.known])
        early = block.known < FIRST_CALIBRATION or not worth.any()
        weights = shares / shares.sum() if early else worth / worth.sum()
        pooled[block.start : block.stop] = panel.logits[block.start : block.stop] @ weights
    return pooled, weights


def _past_skill(gains: Floats, losses: Floats) -> Floats:
    lost = np.nansum(losses, axis=0)
    found = np.zeros(len(lost))
    np.divide(np.nansum(gains, axis=0), lost, out=found, where=lost > 0)
    return np.maximum(found, 0.0)

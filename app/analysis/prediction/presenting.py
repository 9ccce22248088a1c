"""Predictions and decisions as findings, and as rows for the ledger."""

from collections.abc import Collection, Mapping
from typing import Final

from app.analysis.document import REASONS, PredictionMade
from app.analysis.findings import Basis, Finding, Node, Status, Tree
from app.analysis.prediction.composite import Composite
from app.analysis.prediction.decision import NO_SKILL, Decision
from app.analysis.prediction.gate import LEVEL, Gate, Skill
from app.analysis.prediction.predicted import Forecast, Predicted
from app.analysis.statistics.shares import wilson
from app.clock import instant_text

_MODEL: Final = (
    "L2-logistic on 8 causal features, expanding walk-forward with purge and embargo, prequential Platt calibration "
    "(Platt 1999, Lopez de Prado 2018); the base rate without skill; n is the model's sample"
)
_CONFIDENCE: Final = "calibrated probability of the side, 0.5 unless the skill gate was passed; n is outcomes tested"
_SKILL: Final = "Brier skill score out of sample against the prequential base rate (Brier 1950, Murphy 1973)"
_DM: Final = "HAC t of the Brier gain over the base rate, one-sided, p by Holm (Diebold-Mariano 1995, Holm 1979)"
_HITS: Final = "share of right sides out of sample, Wilson interval (Wilson 1927)"
_NET: Final = "(2 p_low - 1) E|move| less the cost of a round turn; p_low is the 95 % lower bound by Fisher information"
# What stands behind a confidence of 0.5, or one that nothing can be earned with.
_STATUS: Final[Mapping[str, Status]] = {
    "no_data": "low_history",
    "insufficient_data": "low_history",
    "not_predicted": "low_history",
    "data_rejected": "degraded_data",
    "stale_data": "degraded_data",
    "model_disabled": "not_significant",
    "no_skill": "not_significant",
    "model_degraded": "not_significant",
}


def prediction_tree(
    predicted: Mapping[str, Predicted],
    gates: Mapping[str, Gate],
    intervals: Mapping[str, Finding],
    stale: Collection[str] = (),
) -> Tree:
    """What was predicted of a symbol, by horizon; `gates` are those of its decision.

    `intervals` are of the price at the target. Of `stale` horizons, whose bar is over, no probability is told.
    """
    return {
        horizon: _prediction(one, gates.get(horizon), intervals[horizon], horizon in stale)
        for horizon, one in predicted.items()
    }


def recommendation_tree(decision: Decision, predicted: Mapping[str, Predicted]) -> Tree:
    """What is recommended for a symbol, how sure that is, what it rests on, and why it is held."""
    one = predicted.get(decision.horizon)
    forecast = None if one is None else one.forecast
    basis = Basis("no bars" if one is None else one.window, decision.asof)
    reason = decision.reason
    return {
        "action": decision.action,
        "confidence": _confidence(decision, 0 if forecast is None else forecast.skill.n, basis),
        "strength": decision.strength,
        "reason_code": decision.reason_code,
        "reason": reason,
        "horizon": decision.horizon,
        "valid_until": instant_text(decision.valid_until),
        "out_of_sample": _out_of_sample(one, decision.gates.get(decision.horizon), basis, reason),
        "net_edge": _net_edge(decision, forecast, basis),
        "n_tried": decision.n_tried,
    }


def composite_tree(composites: Mapping[str, Composite], fallback: Basis) -> Tree:
    """The portfolio's probability by horizon; `fallback` gives the as-of where there are no common bars."""
    return {horizon: _composite(one, fallback) for horizon, one in composites.items()}


def prediction_made(
    predicted: Predicted, gate: Gate | None, interval: Finding, params_hash: str
) -> PredictionMade | None:
    """The prediction for the ledger, None without a forecast; without skill its `p` is the base rate."""
    forecast = predicted.forecast
    if forecast is None or predicted.target_ts is None:
        return None
    low, high = interval.ci or (None, None)
    gated = gate is not None and gate.passed
    return PredictionMade(
        symbol=predicted.symbol,
        source=predicted.source,
        horizon=predicted.horizon,
        asof=predicted.asof,
        target_ts=predicted.target_ts,
        base_price=forecast.base_price,
        base_rate=forecast.base_rate,
        p=forecast.p if gated else forecast.base_rate,
        low=low,
        high=high,
        gated=gated,
        n_train=forecast.n_train,
        params_hash=params_hash,
        data_hash=predicted.data_hash,
    )


def _prediction(predicted: Predicted, gate: Gate | None, interval: Finding, stale: bool) -> Tree:
    basis = Basis(predicted.window, predicted.asof)
    forecast, target = predicted.forecast, predicted.target_ts
    if forecast is None or gate is None or target is None:
        return {"probability": basis.missing(predicted.usable, _MODEL, predicted.reason)}
    return {
        "probability": _probability(forecast, gate, basis, stale),
        "base_rate": basis.found(
            forecast.base_rate, predicted.usable, "share of rises so far, drawn in by one of each (Laplace 1814)"
        ),
        "base_price": forecast.base_price,
        "target_ts": instant_text(target),
        "expected_move": basis.found(
            forecast.move,
            predicted.usable,
            "mean absolute log return times volatility now over its mean",
            unit="points",
        ),
        "interval": interval,
        "gate": {"passed": gate.passed, "n_tried": gate.n_tried},
        "out_of_sample": _out_of_sample(predicted, gate, basis, ""),
        "calibration": _calibration(forecast, basis),
    }


def _probability(forecast: Forecast, gate: Gate, basis: Basis, stale: bool) -> Finding:
    if stale:
        return basis.missing(forecast.n_train, _MODEL, REASONS["stale_data"], status="degraded_data")
    if gate.passed:
        return basis.found(forecast.p, forecast.n_train, _MODEL)
    return basis.found(
        forecast.base_rate, forecast.n_train, _MODEL, status="not_significant", reason=REASONS["no_skill"]
    )


def _calibration(forecast: Forecast, basis: Basis) -> Mapping[str, Node]:
    n = forecast.skill.n
    methods = {"slope": "calibration slope, 1 is right (Cox 1958)", "intercept": "intercept, 0 is right (Cox 1958)"}
    line: dict[str, Node] = {}
    for place, (name, method) in enumerate(methods.items()):
        if forecast.line is None:
            line[name] = basis.missing(n, method, "all predictions, or all outcomes, are the same")
        else:
            stderr = float(forecast.line.covariance[place, place]) ** 0.5
            line[name] = basis.found((forecast.line.slope, forecast.line.intercept)[place], n, method, stderr=stderr)
    method = "share of rises where about that was said, Wilson interval"
    bins: list[Node] = [{"p": one.p, "rate": basis.found(one.rate, one.n, method, ci=one.ci)} for one in forecast.bins]
    return {**line, "bins": bins}


def _out_of_sample(predicted: Predicted | None, gate: Gate | None, basis: Basis, reason: str) -> Mapping[str, Node]:
    forecast = None if predicted is None else predicted.forecast
    if predicted is None or forecast is None:
        n = 0 if predicted is None else predicted.scored
        why = reason if predicted is None else predicted.reason
        methods = {"brier_skill": _SKILL, "hit_rate": _HITS, "dm": _DM}
        return {name: basis.missing(n, method, why or REASONS["no_data"]) for name, method in methods.items()}
    return _tested(forecast.skill, gate, forecast.hits, basis)


def _tested(skill: Skill, gate: Gate | None, hits: float | None, basis: Basis) -> Mapping[str, Node]:
    p_value = skill.p_value if gate is None else gate.p_adjusted
    status: Status = "ok" if skill.gain > 0 and p_value < LEVEL else "not_significant"
    found: dict[str, Node] = {
        "brier_skill": basis.found(skill.bss, skill.n, _SKILL, status=status, p_value=p_value),
        "dm": basis.found(skill.t, skill.n, _DM, status=status, p_value=p_value),
    }
    if hits is not None:
        found["hit_rate"] = basis.found(hits / skill.n, skill.n, _HITS, ci=wilson(hits, skill.n))
    return found


def _confidence(decision: Decision, n: int, basis: Basis) -> Finding:
    status = _STATUS.get(decision.reason_code, "ok")
    return basis.found(decision.confidence, n, _CONFIDENCE, status=status, reason=decision.reason)


def _net_edge(decision: Decision, forecast: Forecast | None, basis: Basis) -> Finding:
    net = None if decision.edge is None else decision.edge.net
    if forecast is None or net is None:
        n = 0 if forecast is None else forecast.skill.n
        return basis.missing(n, _NET, decision.reason or REASONS["unknown_cost"], unit="points")
    gate = decision.gates.get(decision.horizon)
    status: Status = "ok" if gate is not None and gate.passed else "not_significant"
    return basis.found(net, forecast.skill.n, _NET, status=status, unit="points", reason=decision.reason)


def _composite(one: Composite, fallback: Basis) -> Tree:
    method = (
        "mean of logits weighted by past skill and the portfolio, calibrated walk-forward (Ranjan-Gneiting 2010); "
        "the base rate without skill; n is outcomes tested"
    )
    basis = Basis(f"{one.scored:,} outcomes of {one.horizon}", one.asof or fallback.asof)
    if one.p is None or one.skill is None or one.gate is None or one.base_rate is None:
        return {"probability": basis.missing(one.scored, method, one.reason)}
    passed = one.gate.passed
    status: Status = "ok" if passed else "not_significant"
    reason = "" if passed else REASONS["no_skill"]
    said = one.p if passed else one.base_rate
    sure = max(one.p, 1 - one.p) if passed else NO_SKILL
    return {
        "probability": basis.found(said, one.scored, method, status=status, reason=reason),
        "confidence": basis.found(sure, one.scored, _CONFIDENCE, status=status, reason=reason),
        "weights": dict(one.weights or {}),
        "gate": {"passed": passed, "n_tried": one.gate.n_tried},
        "out_of_sample": _tested(one.skill, one.gate, None, basis),
    }

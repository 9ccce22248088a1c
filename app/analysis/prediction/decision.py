"""The decision: BUY or SELL only where skill was shown and the edge covers the cost, else HOLD and why."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from app.analysis.bars import span_of
from app.analysis.document import REASONS, Action, Recommended, Verdict
from app.analysis.inputs import Terms
from app.analysis.prediction.edge import Edge, edge_of
from app.analysis.prediction.gate import Gate, pass_gate
from app.analysis.prediction.predicted import Predicted
from app.analysis.question import Parameters

Key = tuple[str, str]
NO_SKILL: Final = 0.5
# Reasons not to act on a probability that is believed all the same.
_BELIEVED: Final = ("market_closed", "unknown_cost", "edge_below_cost")


@dataclass(frozen=True)
class Decision:
    """What is recommended for a symbol, by which horizon, and why.

    `confidence` is the calibrated probability of the side where the gate was passed and nothing speaks against the
    model, else exactly 0.5. `reason_code` and `reason`, the same in words, are empty for BUY and SELL.
    `asof` is the close of the newest bar of the horizon, `valid_until` the end of the bar that was predicted.
    """

    symbol: str
    action: Action
    confidence: float
    strength: float
    reason_code: str
    reason: str
    horizon: str
    asof: datetime
    valid_until: datetime
    edge: Edge | None
    gates: Mapping[str, Gate]
    n_tried: int

    @property
    def recommended(self) -> Recommended:
        """The decision as the document has it."""
        return Recommended(
            symbol=self.symbol, action=self.action, confidence=self.confidence, strength=self.strength,
            reason_code=self.reason_code, asof=self.asof, valid_until=self.valid_until,
        )  # fmt: skip


def gates_of(predicted: Mapping[Key, Predicted]) -> dict[Key, Gate]:
    """The gate of every forecast there is, by Holm over all of them."""
    tried = {key: one.forecast.skill for key, one in predicted.items() if one.forecast is not None}
    return dict(zip(tried, pass_gate(list(tried.values())), strict=True))


def decide(
    predicted: Mapping[Key, Predicted],
    verdicts: Mapping[str, Verdict],
    terms: Mapping[str, Terms | None],
    parameters: Parameters,
    asof: datetime,
    *,
    empty: Collection[str] = (),
    stale: Collection[Key] = (),
    closed: Collection[Key] = (),
    degraded: Collection[Key] = (),
    enabled: bool = True,
) -> dict[str, Decision]:
    """A decision for each symbol that has a verdict.

    BUY or SELL where the gate was passed, the net edge is above 0 and the data's verdict is ok; else HOLD with the
    first reason of REASONS that applies. `empty` are symbols without ticks, `asof` is that of the data. Of the horizons
    that passed, the one with most net edge is taken. On `degraded` ones, whose latest predictions did worse than the
    base rate, nobody is to act: another that passed goes before them. `stale` ones, whose bar is over, count as tried
    only, and on `closed` ones, whose newest bar ended its session, nobody can act. Data with the verdict degraded is
    predicted from, but what passes the gate is not acted on: that is `data_rejected` too.
    """
    gates, found = gates_of(predicted), {}
    for symbol, verdict in verdicts.items():
        own = {horizon: one for (name, horizon), one in predicted.items() if name == symbol}
        found[symbol] = _Case(
            symbol=symbol,
            predicted=own,
            gates={horizon: gates[symbol, horizon] for horizon in own if (symbol, horizon) in gates},
            edges=_edges(own, terms.get(symbol), parameters),
            verdict=verdict,
            n_tried=len(gates),
            empty=symbol in empty,
            stale=_horizons_of(symbol, stale),
            closed=_horizons_of(symbol, closed),
            is_stale=_horizons_of(symbol, stale) >= set(parameters.horizons),
            degraded=_horizons_of(symbol, degraded),
            enabled=enabled,
        )
    return {symbol: _decide(case, asof, parameters.horizons[0]) for symbol, case in found.items()}


def _horizons_of(symbol: str, keys: Collection[Key]) -> frozenset[str]:
    return frozenset(horizon for name, horizon in keys if name == symbol)


def _edges(own: Mapping[str, Predicted], terms: Terms | None, parameters: Parameters) -> dict[str, Edge]:
    told = {horizon: one.forecast for horizon, one in own.items()}
    return {horizon: edge_of(one, terms, parameters) for horizon, one in told.items() if one is not None}


@dataclass(frozen=True)
class _Case:
    symbol: str
    predicted: Mapping[str, Predicted]
    gates: Mapping[str, Gate]
    edges: Mapping[str, Edge]
    verdict: Verdict
    n_tried: int
    empty: bool
    stale: Collection[str]
    closed: Collection[str]
    is_stale: bool
    degraded: Collection[str]
    enabled: bool

    @property
    def fresh(self) -> Mapping[str, Gate]:
        return {horizon: gate for horizon, gate in self.gates.items() if horizon not in self.stale}

    @property
    def passed(self) -> list[str]:
        return [horizon for horizon, gate in self.fresh.items() if gate.passed]


def _decide(case: _Case, asof: datetime, first: str) -> Decision:
    horizon = _horizon(case) or next(iter(case.predicted), first)
    one = case.predicted.get(horizon)
    edge = None if horizon in case.stale else case.edges.get(horizon)
    code, reason = _reason(case, edge, horizon)
    since = one.asof if one is not None else asof
    until = one.target_ts if one is not None and one.target_ts is not None else since + span_of(horizon)
    acts = not code and edge is not None
    trusted = horizon in case.passed and (acts or code in _BELIEVED)
    p = one.forecast.p if trusted and one is not None and one.forecast is not None else NO_SKILL
    return Decision(
        symbol=case.symbol,
        action=_action(edge) if acts else "HOLD",
        confidence=max(p, 1 - p),
        strength=max(0.0, 2 * edge.p_low - 1) if acts and edge is not None else 0.0,
        reason_code=code,
        reason=reason,
        horizon=horizon,
        asof=since,
        valid_until=until,
        edge=edge,
        gates=case.gates,
        n_tried=case.n_tried,
    )


def _horizon(case: _Case) -> str | None:
    """The one with most net edge among those that passed and hold, else the one that came nearest to skill."""
    trusted = [horizon for horizon in case.passed if horizon not in case.degraded]
    if case.passed:
        return max(trusted or case.passed, key=lambda horizon: _worth(case.edges[horizon]))
    return min(case.fresh, key=lambda horizon: case.fresh[horizon].p_adjusted, default=None)


def _worth(edge: Edge) -> float:
    return edge.gross if edge.net is None else edge.net


def _action(edge: Edge | None) -> Action:
    return "BUY" if edge is not None and edge.side > 0 else "SELL"


def _reason(case: _Case, edge: Edge | None, horizon: str) -> tuple[str, str]:
    """The code of the first reason to hold, and the reason in words; both empty when there is none."""
    unproven = "; ".join(one.reason for one in case.predicted.values() if one.reason)
    net = None if edge is None else edge.net
    checks: Iterable[tuple[str, bool, str]] = (
        ("no_data", case.empty or (case.enabled and case.verdict != "reject" and not case.predicted), ""),
        ("data_rejected", case.verdict == "reject", ""),
        ("stale_data", case.is_stale, ""),
        ("model_disabled", not case.enabled, ""),
        ("insufficient_data", not case.fresh, unproven),
        ("no_skill", not case.passed, unproven),
        ("model_degraded", horizon in case.degraded, ""),
        ("data_rejected", case.verdict != "ok", "the verdict on the data is degraded: nothing is traded on it"),
        ("market_closed", horizon in case.closed, ""),
        ("unknown_cost", net is None, ""),
        ("edge_below_cost", net is None or net <= 0 or (edge is not None and not edge.side), ""),
    )
    code, note = next(((code, note) for code, applies, note in checks if applies), ("", ""))
    if case.verdict == "degraded" and code == "data_rejected":
        return code, note
    return code, "; ".join(part for part in (REASONS.get(code, ""), note) if part)

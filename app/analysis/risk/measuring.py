"""The risk of a symbol, and the size of a position in it, as findings."""

import math
from typing import Final

from app.analysis.bars import SESSION, log_returns, usable
from app.analysis.document import Action
from app.analysis.findings import Basis, Finding, Tree
from app.analysis.inputs import SymbolData, Terms
from app.analysis.question import Parameters
from app.analysis.risk.backtesting import backtest_tail
from app.analysis.risk.sizing import CAPS, Facts, Size, micro_margin, size_position
from app.analysis.risk.value_at_risk import LEVELS, measure_tail, measure_tails

HOUR: Final = "1h"
TAIL: Final = 0.99
_OBSERVED: Final = {SESSION: "session returns", HOUR: "returns of an hour, whichever of the day"}
_SIZING: Final = "smallest of the caps, rounded down"


def measure_risk(data: SymbolData, parameters: Parameters) -> Tree:
    """What the next session's return (`session`) and the next hour's (`1h`) may lose.

    Each has `var_95 es_95 var_99 es_99` with `fhs historical cornish_fisher`, a log return that is positive for a loss
    of a long position, and `backtest` with `95` and `99`. `contract` has the session's value at risk in currency per
    contract and for the limit that was asked for. Hours are never scaled to sessions.
    """
    found: dict[str, Tree] = {}
    for timeframe, unit in _OBSERVED.items():
        returns, basis = log_returns(data.frame(timeframe)), data.basis(timeframe)
        tested = {f"{round(100 * level)}": backtest_tail(returns, level, basis, unit) for level in LEVELS}
        found[timeframe] = {**measure_tails(returns, basis, unit), "backtest": tested}
    return {**found, "contract": {"var_99": _contract_loss(data, parameters)}}


def measure_sizing(
    data: SymbolData, parameters: Parameters, action: Action, p: float | None, volatility: float | None
) -> Tree:
    """`contracts` for an action, the `caps` (volatility, kelly, value_at_risk, margin), and `micro` where it is 0.

    `p` is the calibrated probability of a rise, `volatility` the standard deviation of a year's return; None where they
    are not known. Contracts are negative for SELL.
    """
    basis, price, terms = data.basis(SESSION), _last_price(data), data.terms
    if terms is None or price is None or price <= 0:
        reason = _unsized(terms, price)
        told = basis.missing(0, _SIZING, reason, unit="contracts")
        held = _flat(0, basis) if action == "HOLD" else told
        return {"contracts": held, "micro": told, "caps": dict.fromkeys(CAPS, told)}
    side = -1 if action == "SELL" else 1
    facts = Facts(price, p, volatility, _lost_share(_session_loss(data, side), side))
    size = size_position(terms.multiplier, facts, action, parameters, margin=parameters.margin)
    n = data.frame(SESSION).height
    return {
        "contracts": _contracts(size, action, data.symbol, n, basis),
        "micro": _micro(size, terms, facts, action, parameters, n, basis),
        "caps": {name: _cap(name, size, action, n, basis) for name in CAPS},
    }


def _contract_loss(data: SymbolData, parameters: Parameters) -> Finding:
    basis, price, terms = data.basis(SESSION), _last_price(data), data.terms
    loss = _session_loss(data, 1)
    unit = "" if terms is None else terms.currency
    method = f"price times the value of a point times the 99 % loss; {loss.method}"
    if terms is None or price is None or price <= 0:
        return basis.missing(loss.n, method, _unsized(terms, price), unit=unit)
    share = _lost_share(loss, 1)
    if share is None:
        return basis.missing(loss.n, method, loss.reason, status=loss.status, unit=unit)
    value = price * terms.multiplier * share
    label = "above the limit" if value > parameters.var_limit * parameters.equity else "within the limit"
    return basis.found(value, loss.n, method, unit=unit, label=label)


def _session_loss(data: SymbolData, side: int) -> Finding:
    known = side * usable(log_returns(data.frame(SESSION)))
    return measure_tail(known, TAIL, "fhs", data.basis(SESSION), _OBSERVED[SESSION])[0]


def _lost_share(loss: Finding, side: int) -> float | None:
    # What a log return takes from a long position is bounded by all of it, from a short one it is not.
    return -side * math.expm1(-side * loss.value) if isinstance(loss.value, float) else None


def _last_price(data: SymbolData) -> float | None:
    ends = [(bars["t_close"][-1], bars["close"][-1]) for bars in data.bars.values() if len(bars)]
    return max(ends)[1] if ends else None


def _unsized(terms: Terms | None, price: float | None) -> str:
    if price is None:
        return "there is no price"
    if terms is None:
        return "the value of a point is not known"
    return f"the price is {price:g}, and shares of a price that is not positive mean nothing"


def _flat(n: int, basis: Basis) -> Finding:
    return basis.found(0, n, _SIZING, unit="contracts", label="no position", reason="nothing is to be held")


def _contracts(size: Size, action: Action, name: str, n: int, basis: Basis) -> Finding:
    if action == "HOLD":
        return _flat(n, basis)
    if size.contracts is None:
        return basis.missing(n, _SIZING, _unknown_caps(size), unit="contracts")
    absent = [cap for cap in ("value_at_risk",) if cap not in size.caps]
    return basis.found(
        size.contracts,
        n,
        _SIZING,
        status="low_history" if absent else "ok",
        unit="contracts",
        label=f"{size.contracts} {name}, bound by {size.binding}",
        reason="there is too little history for the cap of value_at_risk" if absent else "",
    )


def _unknown_caps(size: Size) -> str:
    unknown = " and ".join(cap for cap in ("volatility", "kelly") if cap not in size.caps)
    return f"without the caps of {unknown} no position is sized"


def _micro(
    size: Size, terms: Terms, facts: Facts, action: Action, parameters: Parameters, n: int, basis: Basis
) -> Finding:
    method = f"{_SIZING}; margin in proportion to the value of a point"
    if action != "HOLD" and size.contracts is None:
        return basis.missing(n, method, _unknown_caps(size), unit="contracts")
    if action == "HOLD" or size.contracts != 0:
        reason = "the position is told in whole contracts" if size.contracts else "nothing is to be held"
        return basis.missing(n, method, reason, status="not_significant", unit="contracts")
    if terms.micro is None:
        return basis.missing(n, method, "there is no micro contract", status="not_significant", unit="contracts")
    name, multiplier = terms.micro
    small = size_position(multiplier, facts, action, parameters, margin=micro_margin(parameters.margin, terms))
    return _contracts(small, action, name, n, basis)


def _cap(name: str, size: Size, action: Action, n: int, basis: Basis) -> Finding:
    if name in size.caps:
        label = "binds" if name == size.binding else ""
        return basis.found(size.caps[name], n, CAPS[name], unit="contracts", label=label)
    reasons = {
        "volatility": "the volatility is not known",
        "kelly": "nothing is to be held" if action == "HOLD" else "the probability is not known",
        "value_at_risk": "there is too little history for the value at risk of a session",
        "margin": "no margin was given, so it limits nothing",
    }
    return basis.missing(n, CAPS[name], reasons[name], unit="contracts")

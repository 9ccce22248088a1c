"""The positions that an analysis suggests, held together: none may be more than the limit of all allows."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from app.analysis.findings import Basis, Finding
from app.reports.picking import mapping, number_of, part

_TOGETHER: Final = (
    "the sum of the single 99 % values at risk of a session, without credit for diversification, stays within the "
    "limit (var_limit of the equity); above it all positions are scaled by the same factor and rounded down"
)
_SINGLE: Final = "position over the contracts whose 99 % value at risk of a session is the limit, times the limit"
_MICRO: Final = f"{_SINGLE}; of micro contracts the most that their smallest cap allows"


@dataclass(frozen=True)
class _Position:
    """A position as it is sized by itself; `share` of the limit is what it takes by its value at risk."""

    contracts: int
    is_micro: bool
    share: float
    n: int

    @property
    def unit(self) -> str:
        return "micro contracts" if self.is_micro else "contracts"


def positions_together(
    signals: Mapping[str, Mapping[str, Any]], sizings: Mapping[str, Any], parameters: Mapping[str, Any], asof: datetime
) -> dict[str, Any]:
    """What to hold of each symbol together with the others, as plain findings.

    `contracts` are negative for SELL, whole, and never more than the position by itself; `single_var` is the 99 % value
    at risk of each position by itself, and `sum_of_single_var` of all, in the currency of the equity. 0 where nothing
    is to be held, or the signal ends before the open. A position whose value at risk is not known is not suggested.
    """
    limit = float(parameters.get("var_limit", 0.0)) * float(parameters.get("equity", 0.0))
    basis = Basis(f"{len(signals)} symbols", asof)
    read = {symbol: _position(signals[symbol], sizings.get(symbol), basis) for symbol in signals}
    held = {symbol: one for symbol, one in read.items() if isinstance(one, _Position)}
    whole = sum(one.share for one in held.values())
    factor = 1.0 if whole <= 1.0 else 1.0 / whole
    told = {symbol: _scaled(one, factor, basis) if isinstance(one, _Position) else one for symbol, one in read.items()}
    return {
        "method": _TOGETHER,
        "limit": basis.found(limit, len(held), "var_limit times equity", unit="currency").to_plain(),
        "sum_of_single_var": basis.found(whole * limit, len(held), _SINGLE, unit="currency").to_plain(),
        "factor": basis.found(factor, len(held), _TOGETHER, label=_label(factor)).to_plain(),
        "single_var": {symbol: _single(one, limit, basis).to_plain() for symbol, one in held.items()},
        "contracts": {symbol: one.to_plain() for symbol, one in told.items()},
    }


def _position(signal: Mapping[str, Any], sizing: Any, basis: Basis) -> _Position | Finding:
    own, small = mapping(sizing), part(sizing, "micro")
    count = number_of(own.get("contracts"))
    if signal["action"] == "HOLD":
        return _flat(0, basis, "nothing is to be held")
    if not signal["holds_at_open"]:
        return _flat(0, basis, "the signal ends before the open")
    if count is None:
        why = part(own.get("contracts"), "reason") or "the analysis sizes no position"
        return basis.missing(0, _TOGETHER, why, unit="contracts")
    is_micro = count == 0 and bool(number_of(small))
    contracts = int(number_of(small) or 0) if is_micro else int(count)
    if contracts == 0:
        return _flat(int(own["contracts"]["n"]), basis, "no whole contract is within the caps of the symbol")
    caps = {name: number_of(cap) for name, cap in mapping(own, "caps").items()}
    allowed = caps.get("value_at_risk")
    if not allowed:
        why = part(own, "caps", "value_at_risk", "reason") or "it is not known"
        return basis.missing(
            int(own["contracts"]["n"]), _TOGETHER, f"the 99 % value at risk of a session: {why}", unit="contracts"
        )
    # A micro contract is a part of a contract, and as many were taken as the smallest cap has room for.
    size = min(cap for cap in caps.values() if cap is not None) if is_micro else abs(contracts)
    return _Position(contracts, is_micro, size / allowed, int(own["contracts"]["n"]))


def _scaled(one: _Position, factor: float, basis: Basis) -> Finding:
    count = abs(one.contracts) if factor == 1.0 else math.floor(abs(one.contracts) * factor)
    reason = "" if count == abs(one.contracts) else f"{one.contracts:+,} by itself, scaled by {factor:.3f}"
    label = "" if count else "no position"
    signed = count if one.contracts > 0 else -count
    return basis.found(signed, one.n, _TOGETHER, unit=one.unit, label=label, reason=reason)


def _single(one: _Position, limit: float, basis: Basis) -> Finding:
    return basis.found(one.share * limit, one.n, _MICRO if one.is_micro else _SINGLE, unit="currency")


def _flat(n: int, basis: Basis, reason: str) -> Finding:
    return basis.found(0, n, _TOGETHER, unit="contracts", label="no position", reason=reason)


def _label(factor: float) -> str:
    return "within the limit" if factor == 1.0 else "scaled down to the limit"

"""How many contracts a position may have: the smallest of several caps, rounded down."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from app.analysis.document import Action
from app.analysis.inputs import Terms
from app.analysis.question import Parameters

# In the order in which they are told.
CAPS: Final[Mapping[str, str]] = {
    "volatility": "contracts that bring the target volatility to the capital (Moreira, Muir 2017)",
    "kelly": "contracts of the part of the Kelly stake, f = p - (1 - p) / b at b = 1 (Kelly 1956; Thorp 2006)",
    "value_at_risk": "contracts whose 99 % value at risk of a session is the limit",
    "margin": "contracts that the capital can margin",
}


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of the market when a position is sized; what is not known is None.

    `price` is that of the contract, `volatility` the standard deviation of a year's return, `p` the probability of a
    rise, `value_at_risk` the loss of a session at 99 % as a share of the price.
    """

    price: float
    p: float | None
    volatility: float | None
    value_at_risk: float | None


@dataclass(frozen=True, slots=True)
class Size:
    """How many contracts, and what each known cap allows (not rounded); the smallest of them binds.

    `contracts` is negative for SELL. `contracts` is None where volatility or probability is not known.
    """

    contracts: int | None
    caps: Mapping[str, float]
    binding: str | None


def kelly_stake(p: float, payoff: float = 1.0) -> float:
    """The part of the capital that grows it fastest at winning probability `p` and payoff `b`: p - (1 - p) / b."""
    return p - (1 - p) / payoff


def size_position(multiplier: float, facts: Facts, action: Action, limits: Parameters, *, margin: float | None) -> Size:
    """The position for an action; HOLD gives 0. `margin` is that of one contract, None for no such cap.

    The price is positive. Caps are never negative: a stake that Kelly would take on the other side is 0.
    """
    caps = _caps(multiplier, facts, action, limits, margin)
    if action == "HOLD":
        return Size(0, caps, None)
    if "volatility" not in caps or "kelly" not in caps:
        return Size(None, caps, None)
    binding = min(caps, key=lambda name: caps[name])
    count = math.floor(caps[binding])
    return Size(count if action == "BUY" else -count, caps, binding)


def micro_margin(margin: float | None, terms: Terms) -> float | None:
    """The margin of a micro contract, taken to be in proportion to what its point is worth; None where unknown."""
    if margin is None or terms.micro is None:
        return None
    return margin * terms.micro[1] / terms.multiplier


def _caps(
    multiplier: float, facts: Facts, action: Action, limits: Parameters, margin: float | None
) -> dict[str, float]:
    notional = facts.price * multiplier
    found: dict[str, float] = {}
    if facts.volatility is not None and facts.volatility > 0:
        found["volatility"] = limits.target_volatility * limits.equity / (facts.volatility * notional)
    if facts.p is not None and action != "HOLD":
        stake = kelly_stake(facts.p if action == "BUY" else 1 - facts.p)
        found["kelly"] = max(limits.kelly_fraction * stake, 0.0) * limits.equity / notional
    if facts.value_at_risk is not None and facts.value_at_risk > 0:
        found["value_at_risk"] = limits.var_limit * limits.equity / (facts.value_at_risk * notional)
    if margin is not None:
        found["margin"] = limits.equity / margin
    return found

"""The edge of a forecast: what it can be expected to earn at the least, against what a round turn costs."""

from dataclasses import dataclass
from typing import Final

from scipy.special import expit

from app.analysis.inputs import Terms
from app.analysis.prediction.predicted import Forecast
from app.analysis.question import Parameters

# One-sided 95 % of the normal distribution.
_Z: Final = 1.645


@dataclass(frozen=True)
class Edge:
    """What a forecast can be expected to earn, in points: side 1 up or -1 down, 0 for neither.

    `p_low` is the lower 95 % bound of the probability of the side, `gross` what it earns before `cost`; `net` is None
    where the cost is not known.
    """

    side: int
    p_low: float
    gross: float
    cost: float | None

    @property
    def net(self) -> float | None:
        """What is left after the cost."""
        return None if self.cost is None else self.gross - self.cost


def edge_of(forecast: Forecast, terms: Terms | None, parameters: Parameters) -> Edge:
    """The edge of a forecast at the lower bound of its probability (Fisher information), against a round turn's cost.

    Cost is `cost_ticks` ticks and the fee in points; None without terms.
    """
    side = (forecast.logit > 0) - (forecast.logit < 0)
    p_low = float(expit(abs(forecast.logit) - _Z * forecast.stderr))
    cost = None if terms is None else parameters.cost_ticks * terms.tick_size + parameters.fee / terms.multiplier
    return Edge(side, p_low, (2 * p_low - 1) * forecast.move, cost)

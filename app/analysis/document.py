"""The document of an analysis: what one run says, as JSON; reports, exports and pages are made of it alone."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal

from app.analysis.findings import Tree

VERSION: Final = 1
Action = Literal["BUY", "SELL", "HOLD"]
Verdict = Literal["ok", "degraded", "reject"]

NOT_PREDICTED: Final = "not_predicted"
# Why a symbol is held, or what kept it from being judged; the first that applies, in this order.
REASONS: Final[Mapping[str, str]] = {
    "no_data": "there are no ticks in the range",
    "data_rejected": "the data is too poor to predict from",
    "stale_data": "the newest data is older than what was to be predicted",
    "model_disabled": "the prediction model is switched off",
    "insufficient_data": "there is too little history to learn and to test a prediction",
    "no_skill": "out of sample the prediction does no better than the base rate",
    "model_degraded": "the latest predictions did worse than the base rate",
    "market_closed": "the market is closed, so the price that the prediction starts from cannot be had",
    "unknown_cost": "the size of a tick or the value of a point is not known, so cost cannot be weighed",
    "edge_below_cost": "what the prediction can be expected to earn does not cover the cost",
    NOT_PREDICTED: "this kind of analysis predicts nothing",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictionMade:
    """A prediction for the ledger; prices are of the contract as traded, `p` is that of a rise over `base_price`."""

    symbol: str
    source: str
    horizon: str
    asof: datetime
    target_ts: datetime
    base_price: float
    base_rate: float
    p: float
    low: float | None
    high: float | None
    gated: bool
    n_train: int
    params_hash: str
    data_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommended:
    """What is recommended for a symbol; `confidence` is 0.5 unless the skill gate was passed.

    With the reason `not_predicted` nothing was judged: no recommendation, and good for no time.
    """

    symbol: str
    action: Action
    confidence: float
    strength: float
    reason_code: str
    asof: datetime
    valid_until: datetime


@dataclass(frozen=True)
class Analysis:
    """What one run found.

    `symbols` has by symbol a tree with the parts `recommendation quality volatility trend indicators patterns levels
    regime seasonality forecast prediction risk sizing` (those that the kind of question has) and `charts`; `portfolio`
    what concerns all together, `inputs` what was read. Every figure is a `Finding`.
    """

    asof: datetime
    question: Mapping[str, Any]
    inputs: Tree
    symbols: Mapping[str, Tree]
    portfolio: Tree
    recommended: Mapping[str, Recommended]
    predictions: tuple[PredictionMade, ...] = ()
    work: Mapping[str, Any] = field(default_factory=dict)

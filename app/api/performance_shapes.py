"""What GET /api/predictions/performance takes and answers, as OpenAPI shows it."""

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.analysis.question import Horizon
from app.api.answers import Instant
from app.api.filters import Day, Symbol
from app.api.page_shapes import LIMIT_MAX, number_schema, whole_number
from app.api.query import naming_field

SESSIONS: Final = 50
Enough = Literal["ok", "insufficient_data"]
Sessions = Annotated[
    int,
    naming_field(whole_number(LIMIT_MAX)),
    number_schema(LIMIT_MAX, "sessions of each history, the newest", SESSIONS),
]


class PerformanceQuery(BaseModel):
    """Parameters of GET /api/predictions/performance."""

    model_config = ConfigDict(extra="forbid")

    symbol: Symbol | None = None
    horizon: Horizon | None = None
    model: str | None = Field(
        None, max_length=60, description="a kind of model, with or without its version", examples=["direction-logistic"]
    )
    start: Day | None = Field(None, description="the first session of each history")
    sessions: Sessions = SESSIONS


class SessionScoreAnswer(BaseModel):
    """How predictions had done when a session was over; null where there were too few outcomes."""

    session_date: str = Field(description="trading day", examples=["2025-10-09"])
    outcomes: int
    brier: float | None
    brier_skill: float | None = Field(description="against the base rate; above 0 is better")
    hit_rate: float | None
    coverage: float | None = Field(description="share of prices inside the 90 % interval")
    kupiec_p: float | None = Field(description="p of so many prices outside of it; Kupiec 1995")
    degraded: bool


class SeriesPerformanceAnswer(BaseModel):
    """How a model's predictions of a symbol at a horizon did."""

    model: str = Field(description="kind and version", examples=["direction-logistic 1"])
    model_id: int
    symbol: str
    horizon: str = Field(examples=["1h"])
    status: Enough = Field(description="insufficient_data: fewer than 30 outcomes are known")
    session_date: str = Field(description="the newest session that was scored", examples=["2025-10-09"])
    scored_at: Instant
    outcomes: int = Field(description="of predictions that were made before their time")
    degraded: bool = Field(description="nothing is recommended on these predictions")
    figures: dict[str, Any] = Field(description="findings: all, last_100, degradation; made_later counts the others")
    history: list[SessionScoreAnswer] = Field(description="the latest session first")


class PerformanceAnswer(BaseModel):
    """How predictions did, by symbol, horizon and model."""

    model_config = ConfigDict(title="Performance")

    as_of: Instant
    status: Enough
    reason: str | None = Field(description="why nothing can be told")
    performance: list[SeriesPerformanceAnswer]

"""What the endpoints of analyses take and answer, as OpenAPI shows it."""

import re
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.analysis.question import Horizon, Kind
from app.api.answers import Instant
from app.api.filters import Symbol
from app.api.page_shapes import LIMIT, IdCursor, Limit, NextCursor
from app.errors import Rejected

KEY_HEADER: Final = "Idempotency-Key"
_KEY: Final = re.compile(r"[!-~]{1,200}")


def read_key(text: str | None) -> str | None:
    """The key of an Idempotency-Key header, None without one; Rejected when it is malformed."""
    if text is not None and not _KEY.fullmatch(text):
        raise Rejected(f"{KEY_HEADER} is 1 to 200 visible characters of ASCII, such as a UUID")
    return text


Status = Literal["pending", "running", "done", "failed", "cancelled"]
Form = Literal["json", "csv", "xlsx", "html"]


class JobsQuery(BaseModel):
    """Parameters of GET /api/jobs."""

    model_config = ConfigDict(extra="forbid")

    status: Status | None = None
    symbol: Symbol | None = None
    kind: Kind | None = None
    limit: Limit = LIMIT
    cursor: IdCursor | None = None


class ResultsQuery(BaseModel):
    """Parameters of GET /api/jobs/{id}/results."""

    model_config = ConfigDict(extra="forbid")

    format: Form | None = Field(None, description="instead of Accept")


class SignalsQuery(BaseModel):
    """Parameters of GET /api/signals."""

    model_config = ConfigDict(extra="forbid")

    symbol: Symbol | None = None


class PredictionsQuery(BaseModel):
    """Parameters of GET /api/predictions."""

    model_config = ConfigDict(extra="forbid")

    symbol: Symbol | None = None
    horizon: Horizon | None = None
    resolved: bool | None = Field(None, description="with an end, that is an outcome or none ever; unset: all")
    limit: Limit = LIMIT
    cursor: IdCursor | None = None


class OrderBody(BaseModel):
    """Nothing needs to be said: {}."""

    model_config = ConfigDict(extra="forbid", title="Order")


_JOB_EXAMPLE: Final[dict[str, Any]] = {
    "id": 17,
    "kind": "full",
    "symbols": ["ES", "NQ"],
    "timeframe": "30days",
    "start_date": "2025-09-09",
    "end_date": "2025-10-09",
    "asof": None,
    "parameters": {"seed": 1, "permutations": 199},
    "status": "running",
    "stage": "volatility",
    "progress": 0.35,
    "attempt": 1,
    "error": None,
    "requested_by": "api",
    "retry_of": None,
    "worker": "analysis@desk",
    "cancel_asked": False,
    "created_at": "2025-10-09T15:30:00.000000Z",
    "started_at": "2025-10-09T15:30:00.412000Z",
    "heartbeat_at": "2025-10-09T15:30:07.412000Z",
    "finished_at": None,
    "resources": {},
}


class JobAnswer(BaseModel):
    """An analysis that was asked for, and how far it is."""

    model_config = ConfigDict(title="Job", json_schema_extra={"examples": [_JOB_EXAMPLE]})

    id: int
    kind: Kind
    symbols: list[str] = Field(examples=[["ES", "NQ"]])
    timeframe: str | None = Field(description="as it was asked for, if it was", examples=["30days"])
    start_date: str = Field(description="first trading day", examples=["2025-09-09"])
    end_date: str = Field(description="last trading day, included", examples=["2025-10-09"])
    asof: Instant | None = Field(description="the instant whose knowledge is used; null: that at which work began")
    parameters: dict[str, Any] = Field(description="with defaults filled in")
    status: Status
    stage: str = Field(description="what is being done", examples=["volatility"])
    progress: float = Field(description="part of the work that is done, 0 to 1")
    attempt: int = Field(description="how often a worker took it; a lost one is followed by one other")
    error: str | None = Field(description="why it failed")
    requested_by: str = Field(description="who asked", examples=["api"])
    retry_of: int | None = Field(description="the job that this one repeats")
    worker: str | None = Field(description="the process that took it last")
    cancel_asked: bool
    created_at: Instant
    started_at: Instant | None
    heartbeat_at: Instant | None = Field(description="when its worker last showed life")
    finished_at: Instant | None
    resources: dict[str, Any] = Field(
        description="what it took: wall_s, cpu_s, peak_mb, ticks and more",
        examples=[{"wall_s": 12.3, "peak_mb": 412.0}],
    )


class SubmittedAnswer(BaseModel):
    """The job for what was asked."""

    model_config = ConfigDict(title="SubmittedJob")

    created: bool = Field(description="false: the job was there already")
    queued: bool = Field(description="it was sent to the workers now; if not, the workers are told within a minute")
    job: JobAnswer


class JobsAnswer(BaseModel):
    """Jobs, newest first."""

    model_config = ConfigDict(title="Jobs")

    jobs: list[JobAnswer]
    next_cursor: NextCursor


class DocumentAnswer(BaseModel):
    """What an analysis found.

    Every figure is an object with value, n, status, method, window and asof, and stderr, p_value, ci, unit, label and
    reason where they apply. A value that cannot be given is null and has a reason.
    """

    model_config = ConfigDict(title="AnalysisDocument")

    version: int = Field(description="of this form")
    job: JobAnswer
    asof: Instant
    question: dict[str, Any] = Field(description="what was asked, with defaults filled in")
    inputs: dict[str, Any] = Field(description="by symbol, what was read")
    symbols: dict[str, Any] = Field(description="by symbol, its recommendation and all findings")
    portfolio: dict[str, Any] = Field(description="what concerns all symbols together")
    track_record: dict[str, Any] = Field(description="how earlier predictions did")
    work: dict[str, Any] = Field(description="what the analysis took, step by step")


class SignalAnswer(BaseModel):
    """What the newest analysis recommends for a symbol."""

    job_id: int = Field(description="of the analysis")
    symbol: str
    side: Literal["BUY", "SELL", "HOLD"]
    strength: float = Field(description="0 to 1; 0 for HOLD")
    reason_code: str = Field(description="why it is held", examples=["no_skill"])
    asof: Instant
    valid_until: Instant
    valid: bool = Field(description="valid_until has not passed")


class SignalsAnswer(BaseModel):
    """The newest signal of each symbol."""

    model_config = ConfigDict(title="Signals")

    as_of: Instant
    signals: list[SignalAnswer]


class PredictionAnswer(BaseModel):
    """One prediction of the ledger; nothing of it changes but its outcome, once."""

    id: int
    job_id: int = Field(description="of the analysis")
    model_id: int
    symbol: str
    source: str
    horizon: str = Field(examples=["1h"])
    made_at: Instant
    asof: Instant = Field(description="nothing later was known")
    target_ts: Instant = Field(description="the time that it is about")
    base_price: float = Field(description="price when it was made")
    base_rate: float = Field(description="how often the price rose in the past")
    p: float = Field(description="probability that the price is above base_price at target_ts")
    low: float | None = Field(description="lower end of the predicted range")
    high: float | None = Field(description="upper end of the predicted range")
    gated: bool = Field(description="whether the skill gate was passed")
    n_train: int = Field(description="bars that the model learned from")
    params_hash: str = Field(description="SHA-256 of the parameters")
    data_hash: str = Field(description="SHA-256 of what was read")
    outcome: Literal[0, 1] | None = Field(description="1: the price rose; 0: it did not")
    outcome_price: float | None = Field(description="price at target_ts")
    resolved_at: Instant | None
    void: str | None = Field(description="why there will be no outcome")


class PredictionsAnswer(BaseModel):
    """Predictions, the latest made first, and how those did whose outcome is known."""

    model_config = ConfigDict(title="Predictions")

    predictions: list[PredictionAnswer]
    next_cursor: NextCursor
    track_record: dict[str, Any] = Field(
        description="by symbol and horizon, of the present model, as of the newest session that was scored"
    )

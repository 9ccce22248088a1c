"""The tables of analyses: what was asked for, what came of it, and what was predicted before it was known."""

from datetime import date, datetime
from typing import Annotated, Any, Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    DateTime,
    Float,
    ForeignKey,
    Identity,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model

Number = Annotated[int, mapped_column(BigInteger, Identity(), primary_key=True)]
Instant = Annotated[datetime, mapped_column(DateTime(timezone=True))]
Facts = Annotated[dict[str, Any], mapped_column(JSONB, server_default=text("'{}'::jsonb"))]
JobNumber = Annotated[int, mapped_column(BigInteger, ForeignKey("analysis_jobs.id"))]
# Everything about all symbols together, and about the run itself, has this instead of a symbol.
WHOLE = "*"


class AnalysisJob(Model):
    """One analysis that was asked for.

    `pending` until a worker claims it, `running` while `heartbeat_at` moves, then for good `done`, `failed` (`error`
    has the reason) or `cancelled`. `attempt` counts the claims; whoever works at it holds its present number.
    `start_date` and `end_date` are trading days, both included; `timeframe` is what was asked for in words, such as
    30days, or empty.
    `asof` is the instant whose knowledge is used, null for the present one. `request_hash` is of the question: there is
    at most one unfinished job for it. `asked_hash` is of the request before defaults were filled in, the same for the
    same `idempotency_key`. `resources` tells what it took.
    """

    __tablename__ = "analysis_jobs"
    __table_args__ = (
        CheckConstraint("kind IN ('full', 'single', 'multi', 'series', 'prediction')", name="kind"),
        CheckConstraint("cardinality(symbols) BETWEEN 1 AND 32", name="symbols"),
        CheckConstraint("start_date <= end_date", name="range"),
        CheckConstraint("status IN ('pending', 'running', 'done', 'failed', 'cancelled')", name="status"),
        CheckConstraint(
            "(status IN ('done', 'failed', 'cancelled')) = (finished_at IS NOT NULL)", name="finished_at_the_end"
        ),
        CheckConstraint("status <> 'running' OR (started_at IS NOT NULL AND heartbeat_at IS NOT NULL)", name="running"),
        CheckConstraint("(status = 'failed') = (error <> '')", name="failed_with_reason"),
        CheckConstraint("progress BETWEEN 0 AND 1 AND (status <> 'done' OR progress = 1)", name="progress"),
        CheckConstraint("attempt BETWEEN 0 AND 2", name="attempt"),
        CheckConstraint("retry_of <> id", name="retry_of_another"),
        Index(
            "uq_analysis_jobs_unfinished",
            "request_hash",
            unique=True,
            postgresql_where=text("status IN ('pending', 'running')"),
        ),
        Index("ix_analysis_jobs_status_created_at", "status", "created_at"),
    )

    id: Mapped[Number]
    kind: Mapped[str] = mapped_column(String(10))
    symbols: Mapped[list[str]] = mapped_column(ARRAY(String(16)))
    timeframe: Mapped[str] = mapped_column(String(16), server_default="")
    start_date: Mapped[date] = mapped_column(Date)
    end_date: Mapped[date] = mapped_column(Date)
    asof: Mapped[Instant | None]
    parameters: Mapped[Facts]
    request_hash: Mapped[str] = mapped_column(String(64))
    asked_hash: Mapped[str] = mapped_column(String(64), server_default="")
    idempotency_key: Mapped[str | None] = mapped_column(String(200), unique=True)
    requested_by: Mapped[str] = mapped_column(String(32))
    retry_of: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("analysis_jobs.id"))
    status: Mapped[str] = mapped_column(String(10), server_default="pending")
    stage: Mapped[str] = mapped_column(String(80), server_default="")
    progress: Mapped[float] = mapped_column(Float, server_default="0")
    attempt: Mapped[int] = mapped_column(Integer, server_default="0")
    worker: Mapped[str] = mapped_column(String(120), server_default="")
    error: Mapped[str] = mapped_column(Text, server_default="")
    created_at: Mapped[Instant]
    started_at: Mapped[Instant | None]
    heartbeat_at: Mapped[Instant | None]
    cancel_asked_at: Mapped[Instant | None]
    finished_at: Mapped[Instant | None]
    resources: Mapped[Facts]


class AnalysisResult(Model):
    """What a job found: one row per symbol, and one with the scope `*` for all together and for the run.

    The columns repeat what lists and filters need of `document`, which has every finding; null where it has no number.
    """

    __tablename__ = "analysis_results"
    __table_args__ = (
        UniqueConstraint("job_id", "scope"),
        CheckConstraint("action IN ('BUY', 'SELL', 'HOLD')", name="action"),
        CheckConstraint("(scope = '*') = (action IS NULL)", name="action_per_symbol"),
        CheckConstraint("confidence BETWEEN 0.5 AND 1", name="confidence"),
        CheckConstraint("action <> 'HOLD' OR reason_code <> ''", name="hold_with_reason"),
        CheckConstraint("verdict IN ('ok', 'degraded', 'reject')", name="verdict"),
        Index("ix_analysis_results_scope_created_at", "scope", "created_at"),
    )

    id: Mapped[Number]
    job_id: Mapped[JobNumber]
    scope: Mapped[str] = mapped_column(String(16))
    asof: Mapped[Instant]
    created_at: Mapped[Instant]
    action: Mapped[str | None] = mapped_column(String(4))
    reason_code: Mapped[str] = mapped_column(String(40), server_default="")
    confidence: Mapped[float | None] = mapped_column(Float)
    trend_score: Mapped[float | None] = mapped_column(Float)
    volatility: Mapped[float | None] = mapped_column(Float)
    pattern_strength: Mapped[float | None] = mapped_column(Float)
    verdict: Mapped[str | None] = mapped_column(String(8))
    data_hash: Mapped[str] = mapped_column(String(64), server_default="")
    document: Mapped[Facts]


class PredictionModel(Model):
    """A way of predicting that the desk has; a model that is not `enabled` predicts nothing and its symbols are held.

    `performance` is how its past predictions did, over all symbols, when it was last looked at.
    """

    __tablename__ = "prediction_models"
    __table_args__ = (UniqueConstraint("kind", "version"), CheckConstraint("version > 0", name="version"))

    id: Mapped[Number]
    kind: Mapped[str] = mapped_column(String(40))
    version: Mapped[int] = mapped_column(Integer)
    description: Mapped[str] = mapped_column(Text, server_default="")
    parameters: Mapped[Facts]
    enabled: Mapped[bool] = mapped_column(server_default=text("true"))
    performance: Mapped[Facts]
    performance_at: Mapped[Instant | None]
    created_at: Mapped[Instant]


UNCHANGED: Final = "the price was the same at its time"


class Prediction(Model):
    """One prediction, kept for good: what was said at `made_at` from data up to `asof` about the time to `target_ts`.

    `p` is the probability that the price rises over `base_price`, given that it changes; `low` and `high` are the
    interval of the price at `target_ts`. The database refuses every change but one: `outcome` (1 risen, 0 fallen),
    `outcome_price` and `resolved_at` are filled once, or `void` says why they never will be.
    """

    __tablename__ = "predictions"
    __table_args__ = (
        UniqueConstraint(
            "symbol", "horizon", "asof", "model_id", "params_hash", "data_hash", name="uq_predictions_same"
        ),
        CheckConstraint("p > 0 AND p < 1", name="p"),
        CheckConstraint("low <= high", name="interval"),
        CheckConstraint("target_ts > asof AND made_at >= asof", name="times"),
        CheckConstraint("outcome IN (0, 1)", name="outcome"),
        CheckConstraint("(outcome IS NULL) = (outcome_price IS NULL)", name="outcome_price"),
        CheckConstraint("(resolved_at IS NULL) = (outcome IS NULL AND void = '')", name="resolved"),
        CheckConstraint("outcome IS NULL OR void = ''", name="void_has_no_outcome"),
        Index("ix_predictions_due", "target_ts", postgresql_where=text("resolved_at IS NULL")),
        Index("ix_predictions_symbol_asof", "symbol", "asof"),
    )

    id: Mapped[Number]
    job_id: Mapped[JobNumber]
    model_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("prediction_models.id"))
    symbol: Mapped[str] = mapped_column(String(16))
    source: Mapped[str] = mapped_column(String(16))
    horizon: Mapped[str] = mapped_column(String(8))
    made_at: Mapped[Instant]
    asof: Mapped[Instant]
    target_ts: Mapped[Instant]
    base_price: Mapped[float] = mapped_column(Float)
    base_rate: Mapped[float] = mapped_column(Float)
    p: Mapped[float] = mapped_column(Float)
    low: Mapped[float | None] = mapped_column(Float)
    high: Mapped[float | None] = mapped_column(Float)
    gated: Mapped[bool]
    n_train: Mapped[int] = mapped_column(Integer)
    params_hash: Mapped[str] = mapped_column(String(64))
    data_hash: Mapped[str] = mapped_column(String(64))
    outcome: Mapped[int | None] = mapped_column(Integer)
    outcome_price: Mapped[float | None] = mapped_column(Float)
    resolved_at: Mapped[Instant | None]
    void: Mapped[str] = mapped_column(Text, server_default="")


class PredictionScore(Model):
    """How a model's predictions of a symbol at a horizon had done when a session was over, kept for good.

    `outcomes` counts those that are known; `figures` are the findings of `app.analysis.prediction.scoring`.
    """

    __tablename__ = "prediction_scores"
    __table_args__ = (
        UniqueConstraint("model_id", "symbol", "horizon", "session_date"),
        CheckConstraint("outcomes >= 0", name="outcomes"),
        Index("ix_prediction_scores_session_date", "session_date"),
    )

    id: Mapped[Number]
    model_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("prediction_models.id"))
    symbol: Mapped[str] = mapped_column(String(16))
    horizon: Mapped[str] = mapped_column(String(8))
    session_date: Mapped[date] = mapped_column(Date)
    scored_at: Mapped[Instant]
    outcomes: Mapped[int] = mapped_column(Integer)
    degraded: Mapped[bool]
    figures: Mapped[Facts]


class Signal(Model):
    """What a job recommended for a symbol, good until `valid_until`; a HOLD has the strength 0 and a reason."""

    __tablename__ = "signals"
    __table_args__ = (
        UniqueConstraint("job_id", "symbol"),
        CheckConstraint("side IN ('BUY', 'SELL', 'HOLD')", name="side"),
        CheckConstraint("strength BETWEEN 0 AND 1 AND (side <> 'HOLD' OR strength = 0)", name="strength"),
        CheckConstraint("side <> 'HOLD' OR reason_code <> ''", name="hold_with_reason"),
        CheckConstraint("valid_until > asof", name="valid_until"),
        Index("ix_signals_symbol_asof", "symbol", "asof"),
    )

    id: Mapped[Number]
    job_id: Mapped[JobNumber]
    model_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("prediction_models.id"))
    symbol: Mapped[str] = mapped_column(String(16))
    side: Mapped[str] = mapped_column(String(4))
    strength: Mapped[float] = mapped_column(Float)
    reason_code: Mapped[str] = mapped_column(String(40), server_default="")
    asof: Mapped[Instant]
    valid_until: Mapped[Instant]


class UserSetting(Model):
    """A choice of the desk that outlives restarts, such as its capital: a default for what an analysis is not told."""

    __tablename__ = "user_settings"
    __table_args__ = (CheckConstraint("name ~ '^[a-z][a-z0-9_.]*$'", name="name"),)

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[Any] = mapped_column(JSONB)
    updated_at: Mapped[Instant]


class AdminChange(Model):
    """One change that somebody made by hand in the admin; rows are added and never changed."""

    __tablename__ = "admin_changes"
    __table_args__ = (Index("ix_admin_changes_entity_key", "entity", "key"),)

    id: Mapped[Number]
    at: Mapped[Instant]
    actor: Mapped[str] = mapped_column(String(64))
    entity: Mapped[str] = mapped_column(String(40))
    key: Mapped[str] = mapped_column(String(120))
    action: Mapped[str] = mapped_column(String(24))
    changes: Mapped[Facts]

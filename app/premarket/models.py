"""The tables of the pre-market ladder: its stages of each day, and what it came to."""

from datetime import date, datetime
from typing import Annotated, Any

from sqlalchemy import BigInteger, CheckConstraint, Date, DateTime, ForeignKey, Index, Integer, String, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model

Instant = Annotated[datetime, mapped_column(DateTime(timezone=True))]
Facts = Annotated[dict[str, Any], mapped_column(JSONB, server_default=text("'{}'::jsonb"))]
Reasons = Annotated[list[str], mapped_column(JSONB, server_default=text("'[]'::jsonb"))]
MarketName = Annotated[str, mapped_column(String(32), ForeignKey("markets.name"), primary_key=True)]
SessionDate = Annotated[date, mapped_column(Date, primary_key=True)]


class PremarketStage(Model):
    """One stage of the ladder of a trading day, and what became of it.

    `planned` until it is due, `started` while it is worked at, then for good `done`, `late` (done after its deadline),
    `failed` (begun, and nothing came of it) or `skipped`; `reasons` explain the last two, and whatever else was not as
    it should be. `asof` is the instant whose knowledge the stage uses, set once, when it begins. `jobs` has the numbers
    of its analyses by symbol, `*` for one of several symbols; `late_s` is how long after the deadline it ended.
    """

    __tablename__ = "premarket_stages"
    __table_args__ = (
        CheckConstraint(
            "stage IN ('comprehensive', 'patterns', 'predictions', 'composite', 'report', 'verify')", name="stage"
        ),
        CheckConstraint("status IN ('planned', 'started', 'done', 'late', 'failed', 'skipped')", name="status"),
        CheckConstraint(
            "(status IN ('done', 'late', 'failed', 'skipped')) = (done_at IS NOT NULL)", name="done_at_the_end"
        ),
        CheckConstraint("status = 'planned' OR status = 'skipped' OR asof IS NOT NULL", name="asof_once_begun"),
        CheckConstraint("status NOT IN ('failed', 'skipped') OR reasons <> '[]'::jsonb", name="ended_with_reason"),
        CheckConstraint("deadline_at >= planned_at", name="deadline"),
        Index("ix_premarket_stages_unfinished", "planned_at", postgresql_where=text("done_at IS NULL")),
    )

    market: Mapped[MarketName]
    session_date: Mapped[SessionDate]
    stage: Mapped[str] = mapped_column(String(16), primary_key=True)
    planned_at: Mapped[Instant]
    deadline_at: Mapped[Instant]
    status: Mapped[str] = mapped_column(String(8), server_default="planned")
    asof: Mapped[Instant | None]
    started_at: Mapped[Instant | None]
    done_at: Mapped[Instant | None]
    late_s: Mapped[int | None] = mapped_column(Integer)
    reasons: Mapped[Reasons]
    jobs: Mapped[Facts]
    detail: Mapped[Facts]


class PremarketReport(Model):
    """What the ladder of a trading day came to: its verdict, and from `made_at` on its report.

    `verdict` is null until it can be told. `document` is the report as JSON, `sha256` that of its text as it lies in
    the cache; `job_id` is the analysis that it rests on. `verified_at` is when the cache was found to hold it at the
    open.
    """

    __tablename__ = "premarket_reports"
    __table_args__ = (
        CheckConstraint("verdict IN ('READY', 'DEGRADED', 'LATE', 'MISSING')", name="verdict"),
        CheckConstraint("verdict IS NULL OR verdict = 'READY' OR reasons <> '[]'::jsonb", name="verdict_with_reason"),
        CheckConstraint("(made_at IS NULL) = (document IS NULL)", name="made_at"),
    )

    market: Mapped[MarketName]
    session_date: Mapped[SessionDate]
    opens_at: Mapped[Instant]
    verdict: Mapped[str | None] = mapped_column(String(8))
    reasons: Mapped[Reasons]
    job_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("analysis_jobs.id"))
    asof: Mapped[Instant | None]
    made_at: Mapped[Instant | None]
    document: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    sha256: Mapped[str] = mapped_column(Text, server_default="")
    verified_at: Mapped[Instant | None]

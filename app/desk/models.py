"""The desk's tables: markets, what is to be done at their opens and closes, and what is known of each session."""

from datetime import date, datetime
from typing import Annotated, Any

from sqlalchemy import BigInteger, CheckConstraint, Date, DateTime, ForeignKey, Index, Integer, String, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model

Instant = Annotated[datetime, mapped_column(DateTime(timezone=True))]
Facts = Annotated[dict[str, Any], mapped_column(JSONB, server_default=text("'{}'::jsonb"))]
MarketName = Annotated[str, mapped_column(String(32), ForeignKey("markets.name"), primary_key=True)]
SessionDate = Annotated[date, mapped_column(Date, primary_key=True)]


class Market(Model):
    """A market whose calendar Thor has; where it is not `automated`, its opens and closes are left to the trader."""

    __tablename__ = "markets"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    calendar: Mapped[str] = mapped_column(String(32), unique=True)
    timezone: Mapped[str] = mapped_column(String(40))
    automated: Mapped[bool] = mapped_column(server_default=text("true"))


class MarketEvent(Model):
    """One open or close of a market's session, and what became of it.

    `planned` until it is due, `started` while it is worked at, then for good `done`, `late` (done, but begun later than
    it should have been) or `skipped`, which `reason` explains; a close that came before the end of its session, because
    the calendar has put that off, is planned again. `late_s` is how long after `due_at` it was done, and
    `detail` what was done.
    """

    __tablename__ = "market_events"
    __table_args__ = (
        CheckConstraint("event IN ('open', 'close')", name="event"),
        CheckConstraint("status IN ('planned', 'started', 'done', 'late', 'skipped')", name="status"),
        CheckConstraint("(status IN ('done', 'late', 'skipped')) = (done_at IS NOT NULL)", name="done_at_the_end"),
        CheckConstraint("status <> 'skipped' OR reason <> ''", name="skipped_with_reason"),
        Index("ix_market_events_unfinished", "due_at", postgresql_where=text("done_at IS NULL")),
    )

    market: Mapped[MarketName]
    session_date: Mapped[SessionDate]
    event: Mapped[str] = mapped_column(String(8), primary_key=True)
    due_at: Mapped[Instant]
    status: Mapped[str] = mapped_column(String(8), server_default="planned")
    reason: Mapped[str] = mapped_column(Text, server_default="")
    started_at: Mapped[Instant | None]
    done_at: Mapped[Instant | None]
    late_s: Mapped[int | None] = mapped_column(Integer)
    detail: Mapped[Facts]


class MarketDataSnapshot(Model):
    """What is known of a market's session: its hours, how it began, and, from `completed_at` on, what came of it.

    `baseline` has the last price of the session before by symbol, `by_symbol` the ticks of this one, `quality` its
    figures: while the session runs those of the last look at the data, afterwards those of the whole session.
    """

    __tablename__ = "market_data_snapshots"
    __table_args__ = (
        CheckConstraint("closes_at > opens_at", name="hours"),
        CheckConstraint("ticks >= 0 AND symbols >= 0", name="counts"),
    )

    market: Mapped[MarketName]
    session_date: Mapped[SessionDate]
    opens_at: Mapped[Instant]
    closes_at: Mapped[Instant]
    created_at: Mapped[Instant]
    completed_at: Mapped[Instant | None]
    ticks: Mapped[int] = mapped_column(BigInteger, server_default="0")
    symbols: Mapped[int] = mapped_column(Integer, server_default="0")
    first_ts: Mapped[Instant | None]
    last_ts: Mapped[Instant | None]
    baseline: Mapped[Facts]
    by_symbol: Mapped[Facts]
    quality: Mapped[Facts]


class SessionCertificate(Model):
    """What was proved of a market's session when it was over.

    `complete`: every figure holds and nothing is missing. `incomplete`: every figure holds, and `reasons` tell what is
    missing and can not come any more. `failed`: `reasons` tell which figure does not hold.
    """

    __tablename__ = "session_certificates"
    __table_args__ = (CheckConstraint("verdict IN ('complete', 'incomplete', 'failed')", name="verdict"),)

    market: Mapped[MarketName]
    session_date: Mapped[SessionDate]
    verdict: Mapped[str] = mapped_column(String(10))
    reasons: Mapped[list[str]] = mapped_column(JSONB, server_default=text("'[]'::jsonb"))
    figures: Mapped[Facts]
    files: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'::jsonb"))
    made_at: Mapped[Instant]

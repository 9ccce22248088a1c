"""The tables of alerts: what is or was wrong, and the messages about it."""

from datetime import datetime
from typing import Annotated, Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model

Number = Annotated[int, mapped_column(BigInteger, Identity(), primary_key=True)]
Instant = Annotated[datetime, mapped_column(DateTime(timezone=True))]
Facts = Annotated[dict[str, Any], mapped_column(JSONB, server_default=text("'{}'::jsonb"))]


class Alert(Model):
    """Something that is wrong, from `raised_at` until `resolved_at`.

    `rule` found it of `subject`, such as a source or a trading day; of both together there is one unresolved alert at
    most. `seen_at` is when the rule last found it so, `clear_since` since when it does not. It is resolved by the rule,
    once it has been clear for long enough, or by hand. Who acknowledges it says that somebody sees to it.
    """

    __tablename__ = "alerts"
    __table_args__ = (
        CheckConstraint("severity IN ('info', 'warning', 'critical')", name="severity"),
        CheckConstraint("(acknowledged_at IS NULL) = (acknowledged_by = '')", name="acknowledged_by_somebody"),
        CheckConstraint("(resolved_at IS NULL) = (resolved_by = '')", name="resolved_by_somebody"),
        Index("uq_alerts_unresolved", "rule", "subject", unique=True, postgresql_where=text("resolved_at IS NULL")),
        Index("ix_alerts_raised_at", "raised_at"),
    )

    id: Mapped[Number]
    rule: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(120), server_default="")
    severity: Mapped[str] = mapped_column(String(8))
    detail: Mapped[str] = mapped_column(Text)
    facts: Mapped[Facts]
    raised_at: Mapped[Instant]
    seen_at: Mapped[Instant]
    clear_since: Mapped[Instant | None]
    acknowledged_at: Mapped[Instant | None]
    acknowledged_by: Mapped[str] = mapped_column(String(64), server_default="")
    note: Mapped[str] = mapped_column(Text, server_default="")
    resolved_at: Mapped[Instant | None]
    resolved_by: Mapped[str] = mapped_column(String(64), server_default="")


class AlertDelivery(Model):
    """One message about an alert through one channel: that it was `raised`, became worse (`escalated`) or is over
    (`resolved`).

    It is sent once it is `due_at`, again after a failure, and given up after a number of `attempts`; whoever sends it
    has it for itself until `claimed_until`. `gave_up_at` is when it ended without being sent: after failures, of which
    `error` is the last, or because nobody has to hear it any more, where `dropped` says why.
    """

    __tablename__ = "alert_deliveries"
    __table_args__ = (
        UniqueConstraint("alert_id", "channel", "event", "severity"),
        CheckConstraint("event IN ('raised', 'escalated', 'resolved')", name="event"),
        CheckConstraint("num_nonnulls(sent_at, gave_up_at) <= 1", name="one_end"),
        Index(
            "ix_alert_deliveries_due",
            "due_at",
            postgresql_where=text("sent_at IS NULL AND gave_up_at IS NULL"),
        ),
    )

    id: Mapped[Number]
    alert_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("alerts.id"))
    channel: Mapped[str] = mapped_column(String(16))
    event: Mapped[str] = mapped_column(String(10))
    severity: Mapped[str] = mapped_column(String(8))
    due_at: Mapped[Instant]
    attempts: Mapped[int] = mapped_column(Integer, server_default="0")
    claimed_until: Mapped[Instant | None]
    sent_at: Mapped[Instant | None]
    gave_up_at: Mapped[Instant | None]
    dropped: Mapped[str] = mapped_column(Text, server_default="")
    error: Mapped[str] = mapped_column(Text, server_default="")

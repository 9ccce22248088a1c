"""How alerts and the messages about them are shown to clients."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.alerts.models import Alert, AlertDelivery
from app.alerts.rules import RULES
from app.clock import instant_text


def alert_form(alert: Alert) -> dict[str, Any]:
    """An alert as JSON has it; nobody and never are null."""
    rule = RULES.get(alert.rule)
    return {
        "id": alert.id,
        "rule": alert.rule,
        "title": rule.title if rule else alert.rule,
        "subject": alert.subject,
        "severity": alert.severity,
        "detail": alert.detail,
        "facts": alert.facts,
        "raised_at": instant_text(alert.raised_at),
        "seen_at": instant_text(alert.seen_at),
        "clear_since": _text(alert.clear_since),
        "acknowledged_at": _text(alert.acknowledged_at),
        "acknowledged_by": alert.acknowledged_by or None,
        "note": alert.note or None,
        "resolved_at": _text(alert.resolved_at),
        "resolved_by": alert.resolved_by or None,
    }


def delivery_form(delivery: AlertDelivery) -> dict[str, Any]:
    """A message about an alert as JSON has it."""
    return {
        "id": delivery.id,
        "channel": delivery.channel,
        "event": delivery.event,
        "severity": delivery.severity,
        "due_at": instant_text(delivery.due_at),
        "attempts": delivery.attempts,
        "sent_at": _text(delivery.sent_at),
        "gave_up_at": _text(delivery.gave_up_at),
        "dropped": delivery.dropped or None,
        "error": delivery.error or None,
    }


def deliveries_of(session: Session, number: int) -> Sequence[AlertDelivery]:
    """The messages about an alert in the order in which they were written down."""
    query = select(AlertDelivery).where(AlertDelivery.alert_id == number).order_by(AlertDelivery.id)
    return session.scalars(query).all()


def _text(at: datetime | None) -> str | None:
    return None if at is None else instant_text(at)

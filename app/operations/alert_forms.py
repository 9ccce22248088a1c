"""The messages about an alert, and how they are shown to clients."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.alerts.models import AlertDelivery
from app.clock import brief_text


def deliveries_of(session: Session, number: int) -> Sequence[AlertDelivery]:
    """The messages about an alert in the order in which they were written down."""
    query = select(AlertDelivery).where(AlertDelivery.alert_id == number).order_by(AlertDelivery.id)
    return session.scalars(query).all()


def delivery_form(delivery: AlertDelivery) -> dict[str, Any]:
    """A message about an alert as JSON has it; instants in UTC."""
    return {
        "id": delivery.id,
        "channel": delivery.channel,
        "event": delivery.event,
        "severity": delivery.severity,
        "due_at": brief_text(delivery.due_at),
        "attempts": delivery.attempts,
        "sent_at": _told(delivery.sent_at),
        "gave_up_at": _told(delivery.gave_up_at),
        "dropped": delivery.dropped,
        "error": delivery.error,
    }


def _told(at: datetime | None) -> str | None:
    return None if at is None else brief_text(at)

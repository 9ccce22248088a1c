"""Messages about alerts, written down in the transaction that changes the alert; sending them is another's work.

Nothing here commits.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final, Literal

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.alerts.delivery_plan import plan_of
from app.alerts.models import Alert, AlertDelivery

MessageEvent = Literal["raised", "escalated", "resolved"]
# Whoever asks for a test of a channel hears by himself what came of it.
_UNTOLD: Final = "channel_test"
_OF_CHANNEL: Final = "alert_channel"


def write_message(session: Session, alert: Alert, event: MessageEvent, now: datetime) -> None:
    """Write down that an alert was raised or became worse, for each channel of the session's plan that tells of it.

    A channel is never asked to tell that it fails.
    """
    plan = plan_of(session)
    if alert.rule == _UNTOLD or not plan.is_told(alert.severity):
        return
    failing = alert.subject if alert.rule == _OF_CHANNEL else None
    _write(session, alert, event, (channel for channel in plan.channels if channel != failing), now)


def write_resolved(session: Session, alert: Alert, now: datetime) -> None:
    """Write down that an alert is over, for each channel through which somebody heard of it."""
    heard = select(AlertDelivery.channel).where(
        AlertDelivery.alert_id == alert.id, AlertDelivery.event != "resolved", AlertDelivery.sent_at.is_not(None)
    )
    _write(session, alert, "resolved", sorted(set(session.scalars(heard))), now)


def drop_messages(session: Session, alert: Alert, reason: str, now: datetime) -> None:
    """Give up what was not sent yet of an alert's being raised or becoming worse."""
    unsent = update(AlertDelivery).where(
        AlertDelivery.alert_id == alert.id,
        AlertDelivery.event != "resolved",
        AlertDelivery.sent_at.is_(None),
        AlertDelivery.gave_up_at.is_(None),
    )
    session.execute(unsent.values(gave_up_at=now, dropped=reason))


def _write(session: Session, alert: Alert, event: MessageEvent, channels: Iterable[str], now: datetime) -> None:
    due_at = plan_of(session).due_at(alert.severity, now)
    told = {"alert_id": alert.id, "event": event, "severity": alert.severity, "due_at": due_at}
    rows = [{**told, "channel": channel} for channel in channels]
    if rows:
        session.execute(insert(AlertDelivery).values(rows).on_conflict_do_nothing())

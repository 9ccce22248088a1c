"""Messages on their way: whose turn it is, who sends it, and what came of it. Nothing here commits.

A message is sent at least once: who was killed after sending it did not note so, and another sends it again, under the
same id.
"""

import random
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import and_, or_, select, update
from sqlalchemy.orm import Session
from sqlalchemy.sql import ColumnElement

from app.alerts.delivery_plan import plan_of
from app.alerts.messages import Message, message_of
from app.alerts.models import Alert, AlertDelivery
from app.alerts.outbox import write_resolved
from app.alerts.rules import Condition
from app.alerts.store import raise_alert, resolve_condition

LEASE: Final = timedelta(seconds=60)
MOST_ATTEMPTS: Final = 8
WAITS_S: Final = (30, 60, 120, 300, 600, 1800, 1800)
JITTER: Final = 0.2
_ERROR_LETTERS: Final = 500
_RULE: Final = "alert_channel"
_LOST: Final = "whoever sent it did not come to an end"


@dataclass(frozen=True)
class Claim:
    """The right to send a message through a channel, for as long as the lease lasts."""

    delivery_id: int
    alert_id: int
    attempt: int
    channel: str
    message: Message


def is_delivery_due(session: Session, now: datetime) -> bool:
    """Whether a message is to be sent that nobody is sending."""
    return session.scalar(select(AlertDelivery.id).where(_is_due(now)).limit(1)) is not None


def drop_unreachable(session: Session, channels: Collection[str], now: datetime) -> int:
    """Give up the messages that are due for channels which are not set up any more; returns how many."""
    unreachable = update(AlertDelivery).where(_is_due(now), AlertDelivery.channel.not_in(channels))
    values = {"gave_up_at": now, "dropped": "the channel is not set up any more"}
    return len(session.scalars(unreachable.values(values).returning(AlertDelivery.id)).all())


def claim_delivery(session: Session, channels: Collection[str], now: datetime) -> Claim | None:
    """Take the message whose turn it is, critical ones first; None when there is none for these channels.

    Of several who try at the same time each gets another, and nobody waits. Who takes it has it for `LEASE`.
    """
    query = (
        select(AlertDelivery)
        .where(_is_due(now), AlertDelivery.channel.in_(channels))
        .order_by((AlertDelivery.severity == "critical").desc(), AlertDelivery.due_at, AlertDelivery.id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    delivery = session.scalar(query)
    if delivery is None:
        return None
    delivery.attempts, delivery.claimed_until = delivery.attempts + 1, now + LEASE
    alert = session.get_one(Alert, delivery.alert_id, populate_existing=True)
    session.flush()
    return Claim(delivery.id, alert.id, delivery.attempts, delivery.channel, message_of(alert, delivery))


def note_sent(session: Session, claim: Claim, now: datetime) -> None:
    """Note that a message was sent, also one that was dropped meanwhile: that its alert is over is then told too.

    What was said of the channel's failing is over.
    """
    # First, in the order in which all lock alerts: by the names of their rules.
    resolve_condition(session, _RULE, claim.channel, now)
    alert, delivery = _locked(session, claim)
    delivery.sent_at, delivery.gave_up_at, delivery.dropped, delivery.error = now, None, "", ""
    delivery.claimed_until = None
    session.flush()
    if alert.resolved_at is not None and delivery.event != "resolved":
        write_resolved(session, alert, now)


def note_failed(
    session: Session,
    claim: Claim,
    error: str,
    now: datetime,
    *,
    for_good: bool = False,
    chance: Callable[[], float] = random.random,
) -> None:
    """Note that a message could not be sent; it is tried again later, and given up `for_good` or after
    `MOST_ATTEMPTS`, which raises the alert `alert_channel`.

    `error` is kept and shown: it must tell no secret. Nothing is noted of a message that another has taken, or that was
    dropped.
    """
    is_last = for_good or claim.attempt >= MOST_ATTEMPTS
    if is_last:
        raise_alert(session, _failure(claim.channel, claim.alert_id, error), now)
    _, delivery = _locked(session, claim)
    if delivery.attempts != claim.attempt or delivery.sent_at or delivery.gave_up_at:
        return
    delivery.error, delivery.claimed_until = error[:_ERROR_LETTERS], None
    if is_last:
        delivery.gave_up_at = now
    else:
        again_at = now + timedelta(seconds=wait_s(claim.attempt, chance))
        delivery.due_at = plan_of(session).due_at(delivery.severity, again_at)
    session.flush()


def wait_s(attempt: int, chance: Callable[[], float] = random.random) -> float:
    """Seconds until the attempt after the one numbered `attempt`, from 1 on: 30 s to 30 min, a fifth more or less."""
    return WAITS_S[min(attempt, len(WAITS_S)) - 1] * (1 + JITTER * (2 * chance() - 1))


def give_up_lost(session: Session, now: datetime) -> int:
    """Give up the messages at whose last attempt the sender was lost; returns how many."""
    lost = select(AlertDelivery).where(_is_open(), _is_free(now), AlertDelivery.attempts >= MOST_ATTEMPTS)
    found = session.scalars(lost.with_for_update(skip_locked=True)).all()
    for delivery in found:
        delivery.gave_up_at, delivery.error = now, delivery.error or _LOST
        raise_alert(session, _failure(delivery.channel, delivery.alert_id, delivery.error), now)
    return len(found)


def _failure(channel: str, alert_id: int, error: str) -> Condition:
    detail = f"the message about alert {alert_id} was given up: {error}; mend it, then `flask alerts --test={channel}`"
    return Condition(_RULE, channel, detail, facts={"channel": channel, "alert": alert_id})


def _locked(session: Session, claim: Claim) -> tuple[Alert, AlertDelivery]:
    # The alert first, as all who change one do.
    alert = session.get_one(Alert, claim.alert_id, with_for_update=True, populate_existing=True)
    return alert, session.get_one(AlertDelivery, claim.delivery_id, with_for_update=True, populate_existing=True)


def _is_open() -> ColumnElement[bool]:
    return and_(AlertDelivery.sent_at.is_(None), AlertDelivery.gave_up_at.is_(None))


def _is_free(now: datetime) -> ColumnElement[bool]:
    return or_(AlertDelivery.claimed_until.is_(None), AlertDelivery.claimed_until <= now)


def _is_due(now: datetime) -> ColumnElement[bool]:
    return and_(_is_open(), AlertDelivery.due_at <= now, _is_free(now))

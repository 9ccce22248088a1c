"""Rules of the desk: opens and closes that are overdue, and sessions that could not be certified."""

from collections.abc import Sequence
from datetime import datetime

from app.alerts.rules import Condition
from app.desk.models import MarketEvent, SessionCertificate
from app.operations.alerting.policy import AlertPolicy
from app.operations.session_health import failed_sessions, overdue_events
from app.stores import Stores


def find_overdue(stores: Stores, _policy: AlertPolicy, now: datetime) -> Sequence[Condition]:
    """Opens and closes that are overdue by 15 minutes."""
    with stores.sessions() as session:
        return [_overdue(event) for event in overdue_events(stores, session, now)]


def find_failed(stores: Stores, _policy: AlertPolicy, now: datetime) -> Sequence[Condition]:
    """Sessions of the last week that could not be certified."""
    with stores.sessions() as session:
        return [_failed(one) for one in failed_sessions(session, now)]


def _overdue(event: MarketEvent) -> Condition:
    since = f"{event.due_at:%Y-%m-%d %H:%M} UTC"
    detail = f"the {event.event} of {event.market} on {event.session_date} was due at {since}, and is {event.status}"
    subject = f"{event.market} {event.session_date} {event.event}"
    facts = {"due_at": event.due_at.isoformat(), "status": event.status}
    return Condition("session_overdue", subject, f"{detail}: see `flask status`", facts=facts)


def _failed(one: SessionCertificate) -> Condition:
    subject = f"{one.market} {one.session_date}"
    detail = f"{subject} could not be certified: {'; '.join(one.reasons[:3])}: see `flask backfill-session --help`"
    return Condition("session_failed", subject, detail, facts={"reasons": list(one.reasons)})

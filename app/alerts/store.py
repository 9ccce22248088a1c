"""Alerts as rows: raised once, touched while they last, acknowledged, resolved. Nothing here commits."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from app.alerts.models import Alert
from app.alerts.rules import Condition


@dataclass(frozen=True)
class Changes:
    """What a look at the conditions changed."""

    raised: Sequence[Alert] = ()
    escalated: Sequence[Alert] = ()
    resolved: Sequence[Alert] = ()


def raise_alert(session: Session, condition: Condition, now: datetime) -> Alert:
    """Raise an alert, or touch the unresolved one of the same rule and subject; a graver condition escalates it.

    Messages about what is new are written down for the channels.
    """
    raise NotImplementedError


def note_conditions(
    session: Session, conditions: Collection[Condition], checked: Collection[str], now: datetime
) -> Changes:
    """Raise and touch alerts as `raise_alert`, and resolve those of the `checked` rules whose condition is gone.

    That is once it has been gone for the rule's `clear_after`; one that is back before goes on. Rules that could not be
    checked leave their alerts alone.
    """
    raise NotImplementedError


def acknowledge_alert(session: Session, number: int, now: datetime, *, by: str, note: str = "") -> Alert:
    """Note that somebody sees to an alert; done again, the first one stays. NotFound, or Conflict once it is over."""
    raise NotImplementedError


def resolve_alert(session: Session, number: int, now: datetime, *, by: str, note: str = "") -> Alert:
    """End an alert by hand; NotFound, or Conflict once it is over. Its rule raises another one if it finds it again."""
    raise NotImplementedError


def list_alerts(
    session: Session,
    *,
    unresolved: bool | None = None,
    rule: str | None = None,
    severity: str | None = None,
    before: int | None = None,
    limit: int = 100,
) -> list[Alert]:
    """Alerts, the latest raised first: those that last or not, of a rule, of a severity, with a lower number."""
    raise NotImplementedError

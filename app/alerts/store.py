"""Alerts as rows: raised once, touched while they last, acknowledged, resolved. Nothing here commits."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import Select, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.alerts.announcing import announce_raised, announce_resolved
from app.alerts.delivery_plan import rank
from app.alerts.models import Alert
from app.alerts.outbox import drop_messages, write_message, write_resolved
from app.alerts.rules import RULES, Condition, severity_of
from app.errors import Conflict, NotFound, Rejected, Unavailable

BY_RULE: Final = "rule"
_SUBJECT_LETTERS: Final = 120
_ACTOR_LETTERS: Final = 64
_TRIES: Final = 5
_Change = Literal["raised", "escalated", "touched"]


@dataclass(frozen=True)
class Changes:
    """What a look at the conditions changed."""

    raised: Sequence[Alert] = ()
    escalated: Sequence[Alert] = ()
    resolved: Sequence[Alert] = ()


def raise_alert(session: Session, condition: Condition, now: datetime) -> Alert:
    """Raise an alert, or touch the unresolved one of the same rule and subject; a graver condition escalates it.

    A less grave one leaves the severity as it was: an alert tells the worst of what it was about while it lasts. Also
    when several processes raise it at once there is one alert, one line in the log and one message for each channel.
    Messages about what is new are written down for the channels of the session's plan; an acknowledged alert that
    escalates is told of again, and stays acknowledged.
    """
    return _raise(session, condition, now)[0]


def note_conditions(
    session: Session, conditions: Collection[Condition], checked: Collection[str], now: datetime
) -> Changes:
    """Raise and touch alerts as `raise_alert`, and resolve those of the `checked` rules whose condition is gone.

    That is once it has been gone for the rule's `clear_after`; one that is back before goes on. Rules that could not be
    checked leave their alerts alone. Events are over by the time alone, whether or not they are among the checked.
    """
    worst = {}
    for condition in sorted(conditions, key=lambda one: rank(severity_of(one))):
        worst[_key(condition)] = condition
    # Both in one order, so that two that look at the same time never wait for each other.
    lasting = session.scalars(_lasting().order_by(Alert.rule, Alert.subject).with_for_update()).all()
    done = [_raise(session, worst[key], now) for key in sorted(worst)]
    gone = [alert for alert in lasting if (alert.rule, alert.subject) not in worst]
    resolved = [alert for alert in gone if _is_over(alert, checked, now)]
    for alert in resolved:
        _resolve(session, alert, now, BY_RULE)
    session.flush()
    raised, escalated = ([alert for alert, change in done if change == word] for word in ("raised", "escalated"))
    return Changes(raised, escalated, resolved)


def acknowledge_alert(session: Session, number: int, now: datetime, *, by: str, note: str = "") -> Alert:
    """Note that somebody sees to an alert; done again, the first one stays. NotFound, or Conflict once it is over.

    What was not sent yet of its being raised is not sent any more.
    """
    alert = _locked(session, number)
    if alert.acknowledged_at is None:
        alert.acknowledged_at, alert.acknowledged_by = now, _actor(by)
        alert.note = _cleaned(note)
        drop_messages(session, alert, f"acknowledged by {alert.acknowledged_by}", now)
    session.flush()
    return alert


def resolve_alert(session: Session, number: int, now: datetime, *, by: str, note: str = "") -> Alert:
    """End an alert by hand; NotFound, or Conflict once it is over. Its rule raises another one if it finds it again."""
    alert = _locked(session, number)
    alert.note = _cleaned(note) or alert.note
    _resolve(session, alert, now, _actor(by))
    session.flush()
    return alert


def resolve_condition(session: Session, rule: str, subject: str, now: datetime) -> Alert | None:
    """End the unresolved alert of a rule and subject, as its rule does at once; None when there is none."""
    alert = session.scalar(_lasting().where(Alert.rule == rule, Alert.subject == subject).with_for_update())
    if alert is not None:
        _resolve(session, alert, now, BY_RULE)
        session.flush()
    return alert


def find_alert(session: Session, number: int) -> Alert:
    """An alert by its number; NotFound when there is none."""
    alert = session.scalar(_one(number))
    if alert is None:
        raise NotFound(f"there is no alert {number}: `flask alerts --all` lists them")
    return alert


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
    query = select(Alert).order_by(Alert.id.desc()).limit(limit)
    if unresolved is not None:
        query = query.where(Alert.resolved_at.is_(None) if unresolved else Alert.resolved_at.is_not(None))
    if rule is not None:
        query = query.where(Alert.rule == rule)
    if severity is not None:
        query = query.where(Alert.severity == severity)
    if before is not None:
        query = query.where(Alert.id < before)
    return list(session.scalars(query))


def _raise(session: Session, condition: Condition, now: datetime) -> tuple[Alert, _Change]:
    rule, subject = _key(condition)
    condition = replace(condition, rule=rule, subject=subject, detail=_cleaned(condition.detail))
    for _try in range(_TRIES):
        # First, as an insert that finds one there takes a number all the same.
        alert = session.scalar(_lasting().where(Alert.rule == rule, Alert.subject == subject).with_for_update())
        if alert is not None:
            return alert, _touch(session, alert, condition, now)
        alert = _insert(session, condition, now)
        if alert is not None:
            announce_raised(session, alert)
            write_message(session, alert, "raised", now)
            return alert, "raised"
        # Another process has raised it since.
    raise Unavailable(f"the alert {rule} [{subject}] is raised and resolved all the time: try again")


def _insert(session: Session, condition: Condition, now: datetime) -> Alert | None:
    told: dict[str, Any] = {
        "rule": condition.rule,
        "subject": condition.subject,
        "severity": severity_of(condition),
        "detail": condition.detail,
        "facts": dict(condition.facts),
        "raised_at": now,
        "seen_at": now,
    }
    unless_known = (
        insert(Alert)
        .values(told)
        .on_conflict_do_nothing(index_elements=[Alert.rule, Alert.subject], index_where=Alert.resolved_at.is_(None))
    )
    return session.scalar(unless_known.returning(Alert))


def _touch(session: Session, alert: Alert, condition: Condition, now: datetime) -> _Change:
    alert.detail, alert.facts = condition.detail, dict(condition.facts)
    alert.seen_at, alert.clear_since = max(alert.seen_at, now), None
    change: _Change = "touched"
    if rank(severity_of(condition)) > rank(alert.severity):
        alert.severity = severity_of(condition)
        announce_raised(session, alert)
        drop_messages(session, alert, "it became worse before it was sent", now)
        write_message(session, alert, "escalated", now)
        change = "escalated"
    session.flush()
    return change


def _is_over(alert: Alert, checked: Collection[str], now: datetime) -> bool:
    rule = RULES.get(alert.rule)
    if rule is None:  # One that an older version had: nothing finds it again.
        return True
    if rule.event:
        return now - alert.seen_at >= rule.clear_after
    if alert.rule not in checked:
        return False
    alert.clear_since = alert.clear_since or now
    return now - alert.clear_since >= rule.clear_after


def _resolve(session: Session, alert: Alert, now: datetime, by: str) -> None:
    alert.resolved_at, alert.resolved_by = now, by
    drop_messages(session, alert, "over before it was sent", now)
    write_resolved(session, alert, now)
    announce_resolved(session, alert)


def _lasting() -> Select[Alert]:
    return select(Alert).where(Alert.resolved_at.is_(None)).execution_options(populate_existing=True)


def _one(number: int) -> Select[Alert]:
    return select(Alert).where(Alert.id == number).execution_options(populate_existing=True)


def _locked(session: Session, number: int) -> Alert:
    alert = session.scalar(_one(number).with_for_update())
    if alert is None:
        return find_alert(session, number)
    if alert.resolved_at is not None:
        raise Conflict(f"alert {number} is over since {alert.resolved_at:%Y-%m-%d %H:%M} UTC: nothing is to be done")
    return alert


def _key(condition: Condition) -> tuple[str, str]:
    return RULES[condition.rule].name, _cleaned(condition.subject)[:_SUBJECT_LETTERS]


def _actor(by: str) -> str:
    name = _cleaned(by)[:_ACTOR_LETTERS]
    if not name:
        raise Rejected("say who does it, in letters that can be printed")
    return name


def _cleaned(text: str) -> str:
    # A line, without what the database refuses or a terminal obeys.
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())

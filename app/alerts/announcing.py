"""Lines of the log about alerts, written once what they tell is committed, and never of what was rolled back."""

import logging
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import event
from sqlalchemy.orm import Session, SessionTransaction

from app.alerts.models import Alert
from app.alerts.rules import RULES

log = logging.getLogger(__name__)

_WAITING: Final = "alert_lines"
_LEVELS: Final = {"info": logging.INFO, "warning": logging.WARNING, "critical": logging.ERROR}


@dataclass(frozen=True)
class _Line:
    level: int
    text: str
    within: SessionTransaction | None


def announce_raised(session: Session, alert: Alert) -> None:
    """Have the log say, after the commit, that an alert was raised or became worse."""
    _wait(session, _LEVELS[alert.severity], f"alert {alert.id}, {alert.severity}: {_what(alert)}: {alert.detail}")


def announce_resolved(session: Session, alert: Alert) -> None:
    """Have the log say, after the commit, that an alert is over."""
    _wait(session, logging.INFO, f"alert {alert.id} is over ({alert.resolved_by}): {_what(alert)}")


def _what(alert: Alert) -> str:
    title = RULES[alert.rule].title if alert.rule in RULES else alert.rule
    return f"{title} [{alert.subject}]" if alert.subject else title


def _wait(session: Session, level: int, text: str) -> None:
    lines = session.info.get(_WAITING)
    if lines is None:
        lines = session.info[_WAITING] = []
        event.listen(session, "after_commit", _say)
        event.listen(session, "after_soft_rollback", _forget)
    lines.append(_Line(level, text, session.get_nested_transaction() or session.get_transaction()))


def _say(session: Session) -> None:
    if session.in_nested_transaction():  # A savepoint is kept, and may yet be lost with what is around it.
        return
    lines: list[_Line] = session.info[_WAITING]
    said, lines[:] = list(lines), []
    for line in said:
        log.log(line.level, "%s", line.text)


def _forget(session: Session, ended: SessionTransaction, *_: Any) -> None:
    lines: list[_Line] = session.info[_WAITING]
    lines[:] = [line for line in lines if ended.nested and line.within is not ended]

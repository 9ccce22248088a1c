"""The end of a stage that nothing came of, which somebody has to know."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy.orm import Session

from app.alerts.rules import Condition
from app.premarket.definition import StageKey
from app.premarket.rows import end_stage

Alert = Callable[[Session, Condition, datetime], object]
RULE: Final = "premarket_failure"


def fail_stage(
    session: Session,
    key: StageKey,
    now: datetime,
    reasons: Sequence[str],
    alert: Alert,
    *,
    detail: Mapping[str, Any] | None = None,
) -> bool:
    """End a stage as failed, with its alert; False, and nothing done, when it has ended before. There is a reason."""
    if not end_stage(session, key, now, "failed", reasons=reasons, detail=detail):
        return False
    # One for all stages of a day, which mostly fail for the same reason.
    subject = f"{key.market} {key.day}"
    advice = f"{key.stage}: {reasons[0]}; see `flask premarket status --date={key.day}`"
    alert(session, Condition(RULE, subject, advice, facts={"stage": key.stage, "reasons": list(reasons)}), now)
    return True


def untold(_session: Session, _condition: Condition, _now: datetime) -> None:
    """In the place of the alert of a stage without which there is no report: the verdict, MISSING, has its own."""

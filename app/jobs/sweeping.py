"""Finding the jobs that no message and no worker sees to. Nothing here commits."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from app.jobs.claims import LOST_AFTER, is_over, is_silent
from app.jobs.models import AnalysisJob

# Its message is on the way before.
WAITS_FOR: Final = timedelta(seconds=30)
MOST_SENT: Final = 20


@dataclass(frozen=True)
class Forsaken:
    """Jobs to be sent to the workers, the oldest first, and how many have to be ended."""

    to_send: list[int]
    to_end: int


def forsaken_jobs(session: Session, now: datetime, lost_after: timedelta = LOST_AFTER) -> Forsaken:
    """Jobs that have waited for a while, and those whose worker shows no life; some of the latter are over."""
    is_lost = is_silent(now - lost_after)
    waits = and_(AnalysisJob.status == "pending", AnalysisJob.created_at < now - WAITS_FOR)
    to_send = select(AnalysisJob.id).where(or_(waits, and_(is_lost, ~is_over()))).order_by(AnalysisJob.id)
    to_end = select(func.count()).select_from(AnalysisJob).where(is_lost, is_over())
    return Forsaken(list(session.scalars(to_send.limit(MOST_SENT))), session.scalar(to_end) or 0)

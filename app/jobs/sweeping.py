"""Finding the jobs that no message and no worker sees to. Nothing here commits."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from app.jobs.claims import LOST_AFTER, is_over, is_silent
from app.jobs.models import AnalysisJob
from app.jobs.urgency import is_urgent

# Its message is on the way before.
WAITS_FOR: Final = timedelta(seconds=30)
MOST_SENT: Final = 20


@dataclass(frozen=True)
class Unattended:
    """A job to be sent to the workers, which `attempt` of them have taken up to now; an `urgent` one before others."""

    job_id: int
    attempt: int
    urgent: bool = False


@dataclass(frozen=True)
class Forsaken:
    """Jobs to be sent to the workers and how many have to be ended.

    The urgent ones are first; among like ones those that were lost, and then the oldest.
    """

    to_send: list[Unattended]
    to_end: int


def forsaken_jobs(session: Session, now: datetime, lost_after: timedelta = LOST_AFTER) -> Forsaken:
    """Jobs that have waited for a while, and those whose worker shows no life; some of the latter are over."""
    is_lost = is_silent(now - lost_after)
    waits = and_(AnalysisJob.status == "pending", AnalysisJob.created_at < now - WAITS_FOR)
    columns = (AnalysisJob.id, AnalysisJob.attempt, is_urgent())
    query = select(*columns).where(or_(waits, and_(is_lost, ~is_over())))
    order = (is_urgent().desc(), AnalysisJob.attempt.desc(), AnalysisJob.id)
    rows = session.execute(query.order_by(*order).limit(MOST_SENT))
    to_send = [Unattended(*row) for row in rows]
    to_end = select(func.count()).select_from(AnalysisJob).where(is_lost, is_over())
    return Forsaken(to_send, session.scalar(to_end) or 0)

"""Which jobs are urgent: those that prepare an open go before all others. Nothing here commits."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, and_, exists, not_, select
from sqlalchemy.orm import Session, aliased

from app.jobs.models import AnalysisJob

# Who asks for them.
PREMARKET: Final = "premarket"
# A worker that is free takes one at once.
WAITS_FOR: Final = timedelta(seconds=10)


def is_urgent() -> ColumnElement[bool]:
    """That a job is urgent."""
    return AnalysisJob.requested_by == PREMARKET


def is_in_the_way(now: datetime) -> ColumnElement[bool]:
    """That a job at work is not urgent while an urgent one has waited for longer than a free worker would let it."""
    other = aliased(AnalysisJob)
    waits = and_(other.status == "pending", other.requested_by == PREMARKET, other.created_at < now - WAITS_FOR)
    return and_(not_(is_urgent()), exists(select(other.id).where(waits)))


def waiting_urgent_jobs(session: Session, limit: int) -> list[int]:
    """The numbers of urgent jobs that wait, the oldest first."""
    query = select(AnalysisJob.id).where(AnalysisJob.status == "pending", is_urgent())
    return list(session.scalars(query.order_by(AnalysisJob.id).limit(limit)))

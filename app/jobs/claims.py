"""Who works on a job: taking it, showing life, and writing its end; all of it in vain for who has lost it.

Nothing here commits.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, Select, and_, case, or_, select, update
from sqlalchemy.orm import Session

from app.jobs.models import AnalysisJob
from app.jobs.urgency import is_in_the_way

MOST_ATTEMPTS: Final = 2
LOST_AFTER: Final = timedelta(seconds=30)
LOST_TWICE: Final = "the worker that ran it was lost twice"
_ERROR_LIMIT: Final = 2_000
Beat = Literal["go on", "give way", "cancel", "lost"]


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to work on a job: it is good as long as the job runs under this attempt."""

    job_id: int
    attempt: int


def claim_job(
    session: Session, job_id: int, worker: str, now: datetime, lost_after: timedelta = LOST_AFTER
) -> AnalysisJob | None:
    """Take a job that waits, or whose worker has shown no life for `lost_after`; None when it is not to be had.

    Of several who try at the same time one gets it, and nobody waits. A job is taken twice at most.
    """
    is_lost = and_(is_silent(now - lost_after), AnalysisJob.attempt < MOST_ATTEMPTS)
    values = {
        "status": "running",
        "attempt": AnalysisJob.attempt + 1,
        "worker": worker[:120],
        "started_at": now,
        "heartbeat_at": now,
        "stage": "",
        "progress": 0,
    }
    free = _unlocked(
        AnalysisJob.id == job_id,
        AnalysisJob.cancel_asked_at.is_(None),
        or_(AnalysisJob.status == "pending", is_lost),
    )
    return session.scalar(
        update(AnalysisJob)
        .where(AnalysisJob.id.in_(free))
        .values(values)
        .returning(AnalysisJob)
        .execution_options(populate_existing=True)
    )


def beat(session: Session, claim: Claim, now: datetime, stage: str, progress: float) -> Beat:
    """Show life and how far the work is, a part of 1; returns whether it shall go on, or belongs to somebody else.

    `give way`: an urgent job waits while this one, which is not, is at work.
    """
    values = {"heartbeat_at": now, "stage": stage[:80], "progress": min(max(progress, 0.0), 1.0)}
    row = session.execute(
        update(AnalysisJob)
        .where(_holds(claim))
        .values(values)
        .returning(AnalysisJob.cancel_asked_at, is_in_the_way(now).label("is_in_the_way"))
    ).one_or_none()
    if row is None:
        return "lost"
    if row.cancel_asked_at is not None:
        return "cancel"
    return "give way" if row.is_in_the_way else "go on"


def give_back(session: Session, claim: Claim) -> bool:
    """Let a job wait again as if it had not been taken; False when it is no longer the claim's, or to be cancelled."""
    values = {
        "status": "pending",
        "attempt": claim.attempt - 1,
        "worker": "",
        "started_at": None,
        "heartbeat_at": None,
        "stage": "",
        "progress": 0,
    }
    mine = and_(_holds(claim), AnalysisJob.cancel_asked_at.is_(None))
    return session.scalar(update(AnalysisJob).where(mine).values(values).returning(AnalysisJob.id)) is not None


def end_job(
    session: Session,
    claim: Claim,
    status: Literal["done", "failed", "cancelled"],
    now: datetime,
    *,
    error: str = "",
    resources: Mapping[str, Any] | None = None,
) -> bool:
    """Write how the work ended; False, and nothing is written, when the job is no longer the claim's."""
    values: dict[str, Any] = {"status": status, "finished_at": now, "heartbeat_at": now, "error": error[:_ERROR_LIMIT]}
    if status == "done":
        values |= {"progress": 1, "stage": ""}
    if resources is not None:
        values["resources"] = dict(resources)
    ended = session.scalar(update(AnalysisJob).where(_holds(claim)).values(values).returning(AnalysisJob.id))
    return ended is not None


def end_lost_jobs(session: Session, now: datetime, lost_after: timedelta = LOST_AFTER) -> list[int]:
    """End the jobs whose worker is lost and that nobody is to take up: those taken twice, and those to be cancelled.

    The former have failed. Returns their numbers.
    """
    is_cancelled = AnalysisJob.cancel_asked_at.is_not(None)
    values = {
        "status": case((is_cancelled, "cancelled"), else_="failed"),
        "error": case((is_cancelled, ""), else_=LOST_TWICE),
        "finished_at": now,
    }
    lost = _unlocked(is_silent(now - lost_after), is_over())
    statement = update(AnalysisJob).where(AnalysisJob.id.in_(lost)).values(values)
    return sorted(session.scalars(statement.returning(AnalysisJob.id)))


def is_silent(since: datetime) -> ColumnElement[bool]:
    """That a job runs and has shown no life since an instant."""
    return and_(AnalysisJob.status == "running", AnalysisJob.heartbeat_at < since)


def is_over() -> ColumnElement[bool]:
    """That nobody is to take up a job whose worker is lost."""
    return or_(AnalysisJob.cancel_asked_at.is_not(None), AnalysisJob.attempt >= MOST_ATTEMPTS)


def _unlocked(*wanted: ColumnElement[bool]) -> Select[int]:
    # A worker may stand still in the middle of a transaction, for which nobody is to wait.
    return select(AnalysisJob.id).where(*wanted).with_for_update(skip_locked=True)


def _holds(claim: Claim) -> ColumnElement[bool]:
    return and_(AnalysisJob.id == claim.job_id, AnalysisJob.attempt == claim.attempt, AnalysisJob.status == "running")

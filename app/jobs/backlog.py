"""How many analyses wait, run and have ended, and whether anybody works on them. Nothing here commits."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.jobs.models import AnalysisJob
from app.jobs.service import STATUSES


@dataclass(frozen=True)
class Backlog:
    """The jobs of every status, for how many seconds the oldest pending one has waited (0 without any), and how long
    ago any job showed life (None when none ever did)."""

    by_status: Mapping[str, int]
    waits_s: float
    life_age_s: float | None


def read_backlog(session: Session, now: datetime) -> Backlog:
    """How the jobs stand at `now`."""
    counts = (func.count().filter(AnalysisJob.status == status) for status in STATUSES)
    oldest = func.min(AnalysisJob.created_at).filter(AnalysisJob.status == "pending")
    *found, waits_since, life_at = session.execute(select(*counts, oldest, func.max(AnalysisJob.heartbeat_at))).one()
    return Backlog(
        by_status=dict(zip(STATUSES, found, strict=True)),
        waits_s=_age_s(waits_since, now) or 0.0,
        life_age_s=_age_s(life_at, now),
    )


def _age_s(since: datetime | None, now: datetime) -> float | None:
    return None if since is None else round(max((now - since).total_seconds(), 0.0), 1)

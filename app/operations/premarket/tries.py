"""The analyses of a stage: which are finished, which failed and are asked for once more, and which are given up."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypedDict

from sqlalchemy.orm import Session

from app.analysis.question import Parameters
from app.errors import Conflict
from app.jobs.claims import LOST_TWICE
from app.jobs.models import AnalysisJob
from app.jobs.requests import JobRequest
from app.jobs.service import UNFINISHED, cancel, find_job, retry, submit
from app.jobs.urgency import PREMARKET
from app.market.market import Market
from app.premarket.models import PremarketStage

# The name, in the jobs of a stage, of one about several symbols.
JOINT: Final = "*"
NOT_IN_TIME: Final = "it was not finished in time"
FAILURES: Final = "failures"
# What is asked for when a full analysis fails: everything but predictions.
BACKUP: Final = "multi"


class Failure(TypedDict):
    """A try that came to nothing, as a stage's detail keeps it."""

    what: str
    job: int
    kind: str
    error: str


@dataclass
class Tries:
    """The newest try of each analysis by its name in the stage, what failed, and which were asked for just now."""

    jobs: dict[str, AnalysisJob]
    failures: list[Failure]
    new: list[int] = field(default_factory=list)

    @property
    def done(self) -> dict[str, AnalysisJob]:
        """Those that are done."""
        return {what: job for what, job in self.jobs.items() if job.status == "done"}

    @property
    def is_waiting(self) -> bool:
        """Whether one of them is not finished, and not given up."""
        given_up = {one["job"] for one in self.failures}
        return any(job.status in UNFINISHED and job.id not in given_up for job in self.jobs.values())

    @property
    def numbers(self) -> dict[str, int]:
        """Their numbers, as the stage's row keeps them."""
        return {what: job.id for what, job in self.jobs.items()}

    def failures_of(self, what: str) -> list[Failure]:
        """How an analysis failed, the first time first."""
        return [one for one in self.failures if one["what"] == what]


def tries_of(session: Session, row: PremarketStage) -> Tries:
    """The tries of a stage, and those that have failed by now."""
    jobs = {what: find_job(session, number) for what, number in row.jobs.items()}
    tries = Tries(jobs, list(row.detail.get(FAILURES, [])))
    for what, job in jobs.items():
        if job.status in ("failed", "cancelled"):
            _note(tries, what, job, job.error or "it was cancelled")
    return tries


def give_up(session: Session, tries: Tries, now: datetime) -> None:
    """Cancel what is not finished, which counts as failed."""
    for what, job in tries.jobs.items():
        if job.status not in UNFINISHED:
            continue
        try:
            cancel(session, job.id, now)
        except Conflict:
            # It has just finished.
            tries.jobs[what] = job = find_job(session, job.id)
        if job.status != "done":
            _note(tries, what, job, NOT_IN_TIME)


def try_again(session: Session, market: Market, tries: Tries, now: datetime, *, name: str, backup: bool) -> None:
    """Ask once more for what failed: the same analysis, or, with `backup`, one without predictions for a full one.

    The latter follows at once on an error of the analysis; after a worker that was lost the same one is tried first.
    `name` is unique to the stage.
    """
    for what, job in list(tries.jobs.items()):
        failures = tries.failures_of(what)
        if not failures or failures[-1]["job"] != job.id:
            continue
        made = _next(session, market, job, failures, now, key=f"{name}/{what}/{BACKUP}", backup=backup)
        if made is not None:
            tries.jobs[what] = made
            tries.new.append(made.id)


def _next(
    session: Session,
    market: Market,
    job: AnalysisJob,
    failures: list[Failure],
    now: datetime,
    *,
    key: str,
    backup: bool,
) -> AnalysisJob | None:
    has_backup = backup and job.kind == "full"
    if has_backup and (len(failures) > 1 or failures[-1]["error"] != LOST_TWICE):
        return submit(session, market, _backup_of(job), now, requested_by=PREMARKET, idempotency_key=key).job
    if len(failures) > 1 or job.status not in ("failed", "cancelled"):
        return None
    return retry(session, job.id, now, requested_by=PREMARKET).job


def _backup_of(job: AnalysisJob) -> JobRequest:
    told: Mapping[str, Any] = {
        "kind": BACKUP,
        "symbols": job.symbols,
        "start_date": job.start_date,
        "end_date": job.end_date,
        "asof": job.asof,
        "parameters": Parameters.model_validate(job.parameters),
    }
    return JobRequest.model_validate(told)


def _note(tries: Tries, what: str, job: AnalysisJob, error: str) -> None:
    if all(one["job"] != job.id for one in tries.failures):
        tries.failures.append(Failure(what=what, job=job.id, kind=job.kind, error=error))

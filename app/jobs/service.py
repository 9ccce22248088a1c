"""Asking for analyses, taking that back, and looking at what came of them. Nothing here commits."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.analysis.document import VERSION
from app.errors import Conflict, NotFound, Unavailable
from app.instruments.models import TradingInstrument
from app.jobs.forms import job_form
from app.jobs.models import WHOLE, AnalysisJob, AnalysisResult
from app.jobs.preferences import filled_in
from app.jobs.requests import JobRequest, understand
from app.market.market import Market

UNFINISHED: Final = ("pending", "running")
FINISHED: Final = ("done", "failed", "cancelled")
STATUSES: Final = (*UNFINISHED, *FINISHED)
# Whoever is in the way when a row is added may be gone when it is looked for.
_TRIES: Final = 5


@dataclass(frozen=True)
class Submitted:
    """The job for what was asked, and whether it was made for it."""

    job: AnalysisJob
    created: bool


def submit(
    session: Session,
    market: Market,
    request: JobRequest,
    now: datetime,
    *,
    requested_by: str,
    idempotency_key: str | None = None,
) -> Submitted:
    """The job for a request: the unfinished one for the same question where there is one, else a new one.

    `market` is the desk's. With a key that made a job before, or that joined one which had none, that job, finished or
    not; Conflict when that was for another request. Whoever commits a new job then sends its number to the workers.
    Rejected as by `understand`.
    """
    asked_hash = request.hash()
    if (known := _of_key(session, idempotency_key, asked_hash)) is not None:
        return Submitted(known, created=False)
    symbols = set(session.scalars(select(TradingInstrument.symbol)))
    asked = understand(request, filled_in(session, request.parameters), symbols, market, now)
    plain = asked.question.plain()
    values = {
        "kind": asked.question.kind,
        "symbols": list(asked.question.symbols),
        "timeframe": request.timeframe or "",
        "start_date": asked.question.start,
        "end_date": asked.question.end,
        "asof": asked.asof,
        "parameters": plain["parameters"],
        "request_hash": asked.hash(),
        "asked_hash": asked_hash,
        "idempotency_key": idempotency_key,
        "requested_by": requested_by,
        "created_at": now,
    }
    return _add(session, values)


def cancel(session: Session, job_id: int, now: datetime) -> AnalysisJob:
    """Have a job end: at once when nobody works on it, else as soon as its worker sees the wish.

    NotFound when there is no such job, Conflict when it is finished.
    """
    job = _locked(session, job_id)
    if job.status in FINISHED:
        raise Conflict(f"job {job_id} is {job.status} and cannot be cancelled any more")
    job.cancel_asked_at = job.cancel_asked_at or now
    if job.status == "pending":
        job.status, job.finished_at = "cancelled", now
    session.flush()
    return job


def retry(session: Session, job_id: int, now: datetime, *, requested_by: str) -> Submitted:
    """A new job for the question of one that failed or was cancelled, or the unfinished one that there is for it.

    NotFound when there is no such job, Conflict when it is done or not finished yet.
    """
    job = _locked(session, job_id)
    if job.status not in ("failed", "cancelled"):
        raise Conflict(f"job {job_id} is {job.status}: only one that failed or was cancelled can be tried again")
    same = ("kind", "symbols", "timeframe", "start_date", "end_date", "asof", "parameters", "request_hash")
    values = {name: getattr(job, name) for name in same}
    return _add(session, {**values, "requested_by": requested_by, "retry_of": job.id, "created_at": now})


def find_job(session: Session, job_id: int) -> AnalysisJob:
    """The job of a number as it is now; NotFound when there is none."""
    found = session.scalar(
        select(AnalysisJob).where(AnalysisJob.id == job_id).execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound(f"there is no job {job_id}")
    return found


def list_jobs(
    session: Session,
    *,
    status: str | None = None,
    symbol: str | None = None,
    kind: str | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[AnalysisJob]:
    """Jobs, newest first: those of a status, about a symbol, of a kind, and with a lower number than `before`."""
    query = select(AnalysisJob).order_by(AnalysisJob.id.desc()).limit(limit)
    if status is not None:
        query = query.where(AnalysisJob.status == status)
    if symbol is not None:
        query = query.where(AnalysisJob.symbols.contains([symbol]))
    if kind is not None:
        query = query.where(AnalysisJob.kind == kind)
    return list(session.scalars(query if before is None else query.where(AnalysisJob.id < before)))


def results_of(session: Session, job_id: int) -> list[AnalysisResult]:
    """What a job found, the whole first and then by symbol; none before it is done. NotFound when there is no job."""
    find_job(session, job_id)
    rows = session.scalars(select(AnalysisResult).where(AnalysisResult.job_id == job_id))
    return sorted(rows, key=lambda row: (row.scope != WHOLE, row.scope))


def document_of(session: Session, job_id: int) -> dict[str, Any]:
    """The document of a finished job, as reports and exports take it; symbols are in the order that was asked for.

    Its keys are `version job asof question inputs symbols portfolio track_record work`. NotFound when there is no such
    job, Conflict when it has no results.
    """
    job = find_job(session, job_id)
    found: Mapping[str, Any] = {row.scope: row.document for row in results_of(session, job_id)}
    if job.status != "done" or WHOLE not in found:
        raise Conflict(f"job {job_id} has no results: it is {job.status}{f' ({job.error})' if job.error else ''}")
    symbols = {symbol: found[symbol] for symbol in job.symbols if symbol in found}
    return {"version": VERSION, **found[WHOLE], "job": job_form(job), "symbols": symbols}


def _add(session: Session, values: dict[str, Any]) -> Submitted:
    # Two who ask at the same time both find nothing, and then one of them adds nothing.
    unfinished = select(AnalysisJob).where(
        AnalysisJob.request_hash == values["request_hash"], AnalysisJob.status.in_(UNFINISHED)
    )
    for _ in range(_TRIES):
        if (known := _of_key(session, values.get("idempotency_key"), values.get("asked_hash", ""))) is not None:
            return Submitted(known, created=False)
        waiting = session.scalar(unfinished)
        if waiting is not None and _remember(session, waiting, values):
            return Submitted(waiting, created=False)
        if waiting is not None:
            continue
        statement = insert(AnalysisJob).values(values).on_conflict_do_nothing().returning(AnalysisJob)
        if (made := session.scalar(statement)) is not None:
            return Submitted(made, created=True)
    raise Unavailable("others ask for the same analysis all the time: try again")


def _of_key(session: Session, key: str | None, asked_hash: str) -> AnalysisJob | None:
    if key is None:
        return None
    found = session.scalar(select(AnalysisJob).where(AnalysisJob.idempotency_key == key))
    if found is not None and found.asked_hash != asked_hash:
        raise Conflict(f"this idempotency key was used for another request: it belongs to job {found.id}")
    return found


def _remember(session: Session, job: AnalysisJob, values: Mapping[str, Any]) -> bool:
    """Give a job without a key the one of who joins it; False when that key has just made another job."""
    kept = {name: values.get(name) for name in ("idempotency_key", "asked_hash")}
    if kept["idempotency_key"] is None or job.idempotency_key is not None:
        return True
    is_keyless = AnalysisJob.idempotency_key.is_(None)
    try:
        with session.begin_nested():
            session.execute(update(AnalysisJob).where(AnalysisJob.id == job.id, is_keyless).values(kept))
    except IntegrityError:
        return False
    return True


def _locked(session: Session, job_id: int) -> AnalysisJob:
    found = session.scalar(
        select(AnalysisJob).where(AnalysisJob.id == job_id).with_for_update().execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound(f"there is no job {job_id}")
    return found

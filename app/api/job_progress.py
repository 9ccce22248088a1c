"""A job's progress as server-sent events, read from its row."""

import json
import logging
import random
import time
import zlib
from collections.abc import Iterator
from typing import Final

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from app.api.sse.feed import RETRY_MS
from app.api.sse.frames import greeting
from app.errors import ThorError
from app.jobs.forms import job_form
from app.jobs.models import AnalysisJob
from app.jobs.service import FINISHED, find_job

log = logging.getLogger(__name__)

LOOK_S: Final = 0.5


def progress_events(
    sessions: sessionmaker[Session], job: AnalysisJob, known: str, heartbeat_s: float
) -> Iterator[bytes] | None:
    """Events until a job is finished, for a client that knows the event with the id `known`, if any.

    None when there is nothing to come that the client does not know. While PostgreSQL is away there are comments alone.
    """
    if job.status in FINISHED and event_id(job) == known:
        return None
    return _events(sessions, job, known, heartbeat_s)


def event_id(job: AnalysisJob) -> str:
    """What tells a job's state from every other state of it that clients see."""
    stage = zlib.crc32(job.stage.encode())
    return (
        f"{job.attempt}-{round(job.progress * 1000)}-{stage:08x}-{job.status}{'-cancel' if job.cancel_asked_at else ''}"
    )


def _events(
    sessions: sessionmaker[Session], job: AnalysisJob | None, known: str, heartbeat_s: float
) -> Iterator[bytes]:
    yield greeting(random.randint(*RETRY_MS))
    number, sent_s = (0 if job is None else job.id), time.monotonic()
    while True:
        if job is not None and event_id(job) != known:
            known, sent_s = event_id(job), time.monotonic()
            yield _frame(job)
        if job is not None and job.status in FINISHED:
            return
        if time.monotonic() - sent_s >= heartbeat_s:
            sent_s = time.monotonic()
            yield b": hb\n\n"
        time.sleep(min(LOOK_S, heartbeat_s))
        job = _look(sessions, number)


def _look(sessions: sessionmaker[Session], number: int) -> AnalysisJob | None:
    try:
        with sessions() as session:
            return find_job(session, number)
    except (SQLAlchemyError, ThorError) as error:
        log.warning("the progress of job %d cannot be read: %s", number, str(error).partition("\n")[0])
        return None


def _frame(job: AnalysisJob) -> bytes:
    name = "finished" if job.status in FINISHED else "progress"
    data = json.dumps(job_form(job), separators=(",", ":"))
    return f"id: {event_id(job)}\nevent: {name}\ndata: {data}\n\n".encode()

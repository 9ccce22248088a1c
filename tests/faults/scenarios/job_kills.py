"""kill -9 of workers at random points of their jobs, and some that stand still until another has taken their job."""

import os
import random
import signal
import sys
import time
from collections import Counter
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.jobs.models import AnalysisJob, AnalysisResult, Prediction, Signal
from app.jobs.service import FINISHED
from tests.analyses import STEPS, ask
from tests.faults.harness.job_worker import STEP_S
from tests.faults.harness.processes import Victim, victim
from tests.faults.harness.world import World, world
from tests.faults.scenario import Outcome, Scenario, Trial
from tests.waiting import until

COMMAND = [sys.executable, "-m", "tests.faults.harness.job_worker"]
LONGEST_S = len(STEPS) * STEP_S * 1.2
FREEZES = 8
FROZEN_S = 5.0
DEADLINE_S = 60.0
# One symbol: its own row and that of the whole.
ROWS = {"results": 2, "signals": 1, "predictions": 1}


@dataclass(frozen=True)
class Ended:
    """A job as it is in the end, with the number of its rows."""

    number: int
    status: str
    error: str
    attempt: int
    rows: dict[str, int]

    def wrong(self) -> list[str]:
        """What breaks the promise, as sentences."""
        expected = ROWS if self.status == "done" else dict.fromkeys(ROWS, 0)
        found = {
            f"job {self.number} never ended, it is {self.status}": self.status not in FINISHED,
            f"job {self.number} is {self.status} and has {self.rows}": self.rows != expected,
            f"job {self.number} failed by a fault: {self.error}": "Thor's own" in self.error,
            f"job {self.number} was cancelled by nobody": self.status == "cancelled",
        }
        return [sentence for sentence, holds in found.items() if holds]


def play(trial: Trial) -> Outcome:
    """Kill one worker after another, let some stand still, then have the others end what is left."""
    kills = trial.pick(10, 60)
    with world(trial) as own, ExitStack() as running:
        workers = [running.enter_context(victim(own, COMMAND, f"worker-{place}")) for place in (1, 2)]
        for one in workers:
            one.start()
        gone = set[str]()
        met = _kill(own, workers, kills, gone)
        overtaken = _let_stand_still(own, workers, gone)
        jobs = _wait(own, workers)
    trial.say(f"{kills} kills, {met} of them of a job at work; {len(overtaken)} overtaken; {len(jobs)} jobs")
    wrong = [sentence for job in jobs for sentence in job.wrong()]
    wrong += [] if any(job.status == "done" and job.attempt > 1 for job in jobs) else ["no job was taken up again"]
    changed = [job for job in jobs if overtaken.get(job.number, job.status) != job.status]
    wrong += [f"job {job.number} was {overtaken[job.number]} and became {job.status}" for job in changed]
    wrong += [] if overtaken else ["no worker stood still until another had its job"]
    counts = Counter(job.status for job in jobs)
    return Outcome({"kills": kills, "of a job at work": met, "overtaken": len(overtaken), **counts}, wrong)


def _kill(own: World, workers: list[Victim], kills: int, gone: set[str]) -> int:
    chance, met = random.Random(20251009), 0
    for _ in range(kills):
        number, pid = _begun(own, workers, gone)
        time.sleep(chance.uniform(0, LONGEST_S))
        met += _state(own, number) == "running"
        _signal(pid, signal.SIGKILL)
    return met


def _let_stand_still(own: World, workers: list[Victim], gone: set[str]) -> dict[int, str]:
    overtaken: dict[int, str] = {}
    for _ in range(FREEZES):
        number, pid = _begun(own, workers, gone)
        _signal(pid, signal.SIGSTOP)
        stood = _state(own, number) == "running"
        # Who stands still in the middle of a transaction keeps its job.
        with suppress(AssertionError):
            until(partial(_is_over, own, number), FROZEN_S)
            overtaken |= {number: _state(own, number)} if stood else {}
        _signal(pid, signal.SIGCONT)
        if overtaken:
            break
    return overtaken


def _begun(own: World, workers: list[Victim], gone: set[str]) -> tuple[int, int]:
    """A job at work and its process, which is none of those that are gone, and is noted with them."""

    def looked() -> tuple[int, str] | None:
        while _unfinished(own) < 2:
            ask(own.stores, "ES", parameters={"seed": _jobs(own)})
        return _at_work(own, gone) if all(one.check() for one in workers) else None

    until(looked, DEADLINE_S)
    number, worker = looked() or (0, "child:0")
    gone.add(worker)
    return number, int(worker.partition(":")[2])


def _wait(own: World, workers: list[Victim]) -> list[Ended]:
    with suppress(AssertionError):  # The judge names those that never ended.
        until(lambda: all(one.check() for one in workers) and not _unfinished(own), DEADLINE_S)
    for one in workers:
        one.end()  # Whose last child may still believe that a job is its own.
    with own.sessions() as session:
        jobs = session.scalars(select(AnalysisJob).order_by(AnalysisJob.id)).all()
        return [Ended(job.id, job.status, job.error, job.attempt, _rows(session, job.id)) for job in jobs]


def _rows(session: Session, number: int) -> dict[str, int]:
    tables = {"results": AnalysisResult, "signals": Signal, "predictions": Prediction}
    return {
        name: session.scalar(select(func.count()).select_from(table).where(table.job_id == number))
        for name, table in tables.items()
    }


def _jobs(own: World) -> int:
    with own.sessions() as session:
        return session.scalar(select(func.count()).select_from(AnalysisJob)) or 0


def _unfinished(own: World) -> int:
    with own.sessions() as session:
        query = select(func.count()).select_from(AnalysisJob).where(AnalysisJob.status.not_in(FINISHED))
        return session.scalar(query) or 0


def _at_work(own: World, gone: set[str]) -> tuple[int, str] | None:
    with own.sessions() as session:
        running = select(AnalysisJob.id, AnalysisJob.worker).where(AnalysisJob.status == "running")
        found = session.execute(running.order_by(AnalysisJob.attempt, AnalysisJob.id.desc())).all()
    return next(((number, worker) for number, worker in found if worker not in gone), None)


def _is_over(own: World, number: int) -> bool:
    return _state(own, number) in FINISHED


def _state(own: World, number: int) -> str:
    with own.sessions() as session:
        return session.scalar(select(AnalysisJob.status).where(AnalysisJob.id == number)) or ""


def _signal(pid: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


JOB_KILLS = Scenario("job-kills", play, limit_s=300)

"""Watching over an analysis at work: it shows life, and ends the work when that is wished for or takes too much."""

import faulthandler
import logging
import time
from collections.abc import Callable, Mapping
from contextvars import copy_context
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Event, Thread
from types import TracebackType
from typing import Final, Literal, Self

import psutil
from sqlalchemy.orm import Session, sessionmaker

from app.clock import Clock
from app.jobs.claims import LOST_AFTER, Beat, Claim, beat, end_job, give_back

log = logging.getLogger(__name__)

LOOK_S: Final = 0.25
_MB: Final = 1 << 20
_STANDARD_ERROR: Final = 2


@dataclass(frozen=True)
class RunLimits:
    """What an analysis may take: seconds, and megabytes of the process; and how it is watched.

    It shows life every `beat_s`, is taken for lost without life for `lost_after`, and has `grace_s` to end by itself.
    A process of its own ends, with a trace to standard error, when even the watch has stood still for `stuck_s`.
    """

    time_s: float = 900.0
    memory_mb: int = 2048
    beat_s: float = 1.0
    lost_after: timedelta = LOST_AFTER
    grace_s: float = 20.0
    stuck_s: float = 60.0


@dataclass(frozen=True)
class Ending:
    """Why the work is to end before it is done.

    `lost` when it belongs to somebody else, `pending` when it is to be done later because an urgent job waits.
    """

    status: Literal["failed", "cancelled", "pending", "lost"]
    error: str = ""


def write_end(session: Session, claim: Claim, ending: Ending, now: datetime, taken: Mapping[str, float]) -> bool:
    """Write why the work ended; False, and nothing is written, when the job is no longer the claim's."""
    if ending.status == "lost":
        return False
    if ending.status == "pending":
        return give_back(session, claim)
    return end_job(session, claim, ending.status, now, error=ending.error, resources=taken)


class Stopped(BaseException):
    """Ends the work from inside of it; no `except Exception` on the way takes it for an error of its own."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(ending.error or ending.status)
        self.ending = ending


class Watch:
    """Watches from a thread of its own for as long as the block lasts.

    When the work does not end in time, its end is written here and `end_process` is called, if there is one; by which
    the watch knows, too, that the process is a worker's: it has no other work, and others wait for it.
    """

    def __init__(
        self,
        sessions: sessionmaker[Session],
        clock: Clock,
        claim: Claim,
        limits: RunLimits,
        end_process: Callable[[], None] | None = None,
    ) -> None:
        self._sessions, self._clock, self._claim, self._limits = sessions, clock, claim, limits
        self._end_process = end_process
        self._process = psutil.Process()
        self._over = Event()
        self._ending: Ending | None = None
        self._told = ("", 0.0)
        self._began_s = time.monotonic()
        self._began_cpu_s = time.process_time()
        self.peak_mb = self._memory_mb()
        name = f"job-{claim.job_id}-watch"
        self._thread = Thread(target=copy_context().run, args=(self._run,), name=name, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        if self._end_process is not None:
            faulthandler.cancel_dump_traceback_later()

    def say(self, stage: str, fraction: float) -> None:
        """Note how far the work is, a part of 1; raises Stopped when it shall end."""
        self._told = (stage, fraction)
        if self._ending is not None:
            raise Stopped(self._ending)

    def taken(self) -> dict[str, float]:
        """What it took up to now: seconds, seconds of a processor, and the most megabytes the process had."""
        self.peak_mb = max(self.peak_mb, self._memory_mb())
        return {
            "wall_s": round(time.monotonic() - self._began_s, 3),
            "cpu_s": round(time.process_time() - self._began_cpu_s, 3),
            "peak_mb": round(self.peak_mb, 1),
        }

    def _run(self) -> None:
        next_beat_s = self._began_s
        self._put_off_the_end()
        while not self._over.wait(min(LOOK_S, self._limits.beat_s)):
            self._check_limits()
            if time.monotonic() >= next_beat_s:
                self._obey(self._beat())
                next_beat_s = time.monotonic() + self._limits.beat_s
                self._put_off_the_end()
            if self._ending is not None:
                self._see_out(self._ending)
                return

    def _put_off_the_end(self) -> None:
        # Work that never lets go of the interpreter's lock keeps this thread from running, but not faulthandler's.
        if self._end_process is not None:
            faulthandler.dump_traceback_later(self._limits.stuck_s, exit=True, file=_STANDARD_ERROR)

    def _check_limits(self) -> None:
        self.peak_mb = max(self.peak_mb, self._memory_mb())
        if time.monotonic() - self._began_s > self._limits.time_s:
            self._ending = Ending("failed", f"it took longer than {self._limits.time_s:g} s")
        elif self.peak_mb > self._limits.memory_mb:
            self._ending = Ending("failed", f"it needed more than {self._limits.memory_mb} MB of memory")

    def _obey(self, told: Beat) -> None:
        if told == "cancel":
            self._ending = Ending("cancelled")
        elif told == "lost":
            self._ending = Ending("lost")
        elif told == "give way" and self._end_process is not None:
            self._ending = Ending("pending")

    def _beat(self) -> Beat:
        try:
            with self._sessions.begin() as session:
                return beat(session, self._claim, self._clock.now(), *self._told)
        except Exception as error:  # Who is silent for too long loses the job; until then the work may well go on.
            log.warning("job %d cannot show life: %s", self._claim.job_id, str(error).partition("\n")[0])
            return "go on"

    def _see_out(self, ending: Ending) -> None:
        deadline_s = time.monotonic() + self._limits.grace_s
        while not self._over.wait(min(LOOK_S, self._limits.beat_s)):
            if time.monotonic() >= deadline_s:
                self._write(ending)
                if self._end_process is not None:
                    self._end_process()
                return

    def _write(self, ending: Ending) -> None:
        try:
            with self._sessions.begin() as session:
                write_end(session, self._claim, ending, self._clock.now(), self.taken())
        except Exception as error:  # The sweep ends it then.
            log.warning("the end of job %d cannot be written: %s", self._claim.job_id, str(error).partition("\n")[0])

    def _memory_mb(self) -> float:
        return float(self._process.memory_info().rss / _MB)

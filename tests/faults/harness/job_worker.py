"""A worker of the analysis queue as a prefork one is, without a queue: python -m tests.faults.harness.job_worker.

For each job that waits or is lost it forks a child, which works on it with a stand-in for the analysis.
"""

import importlib
import os
import time
from contextlib import suppress
from datetime import timedelta
from threading import Event

from sqlalchemy import select

from app.cli.stopping import stop_on_signals
from app.factory import create_app
from app.jobs.claims import end_lost_jobs
from app.jobs.models import AnalysisJob
from app.jobs.running import run_job
from app.jobs.sweeping import forsaken_jobs
from app.jobs.watching import RunLimits
from app.logs import configure_logs
from app.runtime import EXTENSION, Runtime
from app.settings import load_settings
from tests.analyses import SteppedAnalysis
from tests.fakes import RecordingDispatch

LIMITS = RunLimits(beat_s=0.3, lost_after=timedelta(seconds=1.2))
STEP_S = 0.12
IDLE_S = 0.1


def main() -> None:
    """Work until the process is told to end."""
    importlib.import_module("app.analysis.prediction.scoring")  # Which each child would load anew.
    settings, stop = load_settings(_env_file=None), Event()
    configure_logs("INFO", "console", (None, None))
    stores: Runtime = create_app(settings, RecordingDispatch()).extensions[EXTENSION]
    with stop_on_signals(stop):
        while not stop.wait(IDLE_S):
            for number in jobs_to_run(stores):
                run_in_child(stores, number)


def jobs_to_run(stores: Runtime) -> list[int]:
    """What a message or the tick would tell a worker of."""
    now = stores.clock.now()
    with stores.sessions.begin() as session:
        end_lost_jobs(session, now, LIMITS.lost_after)
        waiting = session.scalars(select(AnalysisJob.id).where(AnalysisJob.status == "pending")).all()
        return sorted({*waiting, *(one.job_id for one in forsaken_jobs(session, now, LIMITS.lost_after).to_send)})


def run_in_child(stores: Runtime, number: int) -> None:
    """Work on a job in a process of its own, and wait for its end."""
    pid = os.fork()
    if pid:
        with suppress(ChildProcessError):
            os.waitpid(pid, 0)
        return
    try:
        # The connections are the parent's.
        stores.sessions.kw["bind"].dispose(close=False)
        analyse = SteppedAnalysis(lambda _step: time.sleep(STEP_S))
        run_job(stores, number, LIMITS, worker=f"child:{os.getpid()}", analyse=analyse)
    finally:
        os._exit(0)


if __name__ == "__main__":
    main()

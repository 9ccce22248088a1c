"""All of Thor on a directory of its own, its processes by their names, and the process of the recorded feed."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from typing import Final

import psutil

from app.factory import create_app
from app.local.child import wrapped
from app.local.status import ProcessStatus, read_processes
from app.runtime import EXTENSION, Runtime
from app.settings import load_settings
from app.wiring import server_addresses
from benchmarks.processes import plain_environment
from tests.faults.harness.processes import Victim
from tests.servers import ROOT
from tests.waiting import until
from workers.dispatch import REPLY_WITHIN_S, CeleryDispatch, make_celery

START_S: Final = 180.0
END_S: Final = 60.0
RESUME_WINDOW_S: Final = 120
AGAIN_S: Final = 0.5
SUPERVISOR, FEED = "supervisor", "feed"


class Kept:
    """A process that is started again whenever it ends, until it is told to end."""

    def __init__(self, command: Sequence[str], environment: dict[str, str], log: Path) -> None:
        self._victim, self._ended = Victim(command, environment, log), Event()
        self._thread = Thread(target=self._keep, name=log.stem, daemon=True)
        self._thread.start()

    @property
    def pid(self) -> int | None:
        """Its number; None before its first start."""
        return self._victim.pid or None

    def end(self) -> None:
        """Have it end in order; it is not started again."""
        self._ended.set()
        self._thread.join(END_S)

    def _keep(self) -> None:
        # This thread lives as long as the process, which dies with the thread that started it.
        while not self._ended.is_set():
            self._victim.start()
            while self._victim.is_alive() and not self._ended.wait(AGAIN_S):
                pass
            if self._victim.is_alive():
                self._victim.end()
            self._ended.wait(AGAIN_S)


@dataclass
class Desk:
    """What runs: `stores` reach its servers from here, `others` are processes that no supervisor of Thor's keeps."""

    folder: Path
    stores: Runtime
    supervisor: int
    others: dict[str, Kept] = field(default_factory=dict)

    @property
    def state_dir(self) -> Path:
        """Thor's own directory."""
        return self.folder / "state"

    @property
    def environment(self) -> dict[str, str]:
        """The settings for a process of this desk."""
        return environment_of(self.folder)

    def processes(self) -> list[ProcessStatus]:
        """What the supervisor keeps, steps left out."""
        return [one for one in read_processes(self.state_dir) if one.state != "done"]

    def pids(self) -> dict[str, int]:
        """The living processes by their names."""
        kept = {name: one.pid for name, one in self.others.items()}
        found = {one.name: one.pid for one in self.processes()} | kept | {SUPERVISOR: self.supervisor}
        return {name: pid for name, pid in found.items() if pid is not None and psutil.pid_exists(pid)}

    def is_whole(self) -> bool:
        """Whether every process lives, and its supervisor found it ready."""
        found = self.processes()
        return bool(found) and all(one.state == "running" and _lives(one.pid) for one in found)

    def url(self, name: str) -> str:
        """Where a process of this name answers."""
        return next(one.url.rstrip("/") for one in self.processes() if one.name == name and one.url)

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """What one of Thor's commands says."""
        command = [sys.executable, "-m", "flask", *words]
        return subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False)


def environment_of(folder: Path) -> dict[str, str]:
    """The settings for a process of the desk in this folder, and nothing of this process's own."""
    return plain_environment() | {
        "STATE_DIR": str(folder / "state"),
        "FLASK_APP": "wsgi",
        "SSE_RESUME_WINDOW_S": str(RESUME_WINDOW_S),
    }


@contextlib.contextmanager
def running_desk(folder: Path) -> Iterator[Desk]:
    """All of Thor, from when everything answers until the block ends. RuntimeError when it does not start."""
    with (folder / "up.log").open("wb") as log:
        process = subprocess.Popen(
            wrapped([sys.executable, "-m", "flask", "up"], os.getpid(), signal.SIGTERM),
            cwd=ROOT,
            env=environment_of(folder),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        until(lambda: process.poll() is not None or _is_up(folder / "state"), START_S)
        if process.poll() is not None:
            raise RuntimeError(f"flask up ended:\n{(folder / 'up.log').read_text()[-2000:]}")
        yield Desk(folder, _stores(folder), process.pid)
    finally:
        process.terminate()
        process.wait(END_S)


def wait_for(condition: Callable[[], object], deadline_s: float, what: str) -> None:
    """Return once the condition holds; RuntimeError, naming what was waited for, when it does not in time."""
    give_up_at = time.monotonic() + deadline_s
    while not condition():
        if time.monotonic() > give_up_at:
            raise RuntimeError(f"gave up waiting for {what} after {deadline_s:.0f} s")
        time.sleep(AGAIN_S)


def _lives(pid: int | None) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return pid is not None and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


def _is_up(state_dir: Path) -> bool:
    states = {one.state for one in read_processes(state_dir)}
    return bool(states) and states <= {"running", "done"}


def _stores(folder: Path) -> Runtime:
    settings = load_settings(_env_file=None, state_dir=folder / "state")

    def celery() -> object:
        return make_celery(server_addresses(settings)[1], reply_within_s=REPLY_WITHIN_S)

    stores: Runtime = create_app(settings, CeleryDispatch(celery)).extensions[EXTENSION]
    return stores

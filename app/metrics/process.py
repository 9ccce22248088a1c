"""What a process takes of the machine: memory, processor time, open files and threads."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from typing import Final

import psutil

from app.metrics.families import PROCESS_CPU, PROCESS_FDS, PROCESS_MEMORY, PROCESS_THREADS, PROCESSES
from app.metrics.recording import count, count_alone, share_counts, tell

EVERY_S: Final = 5.0


@dataclass(frozen=True)
class ProcessFigures:
    """Of one process, or of several together; processor time in seconds, with that of children that have ended."""

    processes: int = 0
    memory_bytes: int = 0
    cpu_s: float = 0.0
    open_fds: int = 0
    threads: int = 0

    def __add__(self, other: "ProcessFigures") -> "ProcessFigures":
        return ProcessFigures(
            self.processes + other.processes,
            self.memory_bytes + other.memory_bytes,
            self.cpu_s + other.cpu_s,
            self.open_fds + other.open_fds,
            self.threads + other.threads,
        )


def figures_of(process: psutil.Process, *, with_ended_children: bool = False) -> ProcessFigures:
    """What a process takes at this moment; nothing when it has ended."""
    try:
        with process.oneshot():
            times = process.cpu_times()
            ended_s = times.children_user + times.children_system if with_ended_children else 0.0
            open_fds = process.num_fds() if hasattr(process, "num_fds") else 0
            cpu_s = times.user + times.system + ended_s
            return ProcessFigures(1, process.memory_info().rss, cpu_s, open_fds, process.num_threads())
    except psutil.Error:
        return ProcessFigures()


def keep_figures(role: str, ended: Event | None = None, every_s: float = EVERY_S) -> Thread:
    """Tell every few seconds, in a thread of its own, what this process takes, until `ended` is set."""
    until = ended or Event()

    def run() -> None:
        process, cpu_s = psutil.Process(), 0.0
        while True:
            cpu_s = _tell(role, figures_of(process), cpu_s)
            if until.wait(every_s):
                return

    thread = Thread(target=run, name="figures", daemon=True)
    thread.start()
    return thread


@contextmanager
def taking_part(folder: Path, role: str) -> Iterator[None]:
    """For the length of the block count in `folder` as one of a role, and tell what this process takes.

    On Windows, where that cannot be, it counts for itself alone.
    """
    if sys.platform == "win32":
        yield
        return
    ended = Event()
    share_counts(folder, role)
    thread = keep_figures(role, ended)
    try:
        yield
    finally:
        ended.set()
        thread.join()
        count_alone()


def _tell(role: str, found: ProcessFigures, cpu_s: float) -> float:
    tell(PROCESSES, found.processes, role)
    tell(PROCESS_MEMORY, found.memory_bytes, role)
    tell(PROCESS_FDS, found.open_fds, role)
    tell(PROCESS_THREADS, found.threads, role)
    count(PROCESS_CPU, role, by=max(0.0, found.cpu_s - cpu_s))
    return found.cpu_s

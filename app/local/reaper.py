"""The last one to leave: ends the process groups of a supervisor that died without stopping them.

`reaper.py GRACE_S LOCK` is started by path and reads lines `+PID` and `-PID` of group leaders from the supervisor; when
the pipe closes, the supervisor has gone, and whatever is still listed is told to stop, then killed. The lock is held
until then, so that a new supervisor can wait for it.
"""

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

# Imported only when needed, so that the reaper is small for as long as it has nothing to do.
if TYPE_CHECKING:
    import psutil
if TYPE_CHECKING or sys.platform != "win32":
    import fcntl

_PAUSE_S = 0.1


def descendants(pid: int) -> "list[psutil.Process]":
    """The living processes below this one, in whatever process group; none when it has gone."""
    import psutil

    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def kill_group(pid: int) -> None:
    """Kill every process of the group that this pid leads, if there is any."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def kill_all(processes: "Iterable[psutil.Process]") -> None:
    """Kill these processes, those that are still there; a stranger with a pid used again is spared."""
    import psutil

    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()


def main(grace_s: float, lock: str) -> None:
    """Follow the supervisor's list until it closes, then see to it that nothing on the list outlives the grace."""
    with open(lock, "r+", encoding="ascii") as file:  # noqa: PTH123
        fcntl.flock(file, fcntl.LOCK_EX)
        _watch(grace_s)


def _watch(grace_s: float) -> None:
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    leaders = _follow()
    if not leaders:
        return
    below = {pid: descendants(pid) for pid in leaders}
    deadline = time.monotonic() + grace_s
    if sys.platform != "linux":
        _ask(leaders)  # On Linux each child had its death signal from the kernel.
    while time.monotonic() < deadline and any(_is_alive(pid) for pid in leaders):
        time.sleep(_PAUSE_S)
    for pid in leaders:
        kill_group(pid)
        kill_all(below[pid])


def _follow() -> set[int]:
    leaders: set[int] = set()
    for line in sys.stdin:
        change, pid = line[0], int(line[1:])
        leaders.add(pid) if change == "+" else leaders.discard(pid)
    return leaders


def _ask(leaders: set[int]) -> None:
    for pid in leaders:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGTERM)


def _is_alive(leader: int) -> bool:
    try:
        os.killpg(leader, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


if __name__ == "__main__":
    main(float(sys.argv[1]), sys.argv[2])

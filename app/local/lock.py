"""One holder per state directory: an exclusive lock which the kernel frees when its holder dies."""

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from app.errors import Conflict

if TYPE_CHECKING or sys.platform != "win32":
    import fcntl

LOCK_NAME = "up.lock"
# A reader that asks who holds the lock has it for an instant; longer than that, and the holder is real.
_PATIENCE_S = 0.3
_PAUSE_S = 0.02


def require_posix() -> None:
    """Conflict on Windows, where neither the embedded servers nor Celery run."""
    if sys.platform == "win32":
        raise Conflict("flask up does not run on Windows: use docker compose or WSL, and flask excel-to-redis here")


@contextlib.contextmanager
def hold_lock(state_dir: Path) -> Iterator[None]:
    """Hold the state directory for as long as the block runs; Conflict, with the holder's pid, when it is taken."""
    require_posix()
    with _open(state_dir) as file:
        _acquire(file, state_dir)
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        try:
            yield
        finally:
            file.truncate(0)


def holder(state_dir: Path) -> int | None:
    """The pid which holds this state directory, 0 when it has not yet told its pid; None when nobody holds it."""
    if sys.platform == "win32" or not (state_dir / LOCK_NAME).exists():
        return None
    with (state_dir / LOCK_NAME).open("r", encoding="ascii") as file:
        if _try_lock(file, fcntl.LOCK_SH):
            return None
        return _pid_in(file)


def _open(state_dir: Path) -> TextIO:
    descriptor = os.open(state_dir / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    return os.fdopen(descriptor, "r+", encoding="ascii")


def _acquire(file: TextIO, state_dir: Path) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not _try_lock(file, fcntl.LOCK_EX):
        if time.monotonic() > deadline:
            who = _pid_in(file) or "unknown"
            raise Conflict(
                f"Thor already runs on {state_dir} (pid {who}): see it with flask status, or stop it with kill {who}"
                if who != "unknown"
                else f"Thor already starts on {state_dir}: see it with flask status"
            )
        time.sleep(_PAUSE_S)


def _try_lock(file: TextIO, kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _pid_in(file: TextIO) -> int:
    file.seek(0)
    text = file.read().strip()
    return int(text) if text.isdigit() else 0

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

LOCK_NAME, REAPER_LOCK_NAME = "up.lock", "reaper.lock"
# A reader that asks who holds the lock has it for an instant; longer than that, and the holder is real.
_PATIENCE_S = 0.3
_REAPER_PATIENCE_S = 8.0
_PAUSE_S = 0.02


def require_posix() -> None:
    """Conflict on Windows, where neither the embedded servers nor Celery run."""
    if sys.platform == "win32":
        raise Conflict("flask up does not run on Windows: use docker compose or WSL, and flask excel-to-redis here")


def own_directory(path: Path) -> None:
    """Create a directory of mode 0700 where it is missing; Conflict when that fails or it belongs to another user."""
    require_posix()
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        owner = path.stat().st_uid
    except OSError as error:
        raise Conflict(f"cannot use the state directory {path}: {error.strerror}; choose another one") from None
    if owner != os.geteuid():
        raise Conflict(f"the state directory {path} belongs to user {owner}: run as that user, or choose another one")


@contextlib.contextmanager
def hold_lock(state_dir: Path) -> Iterator[None]:
    """Hold the state directory, made where it is missing, for as long as the block runs.

    Conflict, with the holder's pid, when it is taken. Where a holder was killed, this waits until its processes have
    gone.
    """
    own_directory(state_dir)
    with _open(state_dir / LOCK_NAME) as file:
        if not _lock_within(file, _PATIENCE_S):
            raise Conflict(_taken(state_dir, _pid_in(file)))
        with _open(state_dir / REAPER_LOCK_NAME) as reaper:
            if not _lock_within(reaper, _REAPER_PATIENCE_S):
                raise Conflict(f"processes of a Thor that was killed still end on {state_dir}: try again in a moment")
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        try:
            yield
        finally:
            file.truncate(0)


def holder(state_dir: Path) -> int | None:
    """The pid which holds this state directory, 0 when it has not yet told its pid; None when nobody holds it.

    Conflict when the directory is another user's.
    """
    if sys.platform == "win32":
        return None
    try:
        with (state_dir / LOCK_NAME).open("r", encoding="ascii") as file:
            return None if _try_lock(file, fcntl.LOCK_SH) else _pid_in(file)
    except FileNotFoundError:
        return None
    except PermissionError:
        raise Conflict(f"the state directory {state_dir} belongs to another user: run as that user") from None


def _taken(state_dir: Path, pid: int) -> str:
    if not pid:
        return f"Thor is just starting on {state_dir}: see it with flask status"
    return f"Thor already runs on {state_dir} (pid {pid}): see it with flask status, or stop it with kill {pid}"


def _open(path: Path) -> TextIO:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    return os.fdopen(descriptor, "r+", encoding="ascii")


def _lock_within(file: TextIO, patience_s: float) -> bool:
    deadline = time.monotonic() + patience_s
    while not _try_lock(file, fcntl.LOCK_EX):
        if time.monotonic() > deadline:
            return False
        time.sleep(_PAUSE_S)
    return True


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

"""A place for the counts of each process: one that ended, however it ended, leaves its place to the next of its kind.

So counts go on where those of the process before stopped, none is lost or counted twice by a kill, and there are never
more files than processes that ran at once.
"""

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from app.errors import Unavailable

if TYPE_CHECKING or sys.platform != "win32":
    import fcntl

MOST_SLOTS: Final = 200
# As a file is made whole, writing to its memory never needs room on a disk that may be full by then.
FILE_BYTES: Final = 1 << 19


@dataclass(frozen=True)
class Slot:
    """The place of one process: its file, and the lock that its kernel gives back when it ends."""

    file: Path
    lock: int

    def emptied(self) -> "Slot":
        """The same place with nothing counted; OSError."""
        self.file.unlink()
        return Slot(_whole(self.file), self.lock)

    def leave(self) -> None:
        """Give the place back."""
        os.close(self.lock)


def take_slot(folder: Path, role: str) -> Slot:
    """The first free place of a role, such as `web`, for as long as this process lives.

    Unavailable where there is none, the folder cannot be written, or the system has no such locks.
    """
    if sys.platform == "win32":
        raise Unavailable("counts of several processes are not kept on Windows")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for number in range(MOST_SLOTS):
            lock = _locked(folder / f"{role}-{number}.lock")
            if lock is not None:
                return Slot(_whole(folder / f"{role}-{number}.db"), lock)
    except OSError as error:
        raise Unavailable(f"counts cannot be kept in {folder}: {error.strerror}") from error
    raise Unavailable(f"all {MOST_SLOTS} places for counts of {role} are taken")


def files_of(folder: Path) -> Iterator[tuple[Path, bool]]:
    """The file of every process that ever counted here, and whether that process runs."""
    for file in sorted(folder.glob("*.db")):
        yield file, _is_held(file.with_suffix(".lock"))


def _locked(path: Path) -> int | None:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        if isinstance(error, BlockingIOError):
            return None
        raise
    return descriptor


def _whole(path: Path) -> Path:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if sys.platform == "linux":
            os.posix_fallocate(descriptor, 0, FILE_BYTES)
        else:
            os.ftruncate(descriptor, FILE_BYTES)
    finally:
        os.close(descriptor)
    return path


def _is_held(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        # Whoever looks has the lock for an instant itself; a process that begins in it takes the next place.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False

"""Who is at work on a file: the kernel frees a claim when its holder ends, however that ends."""

import contextlib
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING or sys.platform != "win32":
    import fcntl

STALE_AFTER_S: Final = 3600.0
_CAN_CLAIM: Final = sys.platform != "win32"


@contextlib.contextmanager
def claimed(path: Path) -> Iterator[None]:
    """Make an empty file and have it claimed while the block runs; where it is then renamed to, the claim goes along.

    OSError when it cannot be made.
    """
    handle = _make(path)
    try:
        yield
    finally:
        os.close(handle)


def remove_abandoned(path: Path, now: datetime, older_than_s: float = STALE_AFTER_S) -> bool:
    """Remove a file whose writer has ended, or one that was not written to for `older_than_s` seconds; False if not.

    That age alone decides where files cannot be claimed, as on Windows and some network drives.
    """
    try:
        if (now - datetime.fromtimestamp(path.stat().st_mtime, UTC)).total_seconds() > older_than_s:
            path.unlink()
            return True
        return _CAN_CLAIM and _remove_unclaimed(path)
    except FileNotFoundError:  # Its writer has finished meanwhile.
        return False


def _remove_unclaimed(path: Path) -> bool:
    handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink()
    except OSError:  # Claimed by a writer that lives, or on a drive without claims.
        return False
    finally:
        os.close(handle)
    return True


def _make(path: Path) -> int:
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        if not _CAN_CLAIM:
            return handle
        # A drive without claims is no reason not to write.
        with contextlib.suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_SH)
        if os.fstat(handle).st_nlink:
            return handle
        os.close(handle)  # A sweep removed it between its making and its claiming.

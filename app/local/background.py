"""Work that must not be in the way of what is live: its turn at the processors and the disk, and its threads."""

import contextlib
import os
import sys
from pathlib import Path
from typing import Final

import psutil

NICENESS: Final = 10
# Sessions are weighed whole, and one that often sleeps gets its turn early: the least that there is.
SESSION_NICENESS: Final = 19
# Of best-effort reading and writing, the last to have its turn.
_LAST: Final = 7
_AUTOGROUP: Final = Path("/proc/self/autogroup")
_VARIABLES: Final = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "POLARS_MAX_THREADS")


def thread_limits() -> dict[str, str]:
    """Environment variables that leave one processor to others, where there are several.

    NumPy, SciPy, Arrow, Polars and scikit-learn obey them when they are loaded; DuckDB has as many threads as Arrow.
    """
    return dict.fromkeys(_VARIABLES, str(_threads()))


def go_to_background() -> None:
    """Let everything else have the processors and the disk before this process; for good, as there is no way back.

    Threads and processes that it makes from now on are like it. Arrow and DuckDB leave a processor to others. Done
    again, it changes nothing.
    """
    import pyarrow as pa

    pa.set_cpu_count(min(pa.cpu_count(), _threads()))
    process = psutil.Process()
    with contextlib.suppress(psutil.Error, OSError):
        if sys.platform == "win32":
            process.nice(psutil.BELOW_NORMAL_PRIORITY_CLASS)
        elif process.nice() < NICENESS:
            process.nice(NICENESS)
    with contextlib.suppress(psutil.Error, OSError):
        if sys.platform == "linux":
            process.ionice(psutil.IOPRIO_CLASS_BE, _LAST)
    _lower_session(process)


def _threads() -> int:
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, processors - 1)


def _lower_session(process: psutil.Process) -> None:
    # Linux on a desktop shares the processors out among sessions first, and niceness counts inside of each only. The
    # supervisor gives every worker a session of its own; one that holds other things too is left as it is.
    with contextlib.suppress(psutil.Error, OSError, ValueError, IndexError):
        if _AUTOGROUP.exists() and os.getsid(0) in (process.pid, process.ppid()):
            now = int(_AUTOGROUP.read_text().rsplit(maxsplit=1)[1])
            if now < SESSION_NICENESS and process.nice() >= NICENESS:
                _AUTOGROUP.write_text(str(SESSION_NICENESS))

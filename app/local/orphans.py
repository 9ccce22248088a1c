"""Server processes which a killed supervisor or postmaster left behind, and the pid files that name the dead."""

import contextlib
import signal
import time
from pathlib import Path

import psutil

from app.errors import Conflict

_PATIENCE_S = 8.0
_PAUSE_S = 0.02
# What a postmaster and its children understand: end now, without a checkpoint; the log brings everything back.
_IMMEDIATE = signal.SIGQUIT if hasattr(signal, "SIGQUIT") else signal.SIGTERM


def clear_stale_postmaster(data_dir: Path) -> None:
    """Make sure that no server works on this data directory, so that a new one can start.

    Only for the holder of the state directory: whatever still works there is a leftover and is ended. A pid file whose
    pid belongs to a zombie or to a stranger by now would stop the new server, so it goes. Conflict when a leftover
    stays.
    """
    pid_file = data_dir / "postmaster.pid"
    if not pid_file.exists():
        return
    servers = [process for process in psutil.process_iter() if _is_server(process)]
    _end([process for process in servers if _works_in(process, data_dir)], data_dir)
    pid = _pid_in(pid_file)
    # A pid that nobody has is left to the server, which also looks for shared memory in use.
    if pid is None or psutil.pid_exists(pid):
        pid_file.unlink(missing_ok=True)


def _pid_in(pid_file: Path) -> int | None:
    try:
        first = pid_file.read_text(encoding="utf-8", errors="replace").partition("\n")[0].strip()
    except FileNotFoundError:
        return None
    return int(first) if first.isdecimal() else None


def _works_in(process: psutil.Process, data_dir: Path) -> bool:
    # The server makes its data directory the working directory of each of its processes; a container's root may see
    # only the command line of another user's.
    try:
        return process.cwd() == str(data_dir.resolve())
    except psutil.AccessDenied:
        return _names(process, data_dir) or any(_names(parent, data_dir) for parent in process.parents())
    except psutil.Error:
        return False


def _names(process: psutil.Process, data_dir: Path) -> bool:
    try:
        return str(data_dir) in process.cmdline()
    except psutil.Error:
        return False


def _is_server(process: psutil.Process) -> bool:
    try:
        return process.name().startswith("postgres") and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _end(leftovers: list[psutil.Process], data_dir: Path) -> None:
    started = time.monotonic()
    for process in leftovers:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(_IMMEDIATE)
    while left := [process for process in leftovers if _is_server(process)]:
        waited = time.monotonic() - started
        if waited > _PATIENCE_S:
            pids = ", ".join(str(process.pid) for process in left)
            raise Conflict(f"PostgreSQL processes {pids} still work on {data_dir}: end them, then start again")
        if waited > _PATIENCE_S / 2:
            for process in left:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
        time.sleep(_PAUSE_S)

"""The processes: whether Thor runs here, and how many files it may open."""

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import psutil

from app.operations.doctor.findings import Finding
from app.operations.doctor.installation import Installation

if TYPE_CHECKING or sys.platform != "win32":
    import resource

# Beside its clients' sockets: the pools of connections, the libraries' files, the logs.
BESIDE_CLIENTS: Final = 200


def look_at_processes(installation: Installation) -> Iterator[Finding]:
    """Whether Thor runs here, and has room for its clients."""
    yield check_running(installation.holder)
    limit = open_files(installation.web_pid)
    if limit is None:
        yield Finding("open_files", "unknown", "the system does not tell how many files a process may open")
    else:
        yield check_open_files(limit, installation.web_threads, installation.sse_max_clients)


def check_running(holder: int | None) -> Finding:
    """Whether `flask up` runs here, which no installation needs whose parts are services."""
    if holder is None:
        return Finding("thor", "unknown", "`flask up` does not run here: what only shows at work is not looked at")
    return Finding("thor", "ok", f"runs here{f' as pid {holder}' if holder else ', and is just starting'}")


def check_open_files(limit: int, web_threads: int, sse_clients: int) -> Finding:
    """The web server can hold a socket for each client, and a connection to Redis for each that is at work."""
    needed = web_threads + sse_clients + BESIDE_CLIENTS
    told = f"a process may open {limit:,} files, the web server with all its clients needs about {needed:,}"
    if limit < needed:
        fix = f"`ulimit -n {2 * needed}` before the start, or fewer WEB_THREADS and SSE_MAX_CLIENTS"
        return Finding("open_files", "warning", told, fix)
    return Finding("open_files", "ok", told)


def open_files(pid: int | None) -> int | None:
    """How many files a process may open, else one that is started now; None when that is not told."""
    if sys.platform == "win32":
        return None
    if pid is not None and sys.platform == "linux":
        try:
            return _bounded(psutil.Process(pid).rlimit(psutil.RLIMIT_NOFILE)[0])
        except (psutil.Error, OSError):
            return None
    return _bounded(resource.getrlimit(resource.RLIMIT_NOFILE)[0])


def _bounded(limit: int) -> int:
    return sys.maxsize if limit == resource.RLIM_INFINITY else limit

"""gunicorn with the web application of tests, as a process on a free port."""

import contextlib
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from app.local.ports import free_port
from tests.servers import ROOT

START_DEADLINE_S = 60
OPTIONS = ("--threads", "256", "--worker-connections", "2000", "--graceful-timeout", "1")
OPTIONS += ("--no-control-socket",)


@dataclass(frozen=True)
class WebServer:
    """A running web server: its address, the process that answers, and its log."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path

    def worker(self) -> psutil.Process:
        """The one worker process."""
        return psutil.Process(self.process.pid).children()[0]


@contextlib.contextmanager
def serve(log: Path, environment: Mapping[str, str], processes: int = 1) -> Iterator[WebServer]:
    """Serve until the block ends. `environment` holds the settings, and nothing else of ours is handed down."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", *OPTIONS, "-w", str(processes), "-b", f"127.0.0.1:{port}", "wsgi:app"]
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env={**inherited, **environment}, stdout=output, stderr=output, stdin=subprocess.DEVNULL
        )
    try:
        _wait_for(f"http://127.0.0.1:{port}/api/health/live", process, log)
        yield WebServer(f"http://127.0.0.1:{port}", process, log)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + START_DEADLINE_S
    while process.poll() is None and time.monotonic() < deadline:
        with (
            contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError),
            urllib.request.urlopen(url, timeout=5),
        ):
            return
        time.sleep(0.05)
    raise RuntimeError(f"the web server did not start:\n{log.read_text()}")

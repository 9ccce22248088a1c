import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator

import psutil
import pytest

from app.local.child import wrapped
from app.local.postgres import EmbeddedPostgres
from app.local.valkey import EmbeddedValkey

Server = EmbeddedPostgres | EmbeddedValkey
DEADLINE_S = 20


@pytest.fixture
def running() -> Callable[[Server], contextlib.AbstractContextManager[psutil.Process]]:
    return _running


@pytest.fixture
def until() -> Callable[[Callable[[], object]], None]:
    return _until


@contextlib.contextmanager
def _running(server: Server) -> Iterator[psutil.Process]:
    server.prepare()
    prefix = server.prefix if isinstance(server, EmbeddedPostgres) else ()
    command = [*prefix, *wrapped(server.command(), os.getpid(), signal.SIGQUIT)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT) as process:
        try:
            _until(lambda: process.poll() is not None or server.is_ready())
            assert process.poll() is None, "the server ended at its start"
            yield psutil.Process(process.pid)
        finally:
            process.send_signal(signal.SIGINT)


def _until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.02)

"""Servers of one test's own, which it may stop, kill, freeze and start again."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from app.local.child import wrapped
from app.local.ports import free_port
from app.local.postgres import ENVIRONMENT, EmbeddedPostgres
from app.local.valkey import EmbeddedValkey
from tests.servers import FAST_POSTGRES

DEADLINE_S = 30
PASSWORD = "of-a-test"


class PrivateServer:
    """A server as a process of this one."""

    def __init__(self, server: EmbeddedPostgres | EmbeddedValkey) -> None:
        self._server = server
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it is, also after another start."""
        return self._server.url

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self._server.prepare()
        prefix = self._server.prefix if isinstance(self._server, EmbeddedPostgres) else ()
        command = [*prefix, *wrapped(self._server.command(), os.getpid(), signal.SIGQUIT)]
        with Path(os.devnull).open("wb") as nowhere:
            self._process = subprocess.Popen(
                command,
                env=ENVIRONMENT,
                stdin=subprocess.DEVNULL,
                stdout=nowhere,
                stderr=nowhere,
                start_new_session=True,
            )
        deadline = time.monotonic() + DEADLINE_S
        while not self._server.is_ready():
            assert self._process.poll() is None, "the server ended at its start"
            assert time.monotonic() < deadline, "the server did not answer in time"
            time.sleep(0.02)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Have it end, and wait until it has; SIGINT ends both kinds in order, without waiting for clients."""
        if self._process:
            self.thaw()
            self._process.send_signal(how)
            self._process.wait(DEADLINE_S)
            self._process = None

    def freeze(self) -> None:
        """Let every process of it stand still."""
        self._signal_all(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal_all(signal.SIGCONT)

    def _signal_all(self, number: signal.Signals) -> None:
        import psutil

        assert self._process
        with contextlib.suppress(psutil.NoSuchProcess):
            leader = psutil.Process(self._process.pid)
            for process in (leader, *leader.children(recursive=True)):
                process.send_signal(number)


@contextlib.contextmanager
def private_valkey(directory: Path, **settings: str) -> Iterator[PrivateServer]:
    """A running Valkey whose data lie in the directory."""
    with _running(EmbeddedValkey(directory, free_port(), PASSWORD, settings=settings)) as server:
        yield server


@contextlib.contextmanager
def private_postgres(directory: Path, *, durable: bool = False, **settings: str) -> Iterator[PrivateServer]:
    """A running PostgreSQL whose data lie in the directory; `durable` as in production, else as fast as tests like."""
    chosen = {**({} if durable else FAST_POSTGRES), **settings}
    with _running(EmbeddedPostgres(directory, free_port(), PASSWORD, settings=chosen)) as server:
        yield server


@contextlib.contextmanager
def _running(server: EmbeddedPostgres | EmbeddedValkey) -> Iterator[PrivateServer]:
    private = PrivateServer(server)
    try:
        private.start()
        yield private
    finally:
        private.stop()

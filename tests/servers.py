"""One PostgreSQL and one Valkey for a whole test run, shared by every xdist worker that asks for them.

    @pytest.fixture(scope="session")
    def servers(tmp_path_factory):
        servers = start_test_servers(shared_directory(tmp_path_factory))
        yield servers
        servers.stop()

The first worker that asks starts a keeper process, which starts the servers; each worker holds a shared lock for as
long as it uses them, and the keeper ends once nobody holds it. The kernel frees the locks of a killed worker and
ends the servers of a killed keeper, so nothing is left behind either way.
"""

import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, TextIO

import psycopg2
import pytest

from app.bus.connection import connect
from app.local.child import wrapped
from app.local.ports import free_port
from app.local.postgres import ENVIRONMENT, EmbeddedPostgres
from app.local.state import StateDirectory, read_json
from app.local.valkey import EmbeddedValkey
from tests.waiting import until

ROOT = Path(__file__).resolve().parent.parent
START_DEADLINE_S = 60
STOP_DEADLINE_S = 10
# Tests ask for speed, and nothing of theirs has to survive a power cut.
FAST_POSTGRES = {"fsync": "off", "full_page_writes": "off", "shared_buffers": "128MB", "max_connections": "200"}
# What it finds in a table that a test has left empty would change how the next one's queries are planned.
FAST_POSTGRES["autovacuum"] = "off"
REDIS_DATABASES = 256


@dataclass(frozen=True)
class TestServers:
    """Addresses of the servers of this run: PostgreSQL's database `thor`, and Valkey's database 0 of 256."""

    __test__: ClassVar[bool] = False

    database_url: str
    redis_url: str
    _release: Callable[[], None] = field(repr=False)
    _state: Path = field(repr=False)

    def stop(self) -> None:
        """Say that this process no longer needs the servers; they end when nobody does."""
        self._release()

    def end(self) -> None:
        """Stop, and wait until the servers have ended and their data are gone: nobody else may use them."""
        self.stop()
        until(lambda: not self._state.exists())

    def create_database(self, name: str) -> str:
        """The address of an empty database of this name, such as one for an xdist worker; an older one is dropped."""
        with contextlib.closing(psycopg2.connect(self.database_url.replace("+psycopg2", ""))) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
                cursor.execute(f'CREATE DATABASE "{name}"')
        return self.database_url.rpartition("/")[0] + f"/{name}"

    def redis_database(self, number: int) -> str:
        """The address of a numbered database of Valkey, 0 to 255."""
        return self.redis_url.rpartition("/")[0] + f"/{number}"


def shared_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory that all xdist workers of this run have in common, and no other run."""
    base = tmp_path_factory.getbasetemp()
    return (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "servers"


def start_test_servers(tmp: Path) -> TestServers:
    """Start the servers whose data lie in `tmp`, or join those that another process already started there."""
    tmp.mkdir(parents=True, exist_ok=True)
    users = _open_lock(tmp / "users.lock")
    fcntl.flock(users, fcntl.LOCK_SH)
    with _open_lock(tmp / "start.lock") as starting:
        fcntl.flock(starting, fcntl.LOCK_EX)
        if not (tmp / "urls.json").exists():
            _start_keeper(tmp)
    urls = read_json(tmp / "urls.json")
    assert isinstance(urls, dict)
    return TestServers(urls["database_url"], urls["redis_url"], users.close, tmp / "state")


def _open_lock(path: Path) -> TextIO:
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+")


def _start_keeper(tmp: Path) -> None:
    with (tmp / "keeper.log").open("w") as log:
        keeper = subprocess.Popen(
            [sys.executable, "-m", "tests.servers", str(tmp)],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    deadline = time.monotonic() + START_DEADLINE_S
    while not (tmp / "urls.json").exists():
        if keeper.poll() is not None or time.monotonic() > deadline:
            keeper.kill()
            raise RuntimeError(f"the test servers did not start:\n{(tmp / 'keeper.log').read_text()}")
        time.sleep(0.02)
    keeper.returncode = 0  # It outlives this process on purpose; without this, Popen warns of a running child.


def keep_servers(tmp: Path) -> None:
    """Run the servers until no process holds the lock of their users; the keeper's whole life."""
    state = StateDirectory(tmp / "state")
    with _open_lock(tmp / "users.lock") as users, _running(state) as urls:
        state.write("../urls.json", urls)
        while not _unused(users):
            time.sleep(0.2)
        (tmp / "urls.json").unlink()
    shutil.rmtree(state.path, ignore_errors=True)


@contextlib.contextmanager
def _running(state: StateDirectory) -> Iterator[dict[str, str]]:
    postgres = EmbeddedPostgres(state.path, free_port(), state.secret("postgres"), settings=FAST_POSTGRES)
    valkey = EmbeddedValkey(
        state.path, free_port(), state.secret("redis"), settings={"databases": str(REDIS_DATABASES)}
    )
    with contextlib.ExitStack() as stack:
        for server, stop in ((postgres, signal.SIGINT), (valkey, signal.SIGTERM)):
            server.prepare()
            prefix = server.prefix if isinstance(server, EmbeddedPostgres) else ()
            stack.enter_context(_process([*prefix, *wrapped(server.command(), os.getpid(), signal.SIGQUIT)], stop))
        for server in (postgres, valkey):
            _wait(server.is_ready)
        with connect(valkey.url) as client:
            # It would empty the databases of all workers at once.
            client.execute_command("ACL SETUSER", "default", "-flushall")
        yield {"database_url": postgres.url, "redis_url": valkey.url}


@contextlib.contextmanager
def _process(command: list[str], stop: signal.Signals) -> Iterator[None]:
    process = subprocess.Popen(command, env=ENVIRONMENT, stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        yield
    finally:
        process.send_signal(stop)
        try:
            process.wait(STOP_DEADLINE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + START_DEADLINE_S
    while not ready():
        if time.monotonic() > deadline:
            raise TimeoutError("a test server did not answer in time")
        time.sleep(0.02)


def _unused(users: TextIO) -> bool:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    keep_servers(Path(sys.argv[1]))

"""Thor's processes for a measure of the whole pipeline, each as `flask up` runs it, on servers of its own."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from app.local.ports import free_port
from app.local.postgres import EmbeddedPostgres
from app.local.process import ProcessSpec
from app.local.stack import StackOptions, build_stack
from tests.functional.web_server import WebServer, serve
from tests.private_servers import PASSWORD, PrivateServer, private_valkey
from tests.servers import ROOT
from tests.waiting import until

CONSUMER = "bench"
_FOR_LONG_S = 3_600.0
# Celery in a process whose workers neither go to the background nor have fewer threads than there are processors.
_IN_THE_WAY = """
import app.local.background
app.local.background.go_to_background = lambda: None
from celery.__main__ import main
main()
"""
# All that measures comes from one address.
ONE_CALLER = {"SSE_CLIENTS_PER_CALLER": "1900", "RATE_LIMIT_PER_S": "100000"}


@dataclass(frozen=True)
class Rig:
    """Servers with a migrated database, and how to start processes on them."""

    folder: Path
    database_url: str
    redis_url: str

    @property
    def environment(self) -> dict[str, str]:
        """The settings for a process of this rig, and nothing of this process's own."""
        return plain_environment() | {
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self.redis_url,
            "STATE_DIR": str(self.folder / "var"),
            "FLASK_APP": "wsgi",
        }

    @contextlib.contextmanager
    def web(self) -> Iterator[WebServer]:
        """The web server, until the block ends."""
        with serve(self.folder / "web.log", self.environment | ONE_CALLER) as server:
            yield server

    @contextlib.contextmanager
    def ingestor(self) -> Iterator[psutil.Process]:
        """An ingestor, until the block ends; it reads when the block begins."""
        command = [sys.executable, "-m", "flask", "redis-to-postgres", "--consumer-id", CONSUMER]
        with self._process(command, "ingestor.log") as process:
            log = self.folder / "ingestor.log"
            until(lambda: process.poll() is not None or "ingest started" in log.read_text())
            yield psutil.Process(process.pid)

    @contextlib.contextmanager
    def worker(self, queue: str, *, in_the_way: bool = False) -> Iterator[psutil.Process]:
        """The process of a queue's worker that does the work, until the block ends; else made to be in the way."""
        options = StackOptions(self.folder / "stack", ROOT, self.environment, migrate=lambda: None)
        [spec] = [item for item in build_stack(options) if item.name == queue]
        assert isinstance(spec, ProcessSpec) and not callable(spec.command)
        command, environment = list(spec.command), dict(spec.environment or {})
        if in_the_way:
            command = [sys.executable, "-c", _IN_THE_WAY, *command[command.index("celery") + 1 :]]
            environment = self.environment
        with self._process(command, f"{queue}.log", environment, own_session=True) as process:
            log = self.folder / f"{queue}.log"
            until(lambda: process.poll() is not None or " ready." in log.read_text(), deadline_s=120)
            [child] = psutil.Process(process.pid).children()
            try:
                yield child
            finally:  # Who is told to end waits for what is under way, which may take minutes.
                process.send_signal(signal.SIGKILL)
                with contextlib.suppress(psutil.NoSuchProcess):
                    child.kill()

    @contextlib.contextmanager
    def feeding(self, rate_per_s: float) -> Iterator[None]:
        """Publish at a steady rate in a process of its own, until the block ends."""
        command = [sys.executable, "-m", "benchmarks.feed", self.redis_url, str(rate_per_s), str(_FOR_LONG_S)]
        with self._process(command, "feed.log"):
            yield

    def feed(self, rate_per_s: float, seconds: float) -> int:
        """Publish at a steady rate in a process of its own; returns how many quotes were published."""
        return publish_steadily(self.redis_url, rate_per_s, seconds)

    @contextlib.contextmanager
    def _process(
        self,
        command: list[str],
        log_name: str,
        environment: Mapping[str, str] | None = None,
        *,
        own_session: bool = False,
    ) -> "Iterator[subprocess.Popen[bytes]]":
        with (self.folder / log_name).open("wb") as log:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=environment or self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=own_session,
            )
        try:
            yield process
        finally:
            process.terminate()
            process.wait(15)


@contextlib.contextmanager
def rig(folder: Path, **postgres_settings: str) -> Iterator[Rig]:
    """Servers as durable as in production, whose data lie in the folder, with a database that is up to date."""
    postgres = PrivateServer(EmbeddedPostgres(folder, free_port(), PASSWORD, settings=postgres_settings))
    with contextlib.ExitStack() as stack:
        stack.callback(postgres.stop)
        postgres.start()
        made = Rig(folder, postgres.url, stack.enter_context(private_valkey(folder)).url)
        subprocess.run(
            [sys.executable, "-m", "flask", "prepare-database"],
            cwd=ROOT,
            env=made.environment,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        yield made


def plain_environment() -> dict[str, str]:
    """What a process needs of this one's environment, without anybody's settings."""
    return {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}


def publish_steadily(redis_url: str, rate_per_s: float, seconds: float) -> int:
    """Publish at a steady rate in a process of its own; returns how many quotes were published."""
    command = [sys.executable, "-m", "benchmarks.feed", redis_url, str(rate_per_s), str(seconds)]
    answer = subprocess.run(command, cwd=ROOT, env=plain_environment(), check=True, stdout=subprocess.PIPE, text=True)
    return int(answer.stdout)

"""Processes of Thor under attack: started by their real command lines, killed, frozen, watched."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from app.local.child import wrapped
from tests.faults.harness.world import World
from tests.servers import ROOT

END_DEADLINE_S = 20


class Victim:
    """A process that may be killed or frozen, and started again; it ends with this one, however that ends."""

    def __init__(self, command: Sequence[str], environment: dict[str, str], log: Path) -> None:
        self._command, self._environment, self._log = list(command), environment, log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; it may take seconds until it works."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                wrapped(self._command, os.getpid(), signal.SIGKILL),
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Its number; 0 before its first start."""
        return self._process.pid if self._process else 0

    def is_alive(self) -> bool:
        """Whether it runs, or stands still."""
        return self._process is not None and self._process.poll() is None

    def check(self) -> bool:
        """True; AssertionError with the end of its log when it ended by itself."""
        assert self.is_alive(), f"it ended by itself:\n{self.log_end()}"
        return True

    def log_end(self) -> str:
        """The last lines that it wrote."""
        return self._log.read_text(errors="replace")[-2000:] if self._log.exists() else ""

    def kill(self) -> None:
        """Kill -9, and wait until it is gone."""
        self._signal(signal.SIGKILL)
        if self._process:
            self._process.wait()

    def freeze(self) -> None:
        """Let it stand still."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def wait(self, deadline_s: float) -> int:
        """Its exit code, once it has ended by itself; AssertionError when it does not."""
        assert self._process
        try:
            return self._process.wait(deadline_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it did not end:\n{self.log_end()}") from None

    def ends_within(self, deadline_s: float) -> bool:
        """Whether it ends by itself in this time."""
        assert self._process
        try:
            self._process.wait(deadline_s)
        except subprocess.TimeoutExpired:
            return False
        return True

    def end(self) -> int:
        """Ask it to end in order; its exit code. AssertionError when it does not end."""
        assert self._process
        self._process.terminate()
        try:
            return self._process.wait(END_DEADLINE_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"it did not end when asked to:\n{self.log_end()}") from None

    def _signal(self, number: int) -> None:
        if self._process and self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)


def ingest_command(consumer: str, batch_size: int = 500) -> list[str]:
    """The command line of an ingestor."""
    return flask_command("redis-to-postgres", "--consumer-id", consumer, "--batch-size", str(batch_size))


def flask_command(*words: str) -> list[str]:
    """The command line of one of Thor's commands."""
    return [sys.executable, "-m", "flask", *words]


@contextlib.contextmanager
def victim(world: World, command: Sequence[str], name: str, **settings: str) -> Iterator[Victim]:
    """A process of this world, not yet started; killed at the end of the block if it still runs then.

    The command is `python -m MODULE …`, which has the bug that the trial plants, if any.
    """
    python, option, *rest = command
    planted = ["tests.faults.mutants", world.planted] if world.planted else []
    one = Victim([python, option, *planted, *rest], world.environment(**settings), world.directory / f"{name}.log")
    try:
        yield one
    finally:
        one.kill()

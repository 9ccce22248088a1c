"""One process of the group: what it is, how it is spawned, and how it ends with all that it started."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import psutil

from app.errors import Unavailable
from app.local.child import wrapped
from app.local.logs import GroupLog, OutputPump
from app.local.pulse import STILL_AFTER_S, PulseWatch
from app.local.reaper import descendants, kill_all, kill_group

_SETTLE_S = 0.5
_LAST_WORDS_S = 0.5


@dataclass(frozen=True)
class ProcessSpec:
    """A process to keep running.

    `command` may be a function, for what is only known after `prepare`, which runs before every spawn. `environment`
    is the whole environment; None hands down the supervisor's. `after` names the items that must be ready first. It
    is ready once it listens on `port`, has written a line with `ready_text` and `ready()` is true, as far as these
    are given; without any, once it has stayed up for half a second. `stop_signals` are pairs of a delay in seconds
    and a signal; what is left after `grace_s` is killed. One that touches the file `pulse`, and then does so no more
    for `still_after_s`, is killed as well, and started again like one that ended. `prefix()` is a command that changes
    credentials, and so stands before the wrapper.
    """

    name: str
    command: Sequence[str] | Callable[[], Sequence[str]]
    after: tuple[str, ...] = ()
    environment: Mapping[str, str] | None = None
    cwd: Path | None = None
    prepare: Callable[[], None] | None = None
    prefix: Callable[[], Sequence[str]] | None = None
    port: int | None = None
    ready: Callable[[], bool] | None = None
    ready_text: str | None = None
    ready_within_s: float = 60.0
    stop_signals: tuple[tuple[float, signal.Signals], ...] = ((0.0, signal.SIGTERM),)
    grace_s: float = 5.0
    death_signal: signal.Signals = signal.SIGTERM
    url: str | None = None
    pulse: Path | None = None
    still_after_s: float = STILL_AFTER_S


@dataclass(frozen=True)
class Step:
    """Something to do once, when the items named by `after` are ready; those after it wait until it has returned."""

    name: str
    run: Callable[[], None]
    after: tuple[str, ...] = ()


class Running:
    """A spawned process, its output pump and its process group."""

    def __init__(self, spec: ProcessSpec, log: GroupLog) -> None:
        """Spawn it, from the main thread: a child dies with the thread that spawned it. Unavailable when it cannot."""
        self._spec = spec
        self._said = spec.ready_text is None
        if spec.prepare:
            spec.prepare()
        self._started_s = time.monotonic()
        command = list(spec.command() if callable(spec.command) else spec.command)
        if shutil.which(command[0], path=_path(spec)) is None:
            raise Unavailable(f"{spec.name} cannot start: there is no program {command[0]}")
        prefix = list(spec.prefix()) if spec.prefix else []
        try:
            self._process = subprocess.Popen(  # noqa: S603
                [*prefix, *wrapped(command, os.getpid(), spec.death_signal)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=spec.environment,
                cwd=spec.cwd,
                start_new_session=True,
            )
        except OSError as error:
            raise Unavailable(f"{spec.name} cannot start: {error.filename}: {error.strerror}") from None
        self.pid = self._process.pid
        self._pulse = PulseWatch(spec.pulse, spec.still_after_s) if spec.pulse else None
        self._pump = OutputPump(log, spec.name, cast(BinaryIO, self._process.stdout), self._notice)

    def is_ready(self) -> bool:
        """True when the signs of readiness that the specification names are there."""
        spec = self._spec
        if spec.port is None and spec.ready is None and spec.ready_text is None:
            return self.up_s >= _SETTLE_S
        return self._said and self._listens() and (spec.ready is None or spec.ready())

    @property
    def up_s(self) -> float:
        """Seconds since the spawn."""
        return time.monotonic() - self._started_s

    def is_still(self) -> bool:
        """True when it gave signs of life, and has ceased to."""
        return self._pulse is not None and self._pulse.is_still()

    def exit_code(self) -> int | None:
        """None while it runs; else its exit code, negative for a signal, and the rest of its group is killed."""
        if self._process.returncode is None and self._has_ended():
            # Before the pid is given back, so that the group's number cannot belong to anyone else.
            kill_group(self.pid)
            self._process.wait()
        return self._process.returncode

    def how_it_ended(self) -> str:
        """The end of a process in words, with its last line."""
        code = self._process.returncode
        words = self.last_words()
        how = f"was killed by {signal.Signals(-code).name}" if code and code < 0 else f"ended with exit code {code}"
        return f"{how}: {words}" if words else how

    def last_words(self) -> str:
        """The last line that it wrote, once all of its output is in the log."""
        return self._pump.last_words(_LAST_WORDS_S)

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the process itself, not to those that it started."""
        self._process.send_signal(number)

    def kill(self) -> None:
        """Kill the process, its group, and its descendants in groups of their own."""
        below = descendants(self.pid)
        kill_group(self.pid)
        kill_all(below)

    def _has_ended(self) -> bool:
        if sys.platform == "darwin":
            return self._process.poll() is not None
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def _listens(self) -> bool:
        # Else a stranger on the same port could answer for a process that never got it.
        if self._spec.port is None:
            return True
        try:
            sockets = psutil.Process(self.pid).net_connections("tcp")
        except psutil.AccessDenied:
            return True  # A container's root may not look into a process of another user; `ready` has to do.
        except psutil.Error:
            return False
        return any(one.status == psutil.CONN_LISTEN and one.laddr.port == self._spec.port for one in sockets)

    def _notice(self, line: str) -> None:
        self._said = self._said or (self._spec.ready_text or "") in line


def _path(spec: ProcessSpec) -> str | None:
    return spec.environment.get("PATH") if spec.environment is not None else None

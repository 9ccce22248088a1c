"""The supervisor's ties to the outside: the signals that ask it to stop, and the reaper that outlives it."""

import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from app.local import reaper
from app.local.lock import REAPER_LOCK_NAME

# Shorter than the five seconds within which nothing may be left of a killed supervisor.
_REAPER_GRACE_S = 3.5
_SECOND_THOUGHT_S = 0.5


class StopSignals:
    """Notices SIGINT, SIGTERM and SIGHUP; under nohup the group is meant to outlive its terminal, so SIGHUP is not."""

    def __init__(self) -> None:
        """No signal has come yet."""
        self._came: list[tuple[float, str]] = []

    @contextlib.contextmanager
    def taken(self) -> Iterator[None]:
        """Take the signals while the block runs; the handlers from before come back afterwards. Main thread only."""
        numbers = [signal.SIGINT, signal.SIGTERM]
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
            numbers.append(signal.SIGHUP)
        before = {number: signal.signal(number, self._notice) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def came(self) -> str | None:
        """The name of the first signal that has come; None while none has."""
        return self._came[0][1] if self._came else None

    def hurry(self) -> bool:
        """True once a second one shows that there is no time for manners.

        Wrappers such as make pass a terminal's signal on, so two at nearly the same moment are one.
        """
        return len(self._came) > 1 and self._came[-1][0] - self._came[0][0] > _SECOND_THOUGHT_S

    def _notice(self, number: int, _: object) -> None:
        # Nothing that takes a lock: the code which this interrupts may hold it.
        self._came.append((time.monotonic(), signal.Signals(number).name))


class Lifeline:
    """A reaper process and what it knows: the group leaders to end, should this process be killed."""

    def __init__(self, state_dir: Path) -> None:
        """Nothing is listed; the reaper starts with `held`."""
        self._lock = state_dir / REAPER_LOCK_NAME
        self._listed: set[int] = set()
        self._process: subprocess.Popen[bytes] | None = None

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Have the reaper listen while the block runs; afterwards it ends what is still listed, mostly nothing."""
        self._lock.touch(mode=0o600)
        command = [sys.executable, "-I", reaper.__file__, str(_REAPER_GRACE_S), str(self._lock)]
        # Without a buffer, so that the pipe holds nothing back and has nothing to flush when the reaper is dead.
        with subprocess.Popen(command, stdin=subprocess.PIPE, bufsize=0, start_new_session=True) as process:  # noqa: S603
            self._process = process
            yield

    def list_only(self, pids: set[int]) -> None:
        """Make these the group leaders that the reaper knows."""
        changes = [f"+{pid}\n" for pid in pids - self._listed] + [f"-{pid}\n" for pid in self._listed - pids]
        self._listed = pids
        if changes and self._process and self._process.stdin:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.write("".join(changes).encode())

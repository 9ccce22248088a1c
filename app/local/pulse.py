"""A sign of life that needs no server: a file that a process touches, and a watch on it.

A process that stands still, stopped or stuck, does not end, so its supervisor could not tell.
"""

import logging
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread
from typing import Final

log = logging.getLogger(__name__)

EVERY_S: Final = 2.0
STILL_AFTER_S: Final = 20.0
_OWN_PAUSE_S: Final = 5.0


def pulse_file(state_dir: Path, name: str) -> Path:
    """The file that the process of this name touches."""
    return state_dir / "pulse" / name


def keep_pulse(file: Path, ended: Event, every_s: float = EVERY_S) -> Thread:
    """Touch the file every two seconds, in a thread of its own, until `ended` is set."""

    def beat() -> None:
        while True:
            try:
                file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                file.touch(mode=0o600)
            except OSError as error:
                log.warning("cannot show that this process is alive: %s: %s", error.filename, error.strerror)
            if ended.wait(every_s):
                return

    thread = Thread(target=beat, name="pulse", daemon=True)
    thread.start()
    return thread


class PulseWatch:
    """Tells that a file which was touched is touched no more.

    The time counts from the first touch that it saw, and only while it looks itself: whoever was suspended together
    with the process finds it alive. `time_s` is any clock that only goes forward.
    """

    def __init__(
        self, file: Path, still_after_s: float = STILL_AFTER_S, time_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._file, self._still_after_s, self._time_s = file, still_after_s, time_s
        self._touched = self._read()  # By whoever ran before.
        self._since_s: float | None = None
        self._looked_s = time_s()

    def is_still(self) -> bool:
        """Whether it was not touched for so long."""
        now_s, touched = self._time_s(), self._read()
        if touched != self._touched:
            self._touched, self._since_s = touched, now_s
        elif self._since_s is not None and now_s - self._looked_s > _OWN_PAUSE_S:
            self._since_s = now_s
        self._looked_s = now_s
        return self._since_s is not None and now_s - self._since_s > self._still_after_s

    def _read(self) -> int:
        try:
            return self._file.stat().st_mtime_ns
        except OSError:
            return 0

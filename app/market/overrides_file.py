"""The file of overrides on disk, read again when it changes."""

import logging
import time
from collections.abc import Mapping
from pathlib import Path
from threading import Lock
from typing import Final

from app.errors import Rejected
from app.market.overrides import MAX_BYTES, NO_OVERRIDES, Limits, Overrides, parse_overrides
from app.market.plain_yaml import read_text

log = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 1.0


def read_overrides(path: Path, markets: Mapping[str, Limits]) -> Overrides:
    """The overrides of a file; Rejected, naming the file and every problem, when it cannot be read or is wrong."""
    try:
        return parse_overrides(read_text(path, MAX_BYTES), markets)
    except Rejected as error:
        raise Rejected(f"{path.name}: {error}") from None


class OverridesFile:
    """The overrides of a file that may change: looks for a change once a second at most, when it is asked.

    The same object is returned until the content changes. A file that has gone wrong is told in the log and by `fault`,
    and what was last read from it holds on. Safe to share between threads.
    """

    def __init__(self, path: Path, markets: Mapping[str, Limits]) -> None:
        self._path, self._markets = path, markets
        self._lock = Lock()
        self._known = NO_OVERRIDES
        self._mark: tuple[int, ...] | None = None
        self._look_at = 0.0
        self.fault: str | None = None

    def current(self) -> Overrides:
        """What holds now."""
        now = time.monotonic()
        if now >= self._look_at and self._lock.acquire(blocking=self._mark is None):
            try:
                self._look()
                self._look_at = now + LOOK_EVERY_S
            finally:
                self._lock.release()
        return self._known

    def _look(self) -> None:
        mark = self._state()
        if mark == self._mark:
            return
        try:
            found = read_overrides(self._path, self._markets)
        except Rejected as error:
            self.fault = str(error)
            log.error("market overrides stay as they were: %s", error)
        else:
            self.fault = None
            if found != self._known:
                log.info("read %s: %s market overrides", self._path.name, sum(map(len, found.by_market.values())))
                self._known = found
        # Last: until the first reading is done, whoever asks waits for it.
        self._mark = mark

    def _state(self) -> tuple[int, ...]:
        try:
            found = self._path.stat()
        except OSError:
            return ()
        return (found.st_mtime_ns, found.st_size, found.st_ino)

"""Taking batches of new entries from the stream, ahead of the one that is stored while the stream is busy."""

import time
from collections import deque
from collections.abc import Callable
from threading import Event
from typing import Final

from app.bus.groups import Entry, GroupReader
from app.ingest.batch import Batch

# While one answer is worked on, another is on its way and the server prepares a third.
AHEAD: Final = 2
# For how long a transaction is kept waiting for an answer that is about to come.
ABOUT_TO_COME_S: Final = 0.02


class Intake:
    """Batches of up to `count` entries, each asked for before it is needed if the last one was full.

    An answer may keep the server for `block_ms`, for None not at all. Nothing is asked for any more once `ending` is
    set, but what was asked for is still taken. A RedisError that came while reading ahead is raised by `next`.
    """

    def __init__(
        self, reader: GroupReader, make: Callable[[list[Entry]], Batch], count: int, block_ms: int | None, ending: Event
    ) -> None:
        self._reader, self._make, self._count, self._block_ms = reader, make, count, block_ms
        self._ending = ending
        self._asked_at: deque[float] = deque()
        self._is_busy = False
        self._ready: Batch | None = None
        self._error: Exception | None = None

    def next(self) -> Batch | None:
        """The next batch; None when nothing came in time."""
        if self._ready is None and self._error is None:
            self._take()
        if self._error:
            raise self._error
        batch, self._ready = self._ready, None
        return batch

    def read_ahead(self) -> None:
        """Have the next batch ready, if there is one; for moments in which there is nothing else to do."""
        if not self._is_busy or self._ready or self._error:
            return
        try:
            if self._reader.has_answer(ABOUT_TO_COME_S):
                self._take()
        except Exception as error:
            self._error = error

    @property
    def is_empty(self) -> bool:
        """Whether nothing was asked for that is not handed out yet."""
        return not (self._ready or self._error or self._reader.asked)

    def is_fresh(self, within_s: float) -> bool:
        """Whether all that the server handed out and nobody has stored is younger than this."""
        return self._ready is None and all(time.monotonic() - at < within_s for at in self._asked_at)

    def close(self) -> None:
        """Drop what was asked for; it stays pending."""
        self._reader.leave()

    def _take(self) -> None:
        self._ask(1)
        if not self._reader.asked:
            return
        entries = self._reader.take_new()
        self._asked_at.popleft()
        self._is_busy = len(entries) >= self._count
        if self._is_busy:
            self._ask(AHEAD)
        self._ready = self._make(entries) if entries else None

    def _ask(self, wanted: int) -> None:
        while self._reader.asked < wanted and not self._ending.is_set():
            self._reader.ask_new(self._count, self._block_ms)
            self._asked_at.append(time.monotonic())

"""The way of live quotes to the bus: straight, or by way of the spool while the bus does not take them."""

import logging
import random
import time
from collections.abc import Sequence
from typing import Final

from redis.exceptions import RedisError

from app.bus.encoding import Batch, encode, encode_events
from app.collectors.publishing import SourcePublisher
from app.collectors.spool import Spool
from app.collectors.spool_file import Spooled
from app.errors import Conflict, Unavailable
from app.quotes import Quote

log = logging.getLogger(__name__)

FIRST_WAIT_S: Final = 0.2
LONGEST_WAIT_S: Final = 5.0
DRAIN_S: Final = 0.5  # How long the feed waits at a time while the spool is emptied.
DRAIN_QUOTES: Final = 500


class Outbox:
    """Gets quotes to the bus in the order in which they were put, each published once; use it from one thread.

    What the bus does not take waits in the spool, and so does all that comes after it. What the spool has no room for
    is dropped and counted, except the batch that the bus was offered last: that waits in memory, because the bus may
    have taken it. An unanswered bus is asked again after a growing, jittered while, so that `put` seldom waits, and
    never for more than a few timeouts of the client.
    """

    def __init__(self, publisher: SourcePublisher, spool: Spool) -> None:
        self._publisher, self._spool = publisher, spool
        # What is published next, unchanged until it is, with its place in the spool unless that has no room for it.
        self._next: tuple[Spooled | None, Batch] | None = None
        self._failures = 0
        self._ask_at = 0.0
        self._announced = False
        self._waiting = not spool.is_empty
        self.published = 0
        self.is_reachable = True
        self.last_error = ""

    def is_spooling(self) -> bool:
        """Whether quotes wait, also those that another process put into the spool; Unavailable as the spool."""
        self._waiting = self._next is not None or not self._spool.is_empty
        return self._waiting

    def put(self, quotes: Sequence[Quote]) -> None:
        """Take quotes over: when it returns they are published, kept, or dropped and counted. None keep the lease.

        Rejected when a quote is malformed. Conflict when another process has taken the source; what is not published is
        on disk then, or dropped and counted.
        """
        batch = encode(quotes) if quotes else None
        try:
            if self._failures or self._waiting:
                self._keep(batch)
                batch = None
                self.drain(DRAIN_S)
            elif self._publish(batch):
                batch = None
                self._announce()
            else:
                self._hold(batch)
        except Conflict:
            self.close()
            self._keep(batch)
            raise
        except Unavailable as error:  # Of the spool; what the bus refuses is spooled.
            self._keep(batch)
            self._fail(error)

    def drain(self, longest_s: float) -> None:
        """Publish what waits in the spool, oldest first, for so long or as long as the bus takes it."""
        until = time.monotonic() + longest_s
        while time.monotonic() >= self._ask_at and self._publish(self._oldest()):
            if self._next is None:
                self._waiting = self._announced = False
                self._announce()
                return
            if spooled := self._next[0]:
                self._spool.remove(spooled)
            self._next = None
            if time.monotonic() >= until:
                return

    def close(self) -> None:
        """Put on disk what waits in memory, or drop and count it."""
        if self._next and not self._next[0]:
            self._keep(self._next[1])
            self._next = None

    def _hold(self, batch: Batch | None) -> None:
        # The bus may have it already, and would know it again as this batch only.
        if batch is not None:
            self._next = (self._spool.append(batch.events), batch)
            self._waiting = True

    def _keep(self, batch: Batch | None) -> None:
        if batch is None:
            return
        if self._spool.append(batch.events):
            self._waiting = True
        else:
            self._spool.drop(batch.events)
            self._announced = False

    def _oldest(self) -> Batch | None:
        if self._next is None and (spooled := self._spool.oldest(DRAIN_QUOTES)):
            self._next = (spooled, encode_events(spooled.events))
        return self._next[1] if self._next else None

    def _publish(self, batch: Batch | None) -> bool:
        try:
            self._publisher.publish_batch(batch)
        except Unavailable as error:
            self._fail(error)
            return False
        if self._failures:
            log.info("the bus takes quotes again, %s wait in %s", self._spool.size, self._spool.path)
        self._failures, self._ask_at, self.is_reachable = 0, 0.0, True
        self.published += len(batch.events) if batch else 0
        return True

    def _announce(self) -> None:
        # Drops are there from an earlier run, or since the bus was away, or of a spool that was damaged meanwhile.
        if self._announced:
            return
        try:
            for drop in self._spool.drops():
                self._publisher.announce(drop)
                self._spool.forget(drop)
        except Unavailable as error:
            self._fail(error)
        else:
            self._announced = True

    def _fail(self, error: Unavailable) -> None:
        if not self._failures:
            log.warning("quotes wait in %s, and are published from there later: %s", self._spool.path, error)
        wait_s = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** min(self._failures, 10)) * random.uniform(0.5, 1.0)
        self._failures += 1
        self._ask_at = time.monotonic() + wait_s
        self._announced = False
        self.is_reachable = not isinstance(error.__cause__, RedisError)
        self.last_error = str(error)[:200]

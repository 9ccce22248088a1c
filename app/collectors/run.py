"""The loop of a live source: one lease, one sequence, publish or spool, and show that it is alive."""

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from threading import Event
from typing import Final

from redis import Redis
from redis.exceptions import RedisError

from app.bus import keys
from app.bus.hashes import write_hash
from app.bus.stream import STREAM_CAP
from app.clock import Clock
from app.collectors.feeds import Feed, MakeFeed
from app.collectors.outbox import Outbox
from app.collectors.publishing import SourcePublisher
from app.collectors.spool import Spool
from app.errors import Conflict, Unavailable
from app.market.market import Market
from app.quotes import Quote

log = logging.getLogger(__name__)

HEALTH_KEPT_S: Final = 86_400
ALIVE_KEPT_S: Final = 10 * 86_400
LAST_DRAIN_S: Final = 5.0


@dataclass(frozen=True)
class Assignment:
    """What a collector does: publish what is new every `interval_s`, and ask every `look_every_s` whether to go on.

    `make_feed` gets the function that numbers quotes; what a feed raises ends the collector. The spool is opened once
    the source is held, and keeps what the bus does not take. `market` tells the trading day in whose minutes the feed
    is marked as alive.
    """

    source: str
    interval_s: float
    is_wanted: Callable[[], bool]
    make_feed: MakeFeed
    open_spool: Callable[[], Spool]
    market: Market
    stream_cap: int = STREAM_CAP
    look_every_s: float = 2.0


def run_collector(client: Redis, assignment: Assignment, clock: Clock, stop: Event) -> int:
    """Publish a source's quotes until it is unwanted or `stop` is set; returns how many were published.

    While the bus is away or full they go to the spool, and from there to the bus in order when it is back, as does what
    an earlier process left. Conflict when another live process collects the source. `client` should give up within
    seconds, because the feed waits for it.
    """
    publisher = SourcePublisher(client, assignment.source, cap=assignment.stream_cap)
    try:
        with closing(assignment.open_spool()) as spool:
            collector = _Collector(client, publisher, spool, assignment, clock)
            collector.run(stop)
    finally:
        publisher.release()
    log.info("stopped collecting %s: %s quotes published", assignment.source, collector.published)
    return collector.published


class _Collector:
    def __init__(
        self, client: Redis, publisher: SourcePublisher, spool: Spool, assignment: Assignment, clock: Clock
    ) -> None:
        self._client, self._publisher, self._spool = client, publisher, spool
        self._assignment, self._clock = assignment, clock
        self._outbox = Outbox(publisher, spool)
        self._look_at = 0.0
        self._wanted = True
        self._event_at = clock.now()
        self._alive: set[tuple[date, int]] = set()

    @property
    def published(self) -> int:
        return self._outbox.published

    def run(self, stop: Event) -> None:
        try:
            with closing(self._outbox), closing(self._assignment.make_feed(self._publisher.next_seq)) as feed:
                while not stop.is_set() and self._is_wanted():
                    self._outbox.put(self._stepped(feed))
                    self._note_alive()
                    feed.wait(self._assignment.interval_s)
                self._outbox.drain(LAST_DRAIN_S)
        except Conflict as error:
            self._tell_fenced(error)
            raise
        except Exception:
            self._tell("failed")
            raise
        self._tell("stopped")

    def _stepped(self, feed: Feed) -> Sequence[Quote]:
        now = self._clock.now()
        quotes = feed.step(now)
        if quotes:
            self._event_at = now
        return quotes

    def _is_wanted(self) -> bool:
        # A bus that does not answer is asked for quotes only; what was wanted last is wanted still.
        if time.monotonic() >= self._look_at and self._outbox.is_reachable:
            try:
                self._wanted = self._assignment.is_wanted()
                self._show("spooling" if self._outbox.is_spooling() else "running")
                self._mark_alive()
            except (RedisError, Unavailable) as error:
                log.warning("cannot ask whether %s is wanted: %s", self._assignment.source, str(error)[:200])
            self._look_at = time.monotonic() + self._assignment.look_every_s
        return self._wanted

    def _show(self, state: str) -> None:
        shown = {
            "at_ms": int(self._clock.now().timestamp() * 1000),
            "state": state,
            "event_ms": int(self._event_at.timestamp() * 1000),
            "published": self.published,
            "spooled": self._spool.size,
            "dropped": self._spool.dropped,
            "unreadable": self._spool.unreadable,
            "damaged": self._spool.damaged,
            "last_error": self._outbox.last_error,
        }
        write_hash(self._client, keys.health(self._assignment.source), shown, HEALTH_KEPT_S)

    def _tell(self, state: str) -> None:
        try:
            self._show(state)
        except (RedisError, Unavailable) as error:
            log.warning("cannot show that %s is %s: %s", self._assignment.source, state, str(error)[:200])

    def _tell_fenced(self, error: Conflict) -> None:
        spool, source = self._spool, self._assignment.source
        told = f"{error}; {spool.size} quotes wait in {spool.path} until this machine collects {source} again"
        log.error("%s stops: %s", source, told)
        at_ms = int(self._clock.now().timestamp() * 1000)
        try:  # The rest of the health is the new holder's.
            write_hash(self._client, keys.health(source), {"fenced": told[:300], "fenced_at_ms": at_ms}, HEALTH_KEPT_S)
        except RedisError as lost:
            log.warning("cannot show that %s was fenced: %s", source, str(lost)[:200])

    def _note_alive(self) -> None:
        now = self._clock.now()
        window = self._assignment.market.window_of(now)
        self._alive.add((window.day, (now - window.start) // timedelta(minutes=1)))

    def _mark_alive(self) -> None:
        with self._client.pipeline(transaction=False) as pipe:
            for day, minute in self._alive:
                key = keys.alive(self._assignment.source, day)
                pipe.setbit(key, minute, 1)
                pipe.expire(key, ALIVE_KEPT_S)
            pipe.execute()
        self._alive.clear()

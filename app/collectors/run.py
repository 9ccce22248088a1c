"""The loop of a live source: one lease, one sequence, publish, and patience when the bus is away."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Event
from typing import Final

from redis import Redis
from redis.exceptions import RedisError

from app.bus import keys
from app.bus.hashes import write_hash
from app.bus.stream import STREAM_CAP
from app.clock import Clock
from app.collectors.publishing import SourcePublisher
from app.quotes import Quote

log = logging.getLogger(__name__)

HEALTH_KEPT_S: Final = 86_400
FeedStep = Callable[[datetime], Sequence[Quote]]


@dataclass(frozen=True)
class Assignment:
    """What a collector does: publish what is new every `interval_s`, and ask every `look_every_s` whether to go on.

    `make_feed` gets the function that numbers quotes, and gives what is new at an instant.
    """

    source: str
    interval_s: float
    is_wanted: Callable[[], bool]
    make_feed: Callable[[Callable[[], int]], FeedStep]
    stream_cap: int = STREAM_CAP
    look_every_s: float = 2.0


def run_collector(client: Redis, assignment: Assignment, clock: Clock, stop: Event) -> int:
    """Publish a source's quotes until it is unwanted or `stop` is set; returns how many were published.

    Conflict when another live process collects the source.
    """
    publisher = SourcePublisher(client, assignment.source, cap=assignment.stream_cap)
    collector = _Collector(client, publisher, assignment, clock)
    try:
        collector.run(stop)
    finally:
        publisher.release()
    log.info("stopped collecting %s: %s quotes published", assignment.source, collector.published)
    return collector.published


class _Collector:
    def __init__(self, client: Redis, publisher: SourcePublisher, assignment: Assignment, clock: Clock) -> None:
        self._client, self._publisher, self._assignment, self._clock = client, publisher, assignment, clock
        self._look_at = 0.0
        self._wanted = True
        self.published = 0

    def run(self, stop: Event) -> None:
        step = self._assignment.make_feed(self._publisher.next_seq)
        while not stop.is_set() and self._is_wanted():
            quotes = step(self._clock.now())
            if self._publisher.publish_patiently(quotes, stop):
                self.published += len(quotes)
            stop.wait(self._assignment.interval_s)

    def _is_wanted(self) -> bool:
        if time.monotonic() >= self._look_at:
            try:
                self._wanted = self._assignment.is_wanted()
                self._show_health()
            except RedisError as error:  # Publishing waits for the server; what was wanted last is wanted still.
                log.warning("cannot ask whether %s is wanted: %s", self._assignment.source, str(error)[:200])
            self._look_at = time.monotonic() + self._assignment.look_every_s
        return self._wanted

    def _show_health(self) -> None:
        at_ms = int(self._clock.now().timestamp() * 1000)
        shown = {"at_ms": at_ms, "published": self.published, "state": "running"}
        write_hash(self._client, keys.health(self._assignment.source), shown, HEALTH_KEPT_S)

"""The loop of a live source: one lease, one sequence, publish, and patience when the bus is away."""

import contextlib
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from threading import Event
from typing import Final

from redis import Redis
from redis.exceptions import RedisError
from tenacity import Retrying, retry_if_exception_type, sleep_using_event, stop_when_event_set, wait_random_exponential

from app.bus import keys
from app.bus.leases import Lease, acquire, release, renew
from app.bus.stream import STREAM_CAP, QuotePublisher
from app.clock import Clock
from app.errors import Unavailable
from app.quotes import Quote, seq_of

log = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 2.0
HEALTH_KEPT_S: Final = 86_400
FeedStep = Callable[[datetime], Sequence[Quote]]


@dataclass(frozen=True)
class Assignment:
    """What a collector does. `make_feed` gets the function that numbers quotes, and gives what is new at an instant."""

    source: str
    interval_s: float
    is_wanted: Callable[[], bool]
    make_feed: Callable[[Callable[[], int]], FeedStep]
    stream_cap: int = STREAM_CAP


def run_collector(client: Redis, assignment: Assignment, clock: Clock, stop: Event) -> int:
    """Publish a source's quotes until it is unwanted or `stop` is set; returns how many were published.

    Conflict when another live process collects the source.
    """
    lease = acquire(client, keys.lease(assignment.source), keys.epoch(assignment.source))
    log.info("collecting %s under token %s", assignment.source, lease.token)
    collector = _Collector(client, assignment, clock, lease, stop)
    try:
        collector.run()
    finally:
        with contextlib.suppress(RedisError):  # It expires by itself where the server is away.
            release(client, collector.lease)
    log.info("stopped collecting %s: %s quotes published", assignment.source, collector.published)
    return collector.published


class _Collector:
    def __init__(self, client: Redis, assignment: Assignment, clock: Clock, lease: Lease, stop: Event) -> None:
        self._client, self._assignment, self._clock, self._stop = client, assignment, clock, stop
        self._counter = count(1)
        self._look_at = 0.0
        self._wanted = True
        self.published = 0
        self._take(lease)
        self._step = assignment.make_feed(self._next_seq)

    def run(self) -> None:
        while not self._stop.is_set() and self._wanted:
            quotes = self._step(self._clock.now())
            for attempt in self._attempts():
                with attempt:
                    self._look()
                    self._publisher.publish(quotes)
            self.published += len(quotes)
            self._stop.wait(self._assignment.interval_s)

    def _next_seq(self) -> int:
        return seq_of(self.lease.token, next(self._counter))

    def _take(self, lease: Lease) -> None:
        self.lease = lease
        self._publisher = QuotePublisher(self._client, lease, cap=self._assignment.stream_cap)

    def _look(self) -> None:
        if time.monotonic() < self._look_at:
            return
        try:
            self._wanted = self._assignment.is_wanted()
            if not renew(self._client, self.lease):
                self._take(acquire(self._client, self.lease.key, keys.epoch(self._assignment.source)))
            self._show_health()
        except RedisError as error:
            raise Unavailable(f"Redis is away ({type(error).__name__})") from error
        self._look_at = time.monotonic() + LOOK_EVERY_S

    def _show_health(self) -> None:
        key = keys.health(self._assignment.source)
        at_ms = int(self._clock.now().timestamp() * 1000)
        self._client.hset(key, mapping={"at_ms": at_ms, "published": self.published, "state": "running"})
        self._client.expire(key, HEALTH_KEPT_S)

    def _attempts(self) -> Retrying:
        return Retrying(
            retry=retry_if_exception_type(Unavailable),
            wait=wait_random_exponential(multiplier=0.2, max=5),
            sleep=sleep_using_event(self._stop),
            stop=stop_when_event_set(self._stop),
            before_sleep=lambda call: log.warning("%s waits: %s", self._assignment.source, _reason(call)),
            reraise=True,
        )


def _reason(call: object) -> str:
    outcome = getattr(call, "outcome", None)
    return str(outcome.exception())[:200] if outcome else ""

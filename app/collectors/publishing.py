"""Publishing the quotes of one source: under its lease, with its numbers, and with patience when the bus is away."""

import contextlib
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import count
from threading import Event
from typing import Final, TypeVar
from uuid import uuid4

from redis import Redis
from redis.exceptions import RedisError
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_when_event_set, wait_random_exponential
from tenacity.nap import sleep_using_event

from app.bus import keys
from app.bus.drops import Drop
from app.bus.encoding import Batch, encode
from app.bus.leases import Lease, acquire, release, renew
from app.bus.stream import STREAM_CAP, QuotePublisher
from app.errors import Conflict, Unavailable
from app.quotes import Quote, seq_of

log = logging.getLogger(__name__)

RENEW_EVERY_S: Final = 2.0
LONGEST_WAIT_S: Final = 5.0
T = TypeVar("T")


class SourcePublisher:
    """Holds a source and publishes its quotes. The lease is renewed by use, and taken again if it expired unused.

    Renewing takes a round trip every `renew_every_s`, which must be shorter than a lease lives. Conflict at its making
    while another live process holds the source; RedisError when the bus is away. Use it from one thread.
    """

    def __init__(
        self, client: Redis, source: str, *, cap: int = STREAM_CAP, renew_every_s: float = RENEW_EVERY_S
    ) -> None:
        self._client, self._source, self._cap, self._renew_every_s = client, source, cap, renew_every_s
        self._attempt = uuid4().hex
        self._hold(self._acquire(above=0), None)

    @property
    def token(self) -> int:
        """The fencing token of the lease."""
        return self._lease.token

    def next_seq(self) -> int:
        """The sequence number of the source's next event; strictly increasing, and counted from 1 under each token."""
        return seq_of(self._lease.token, next(self._counter))

    def publish(self, quotes: Sequence[Quote]) -> None:
        """Publish all or nothing; without quotes, keep the lease.

        Rejected when a quote is malformed, Conflict when another process has taken the source, Unavailable when the
        bus is away or full: publish the same quotes again, and they are published once.
        """
        self.publish_batch(encode(quotes) if quotes else None)

    def publish_batch(self, batch: Batch | None) -> None:
        """`publish` for quotes that are encoded already."""
        self._keep()
        if batch is None:
            return
        try:
            self._publisher.publish_batch(batch)
        except Conflict:  # The lease is no longer ours; taking it again fails if it is somebody else's.
            self._asking(self._take)
            self._publisher.publish_batch(batch)

    def publish_patiently(self, quotes: Sequence[Quote], stop: Event) -> bool:
        """Publish as soon as the bus takes them; False when `stop` ended the waiting."""
        return self._patiently(encode(quotes) if quotes else None, stop)

    def publish_all(self, lists: Iterable[Sequence[Quote]], stop: Event) -> Iterator[int]:
        """Publish lists of quotes in order, and tell how long each was once the bus has it; patient as above.

        The bus takes one list while the next is made. An empty list keeps the lease. Ends early when `stop` ends the
        waiting.
        """
        ahead: Batch | None = None
        try:
            for quotes in lists:
                batch = encode(quotes) if quotes else None
                if ahead is not None:
                    if not self._settled(ahead, stop):
                        return
                    yield len(ahead.events)
                ahead = batch
                self._begin(batch)
            if ahead is not None and self._settled(ahead, stop):
                yield len(ahead.events)
        finally:
            self._publisher.abandon()

    def announce(self, drop: Drop) -> None:
        """Tell a loss once; Conflict when the lease is no longer ours, Unavailable when the bus is away."""
        self._publisher.announce(drop)

    def release(self) -> None:
        """Give the source back; where the server is away, the lease expires by itself."""
        with contextlib.suppress(RedisError):
            self._publisher.restore_counts()
            release(self._client, self._lease)

    def _begin(self, batch: Batch | None) -> None:
        self._begun = False
        with contextlib.suppress(Unavailable, Conflict):  # Settling it tries again.
            self._keep()
            if batch is not None:
                self._publisher.send(batch)
                self._begun = True

    def _settled(self, batch: Batch, stop: Event) -> bool:
        if self._begun:
            with contextlib.suppress(Unavailable, Conflict):  # What is wrong comes back below, if it is wrong still.
                self._publisher.settle()
                return True
        return self._patiently(batch, stop)

    def _patiently(self, batch: Batch | None, stop: Event) -> bool:
        try:
            for attempt in self._attempts(stop):
                with attempt:
                    self.publish_batch(batch)
        except Unavailable:
            if not stop.is_set():
                raise
            return False
        return True

    def _keep(self) -> None:
        if time.monotonic() > self._renew_at:
            self._asking(self._renew)

    def _acquire(self, above: int) -> Lease:
        # The same attempt until its answer has come: the lease may be ours without our knowing.
        places = (keys.lease(self._source), keys.epoch(self._source))
        lease = acquire(self._client, *places, attempt=self._attempt, above=above)
        self._attempt = uuid4().hex
        log.info("holding source %s under token %s", self._source, lease.token)
        return lease

    def _take(self) -> None:
        self._hold(self._acquire(above=self.token), self._publisher)
        self._publisher.take_over()

    def _renew(self) -> None:
        if renew(self._client, self._lease):
            self._renew_at = time.monotonic() + self._renew_every_s
        else:
            self._take()

    def _hold(self, lease: Lease, before: QuotePublisher | None) -> None:
        self._lease = lease
        self._counter = count(1)  # Of each token: numbers that it never gave would look like a gap.
        self._publisher = QuotePublisher(self._client, lease, cap=self._cap, before=before)
        self._renew_at = time.monotonic() + self._renew_every_s

    def _asking(self, call: Callable[[], T]) -> T:
        try:
            return call()
        except RedisError as error:
            raise Unavailable(f"Redis is away ({type(error).__name__})") from error

    def _attempts(self, stop: Event) -> Retrying:
        return Retrying(
            retry=retry_if_exception_type(Unavailable),
            wait=wait_random_exponential(multiplier=0.2, max=LONGEST_WAIT_S),
            sleep=sleep_using_event(stop),
            stop=stop_when_event_set(stop),
            before_sleep=self._say_why,
            reraise=True,
        )

    def _say_why(self, call: RetryCallState) -> None:
        error = call.outcome.exception() if call.outcome else None
        log.warning("%s waits: %s", self._source, str(error)[:200])

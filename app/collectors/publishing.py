"""Publishing the quotes of one source: under its lease, with its numbers, and with patience when the bus is away."""

import contextlib
import logging
import time
from collections.abc import Callable, Sequence
from itertools import count
from threading import Event
from typing import Final, TypeVar

from redis import Redis
from redis.exceptions import RedisError
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_when_event_set, wait_random_exponential
from tenacity.nap import sleep_using_event

from app.bus import keys
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
    while another live process holds the source; RedisError when the bus is away.
    """

    def __init__(
        self, client: Redis, source: str, *, cap: int = STREAM_CAP, renew_every_s: float = RENEW_EVERY_S
    ) -> None:
        self._client, self._source, self._cap, self._renew_every_s = client, source, cap, renew_every_s
        self._counter = count(1)
        self._take()

    @property
    def token(self) -> int:
        """The fencing token of the lease."""
        return self._lease.token

    def next_seq(self) -> int:
        """The sequence number of the source's next event; strictly increasing, also across restarts."""
        return seq_of(self._lease.token, next(self._counter))

    def publish(self, quotes: Sequence[Quote]) -> None:
        """Publish all or nothing; without quotes, keep the lease.

        Rejected when a quote is malformed, Conflict when another process has taken the source, Unavailable when the
        bus is away or full: publish the same quotes again.
        """
        if time.monotonic() > self._renew_at:
            self._asking(self._renew)
        try:
            self._publisher.publish(quotes)
        except Conflict:  # The lease is no longer ours; taking it again fails if it is somebody else's.
            self._asking(self._take)
            self._publisher.publish(quotes)

    def publish_patiently(self, quotes: Sequence[Quote], stop: Event) -> bool:
        """Publish as soon as the bus takes them; False when `stop` ended the waiting."""
        try:
            for attempt in self._attempts(stop):
                with attempt:
                    self.publish(quotes)
        except Unavailable:
            if not stop.is_set():
                raise
            return False
        return True

    def release(self) -> None:
        """Give the source back; where the server is away, the lease expires by itself."""
        with contextlib.suppress(RedisError):
            release(self._client, self._lease)

    def _take(self) -> None:
        self._hold(acquire(self._client, keys.lease(self._source), keys.epoch(self._source)))
        log.info("holding source %s under token %s", self._source, self.token)

    def _renew(self) -> None:
        if renew(self._client, self._lease):
            self._renew_at = time.monotonic() + self._renew_every_s
        else:
            self._take()

    def _hold(self, lease: Lease) -> None:
        self._lease = lease
        self._publisher = QuotePublisher(self._client, lease, cap=self._cap)
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

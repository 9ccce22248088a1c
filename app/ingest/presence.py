"""What an ingestor is to others: the holder of its consumer's name, and the figures that it shows."""

import contextlib
import logging
import time
from collections.abc import Mapping
from typing import Final

from redis import Redis
from redis.exceptions import RedisError

from app.bus import keys
from app.bus.hashes import write_hash
from app.bus.leases import Lease, acquire, release, renew
from app.clock import Clock

log = logging.getLogger(__name__)

BEAT_S: Final = 1.0
HEALTH_KEPT_S: Final = 86_400


class Presence:
    """Holds the lease on a consumer's name while it beats, and keeps the health hash.

    `client` replies in text. Every call raises RedisError while the server is away.
    """

    def __init__(self, client: Redis, clock: Clock, consumer: str) -> None:
        self._client, self._clock, self._consumer = client, clock, consumer
        self._lease: Lease | None = None
        self._beat_at = 0.0
        self._state, self._error, self._progress_ms = "running", "", 0

    def take(self) -> None:
        """Take the name; Conflict while another live process has it."""
        key = keys.ingest_lease(self._consumer)
        self._lease = acquire(self._client, key, f"{key}:epoch")

    def beat(self, figures: Mapping[str, object]) -> None:
        """At most once a second, keep the lease and show the figures; Conflict when another process took the name."""
        if time.monotonic() < self._beat_at:
            return
        if self._lease is None or not renew(self._client, self._lease):
            log.warning("the lease on consumer %s is gone: taking it again", self._consumer)
            self.take()
        words = {"progress_ms": self._progress_ms, "state": self._state, "error": self._error}
        shown = {**figures, **words, "at_ms": self._now_ms()}
        write_hash(self._client, keys.ingest_health(self._consumer), shown, HEALTH_KEPT_S)
        self._beat_at = time.monotonic() + BEAT_S

    @property
    def is_held(self) -> bool:
        """Whether the name was taken and not given back; another may have it by now."""
        return self._lease is not None

    def advance(self) -> None:
        """Work was done, or there is none."""
        self._progress_ms = self._now_ms()
        self._state, self._error = "running", ""

    def hold_up(self, state: str, error: Exception) -> None:
        """Work waits for something, such as `waiting_for_postgres`."""
        self._state, self._error = state, str(error)[:200]

    def leave(self) -> None:
        """Give the name back; where the server is away, the lease expires by itself."""
        if self._lease:
            with contextlib.suppress(RedisError):
                release(self._client, self._lease)
        self._lease = None

    def abandon(self) -> None:
        """Leave without asking the server, which does not answer; the lease expires by itself."""
        self._lease = None

    def _now_ms(self) -> int:
        return int(self._clock.now().timestamp() * 1000)

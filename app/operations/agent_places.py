"""The place of a source's own process: held as long as it lives and its loop turns, else the workers take over."""

import contextlib
import logging
import time
from collections.abc import Iterator
from threading import Event, Thread
from typing import Final

from redis import Redis
from redis.exceptions import RedisError

from app.bus import keys
from app.bus.hashes import read_hash
from app.bus.leases import LEASE_TTL_S, Lease, acquire, release, renew
from app.errors import Conflict

log = logging.getLogger(__name__)

AGENT_TTL_S: Final = LEASE_TTL_S  # Where it dies, the workers are to take over as soon as from one of theirs.
RENEW_EVERY_S: Final = 2.5
STUCK_S: Final = 30.0  # The loop turns every two seconds, and every ten while Redis is away.


class AgentPlace:
    """The place of this process; `turn` tells that its loop turns.

    Where another process takes it, `stop` is set, and `lost` is the reason.
    """

    def __init__(self, client: Redis, source: str, stop: Event) -> None:
        self._client, self._source, self._stop = client, source, stop
        self._turned_s = time.monotonic()
        self.lost: Conflict | None = None

    def turn(self) -> None:
        """The loop does not hang."""
        self._turned_s = time.monotonic()

    @contextlib.contextmanager
    def held(self) -> Iterator[bool]:
        """Hold the place, with True, from its taking on; Conflict, naming the other process, when it is taken."""
        ended, held = Event(), [self._register()]
        self.turn()

        def keep() -> None:
            while not ended.wait(RENEW_EVERY_S):
                try:
                    self._renew(held)
                except RedisError as error:
                    log.warning("cannot show that this process is there for %s: %s", self._source, str(error)[:200])
                except Conflict as error:
                    self.lost = error
                    self._stop.set()
                    return

        keeper = Thread(target=keep, name=f"{self._source} agent", daemon=True)
        keeper.start()
        try:
            yield True
        finally:
            ended.set()
            keeper.join()
            with contextlib.suppress(RedisError):
                release(self._client, held[0])

    def _renew(self, held: list[Lease]) -> None:
        if (still_s := time.monotonic() - self._turned_s) > STUCK_S:
            log.error("the loop of %s hangs for %.0f s: its place is left to the workers", self._source, still_s)
        elif not renew(self._client, held[0], ttl_s=AGENT_TTL_S):
            held[0] = self._register()

    def _register(self) -> Lease:
        key = keys.agent(self._source)
        try:
            return acquire(self._client, key, f"{key}:epoch", ttl_s=AGENT_TTL_S)
        except Conflict as error:
            other = read_hash(self._client, key)
            if not other:
                raise
            where = f"process {other['pid']} on {other['host']}"
            raise Conflict(
                f"another process is there for {self._source}: {where}; stop it first, "
                f"or wait {AGENT_TTL_S:.0f} s after it died"
            ) from error

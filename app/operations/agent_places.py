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
from app.clock import Clock
from app.errors import Conflict

log = logging.getLogger(__name__)

AGENT_TTL_S: Final = LEASE_TTL_S  # Where it dies, the workers are to take over as soon as from one of theirs.
RENEW_EVERY_S: Final = 2.5
CLOCKS_MAY_DIFFER_S: Final = 2.0
WARN_EVERY_S: Final = 60.0
STUCK_S: Final = 30.0  # The loop turns every two seconds, and every ten while Redis is away.


class AgentPlace:
    """The place of this process; `turn` tells that its loop turns.

    Where another process takes it, `stop` is set, and `lost` is the reason. While it is held, a clock that differs from
    the server's is warned of, as the ages of quotes are wrong by as much.
    """

    def __init__(self, client: Redis, source: str, stop: Event, clock: Clock) -> None:
        self._client, self._source, self._stop = client, source, stop
        self._clocks = _Clocks(client, clock)
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
            while True:
                try:
                    self._clocks.compare()
                    self._renew(held)
                except RedisError as error:
                    log.warning("cannot show that this process is there for %s: %s", self._source, str(error)[:200])
                except Conflict as error:
                    self.lost = error
                    self._stop.set()
                    return
                if ended.wait(RENEW_EVERY_S):
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


class _Clocks:
    def __init__(self, client: Redis, clock: Clock) -> None:
        self._client, self._clock = client, clock
        self._warn_at = 0.0

    def compare(self) -> None:
        before = self._clock.now().timestamp()
        seconds, micros = self._client.time()
        after, there = self._clock.now().timestamp(), seconds + micros / 1e6
        # The server's time is of some moment between the two.
        ahead_s = before - there if before > there else min(0.0, after - there)
        if abs(ahead_s) <= CLOCKS_MAY_DIFFER_S or time.monotonic() < self._warn_at:
            return
        told = f"{abs(ahead_s):.0f} s {'ahead of' if ahead_s > 0 else 'behind'}"
        log.warning(
            "this machine's clock is %s that of Redis: set it, or quotes look younger or older than they are", told
        )
        self._warn_at = time.monotonic() + WARN_EVERY_S

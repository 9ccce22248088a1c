"""The place that a process of its own has at a source, and whether its clock can be trusted."""

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
from app.bus.leases import Lease, acquire, release, renew
from app.clock import Clock
from app.errors import Conflict

log = logging.getLogger(__name__)

AGENT_TTL_S: Final = 15.0
RENEW_EVERY_S: Final = 4.0
CLOCKS_MAY_DIFFER_S: Final = 2.0
WARN_EVERY_S: Final = 60.0


@contextlib.contextmanager
def registered(client: Redis, source: str, stop: Event, clock: Clock) -> Iterator[list[Conflict]]:
    """Hold the source's place for a process of its own; where another takes it, `stop` is set and the reason listed.

    While it is held, a clock that differs from the server's is warned of, as the ages of quotes are wrong by as much.
    """
    held, ended, lost = [_register(client, source)], Event(), list[Conflict]()
    clocks = _Clocks(client, clock)

    def keep() -> None:
        while True:
            try:
                clocks.compare()
                if not renew(client, held[0], ttl_s=AGENT_TTL_S):
                    held[0] = _register(client, source)
            except RedisError as error:
                log.warning("cannot show that this process is there for %s: %s", source, str(error)[:200])
            except Conflict as error:
                lost.append(error)
                stop.set()
                return
            if ended.wait(RENEW_EVERY_S):
                return

    keeper = Thread(target=keep, name=f"{source} agent", daemon=True)
    keeper.start()
    try:
        yield lost
    finally:
        ended.set()
        keeper.join()
        with contextlib.suppress(RedisError):
            release(client, held[0])


def _register(client: Redis, source: str) -> Lease:
    key = keys.agent(source)
    try:
        return acquire(client, key, f"{key}:epoch", ttl_s=AGENT_TTL_S)
    except Conflict as error:
        other = read_hash(client, key)
        if not other:
            raise
        where = f"process {other['pid']} on {other['host']}"
        raise Conflict(
            f"another process is there for {source}: {where}; stop it first, or wait {AGENT_TTL_S:.0f} s after it died"
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

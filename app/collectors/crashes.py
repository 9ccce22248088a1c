"""Starts of a collector that came to no good end, counted in Redis, and when the next one may be tried.

A run is noted when it begins. One that raises is counted at once; one that was killed when somebody finds that nobody
holds the source any more. A clean end clears the count, and so does a run that was healthy for `HEALTHY`.
"""

import logging
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, cast

from redis import Redis
from redis.client import Pipeline

from app.bus import keys
from app.bus.hashes import read_hash

log = logging.getLogger(__name__)

HEALTHY: Final = timedelta(seconds=60)
WINDOW: Final = timedelta(minutes=10)
LOOP_STARTS: Final = 3
FIRST_WAIT: Final = timedelta(seconds=30)
LONGEST_WAIT: Final = timedelta(minutes=5)
JITTER: Final = 0.2
KEPT_S: Final = 86_400
VANISHED: Final = "its process vanished: it was killed, or its machine went down"
_ERROR_LIMIT: Final = 300


@dataclass(frozen=True)
class Crashes:
    """How many starts in a row failed, why the last did, and the instant before which none is to be tried."""

    count: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None
    last_error: str = ""
    not_before: datetime | None = None

    @property
    def is_loop(self) -> bool:
        """Whether there were so many that the next start waits longer each time."""
        return self.count >= LOOP_STARTS

    def must_wait(self, now: datetime) -> bool:
        """Whether it is too early for another start."""
        return self.not_before is not None and now < self.not_before


def read_crashes(client: Redis, source: str) -> Crashes:
    """What is counted of a source; nothing at all where every run came to a good end."""
    return _crashes(read_hash(client, keys.crashes(source)))


def begin_run(client: Redis, source: str, token: int, now: datetime) -> None:
    """Note that a run under a fencing token begins, once it holds the source; one before it that never ended is
    counted."""
    if before := client.hget(keys.crashes(source), "begun"):
        _settle(client, source, str(before), now)
    _change(client, source, lambda told: {**told, "begun": str(token)})


def clear_run(client: Redis, source: str, token: int) -> None:
    """Forget all that was counted: the run under this token is healthy, or came to a good end."""
    _change(client, source, lambda told: {} if told.get("begun") in (None, str(token)) else told)


def count_crash(client: Redis, source: str, token: int, error: str, now: datetime) -> None:
    """Count the failure of the run under this token, unless it was counted as vanished meanwhile."""

    def counted(told: Mapping[str, str]) -> Mapping[str, str]:
        return told if told.get("begun") not in (None, str(token)) else _counted(told, error, now)

    _say(source, _change(client, source, counted))


def settle_vanished(client: Redis, source: str, now: datetime) -> None:
    """Count a run that neither ended nor failed, and whose source nobody holds any more."""
    begun = client.hget(keys.crashes(source), "begun")
    # A new holder has its lease before it notes its run: what was read above is the old one's.
    if begun and not client.exists(keys.lease(source)):
        _settle(client, source, str(begun), now)


def forgive(client: Redis, source: str) -> None:
    """Let the next start be tried at once; what was counted starts afresh."""
    _change(client, source, lambda told: {"begun": told["begun"]} if "begun" in told else {})


def _settle(client: Redis, source: str, begun: str, now: datetime) -> None:
    def counted(told: Mapping[str, str]) -> Mapping[str, str]:
        return _counted(told, VANISHED, now) if told.get("begun") == begun else told

    _say(source, _change(client, source, counted))


def _counted(told: Mapping[str, str], error: str, now: datetime) -> Mapping[str, str]:
    before = _crashes(told)
    if not before.last_at or now - before.last_at > WINDOW or _is_old(before, now):
        before = Crashes()
    count = before.count + 1
    found = {
        "count": str(count),
        "first_ms": _ms(before.first_at or now),
        "last_ms": _ms(now),
        "last_error": error[:_ERROR_LIMIT],
    }
    return {**found, "not_before_ms": _ms(now + _wait(count))} if count >= LOOP_STARTS else found


def _is_old(crashes: Crashes, now: datetime) -> bool:
    # Once it is a loop its waits may take it beyond the window.
    return not crashes.is_loop and crashes.first_at is not None and now - crashes.first_at > WINDOW


def _wait(count: int) -> timedelta:
    doublings: int = 2 ** min(count - LOOP_STARTS, 20)
    return min(LONGEST_WAIT, FIRST_WAIT * doublings * random.uniform(1, 1 + JITTER))


def _say(source: str, told: Mapping[str, str]) -> None:
    crashes = _crashes(told)
    if crashes.is_loop and crashes.not_before and crashes.last_at:
        wait_s = (crashes.not_before - crashes.last_at).total_seconds()
        log.error(
            "crash loop: %s failed %s times in a row, the next start is in %.0f s: %s",
            *(source, crashes.count, wait_s, crashes.last_error),
        )


def _crashes(told: Mapping[str, str]) -> Crashes:
    return Crashes(
        int(told.get("count", 0)),
        _instant(told.get("first_ms")),
        _instant(told.get("last_ms")),
        told.get("last_error", ""),
        _instant(told.get("not_before_ms")),
    )


def _change(client: Redis, source: str, changed: Callable[[Mapping[str, str]], Mapping[str, str]]) -> Mapping[str, str]:
    # What is kept from now on; empty where that is what was kept before.
    key = keys.crashes(source)

    def work(pipe: Pipeline) -> Mapping[str, str]:
        before = cast(dict[str, str], pipe.hgetall(key))
        after = changed(before)
        pipe.multi()
        if after != before:
            pipe.delete(key)
            if after:
                pipe.hset(key, mapping=cast(dict[Any, Any], after))
        if after:
            pipe.expire(key, KEPT_S)
        return after if after != before else {}

    kept: Mapping[str, str] = cast(Any, client).transaction(work, key, value_from_callable=True)
    return kept


def _ms(at: datetime) -> str:
    return str(int(at.timestamp() * 1000))


def _instant(ms: str | None) -> datetime | None:
    return datetime.fromtimestamp(int(ms) / 1000, UTC) if ms else None

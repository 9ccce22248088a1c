"""How a collector gets on, for whoever asks Redis: its health, and the minutes in which its source said something."""

import time
from collections import deque
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final

from redis import Redis

from app.bus import keys
from app.bus.hashes import read_hash
from app.collectors.feeds import FALLBACK, STREAMING, FeedState
from app.market.market import Market

HEALTH_KEPT_S: Final = 86_400
ALIVE_KEPT_S: Final = 10 * 86_400
RATE_OVER_S: Final = 60.0
_MINUTE: Final = timedelta(minutes=1)
# What outlives a restart: how long a source has been silent, and what it carries, whoever collects it.
_LASTING: Final = frozenset({"event_ms", "data_ms", "symbols"})

Figures = Mapping[str, object]


class Rate:
    """Events per second over the last minute, or since it began; `time_s` is any clock that only goes forward."""

    def __init__(self, time_s: Callable[[], float] = time.monotonic) -> None:
        self._time_s = time_s
        self._began = time_s()
        self._seconds: deque[tuple[int, int]] = deque()

    def count(self, events: int) -> None:
        """Add events that came just now."""
        second = int(self._time_s())
        if self._seconds and self._seconds[-1][0] == second:
            events += self._seconds.pop()[1]
        self._seconds.append((second, events))

    def per_s(self) -> float:
        """The rate, rounded to a tenth."""
        now = self._time_s()
        while self._seconds and self._seconds[0][0] < now - RATE_OVER_S:
            self._seconds.popleft()
        total = sum(events for _second, events in self._seconds)
        return round(total / min(RATE_OVER_S, max(1.0, now - self._began)), 1)


class AliveMinutes:
    """The minutes of a trading day's roll window in which a source said something, kept until Redis has them."""

    def __init__(self, source: str, market: Market) -> None:
        self._source, self._market = source, market
        self._minutes: set[tuple[date, int]] = set()

    def note(self, feed: FeedState) -> None:
        """Note the minute in which the source spoke last, if quotes come of it."""
        if feed.state not in (STREAMING, FALLBACK) or feed.data_at is None:
            return
        window = self._market.window_of(feed.data_at)
        self._minutes.add((window.day, (feed.data_at - window.start) // _MINUTE))

    def save(self, client: Redis) -> None:
        """Mark the noted minutes; RedisError leaves them for the next time."""
        with client.pipeline(transaction=False) as pipe:
            for day, minute in self._minutes:
                key = keys.alive(self._source, day)
                pipe.setbit(key, minute, 1)
                pipe.expire(key, ALIVE_KEPT_S)
            pipe.execute()
        self._minutes.clear()


def feed_figures(feed: FeedState) -> dict[str, object]:
    """A feed's state as the health has it; None is not known. Its own figures have the prefix `feed_`."""
    figures = {f"feed_{name}": value for name, value in feed.figures.items()}
    return {
        **figures,
        "feed": feed.state,
        "detail": feed.detail[:300] or None,
        "data_ms": ms_of(feed.data_at),
        "steady_ms": ms_of(feed.steady_since),
        "reconnects": feed.reconnects,
        "symbols": ",".join(feed.symbols) or None,
        "silent": ",".join(feed.silent) or None,
    }


def begin_health(client: Redis, source: str, figures: Figures) -> None:
    """Put a run's health in place of the one before; when the source last spoke, and of what, is kept."""
    before = read_hash(client, keys.health(source))
    write_health(client, source, {**dict.fromkeys(before.keys() - _LASTING), **figures})


def write_health(client: Redis, source: str, figures: Figures) -> None:
    """Set figures of the health, and take away those that are None."""
    key = keys.health(source)
    known: dict[Any, Any] = {name: str(value) for name, value in figures.items() if value is not None}
    unknown = [name for name, value in figures.items() if value is None]
    with client.pipeline(transaction=False) as pipe:
        if unknown:
            pipe.hdel(key, *unknown)
        if known:
            pipe.hset(key, mapping=known)
        pipe.expire(key, HEALTH_KEPT_S)
        pipe.execute()


def ms_of(at: datetime | None) -> int | None:
    """An instant in milliseconds since 1970."""
    return None if at is None else int(at.timestamp() * 1000)

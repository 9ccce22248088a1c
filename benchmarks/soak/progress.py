"""Whether every part does its work again, by what came of it and not by its being there."""

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import httpx
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.bus import keys
from app.dispatch import QUEUES
from app.errors import ThorError
from benchmarks.soak.desk import Desk
from benchmarks.soak.record import SOURCE, SYMBOLS
from benchmarks.soak.work import SIMULATED, Follower

LOOK_S: Final = 0.5
_STORED: Final = text(
    "SELECT EXISTS (SELECT FROM ticks WHERE symbol = :symbol AND source = :source AND ts > :since AND ts < now())"
)


@dataclass
class Recovery:
    """How many seconds after a fault each part had done something that began after it; None where it had not."""

    fault: str
    at_s: float
    took_s: dict[str, float | None] = field(default_factory=dict)

    @property
    def longest_s(self) -> float | None:
        """Until all parts had; None when one had not."""
        known = [took_s for took_s in self.took_s.values() if took_s is not None]
        return max(known, default=0.0) if len(known) == len(self.took_s) else None

    @property
    def missing(self) -> list[str]:
        """The parts that did nothing more."""
        return [name for name, took_s in self.took_s.items() if took_s is None]


def watch(parts: Mapping[str, Callable[[datetime], bool]], fault: str, at_s: float, give_up_at: float) -> Recovery:
    """Look at all parts until each has done something that began after now, or the monotonic clock shows the end."""
    since, began = datetime.now(UTC), time.monotonic()
    recovery = Recovery(fault, at_s, dict.fromkeys(parts))
    while recovery.missing and time.monotonic() < give_up_at:
        for name in recovery.missing:
            if parts[name](since):
                recovery.took_s[name] = round(time.monotonic() - began, 1)
        time.sleep(LOOK_S)
    return recovery


def parts_of(desk: Desk, followers: Sequence[Follower]) -> dict[str, Callable[[datetime], bool]]:
    """By name, whether a part did something since a moment: answered, stored, sent or finished what began after it."""
    web, flower = desk.url("web"), desk.url("flower")
    return {
        "feed": lambda since: _stored(desk, SYMBOLS[0], SOURCE, since),
        "collectors": lambda since: _stored(desk, SIMULATED, "SIMULATED", since),
        **{queue: _finishing(desk, queue) for queue in QUEUES if queue != "collectors"},
        "stream": lambda since: all(one.newest > since for one in followers),
        "web": lambda _since: _answers(f"{web}/api/health/ready"),
        "flower": lambda _since: _answers(f"{flower}/healthcheck"),
        "supervisor": lambda _since: desk.is_whole(),
    }


def _finishing(desk: Desk, queue: str) -> Callable[[datetime], bool]:
    def has_finished(since: datetime) -> bool:
        since_ms = since.timestamp() * 1000
        with contextlib.suppress(RedisError):
            told = desk.stores.redis.mget(keys.pulse(queue), keys.busy(queue))
            return any(int(at_ms) > since_ms for at_ms in told if at_ms is not None)
        return False

    return has_finished


def _stored(desk: Desk, symbol: str, source: str, since: datetime) -> bool:
    with contextlib.suppress(SQLAlchemyError, ThorError), desk.stores.sessions() as session:
        return bool(session.scalar(_STORED, {"symbol": symbol, "source": source, "since": since}))
    return False


def _answers(url: str) -> bool:
    with contextlib.suppress(httpx.HTTPError):
        return httpx.get(url, timeout=5.0).is_success
    return False

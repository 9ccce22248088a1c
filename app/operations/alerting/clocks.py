"""The rule of clocks: that those of this machine and of the servers differ."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import func, select

from app.alerts.rules import Condition, Severity
from app.clock import Clock
from app.operations.alerting.policy import AlertPolicy
from app.stores import Stores

WARNING: Final = timedelta(seconds=2)
CRITICAL: Final = timedelta(seconds=30)


def find_skewed_clocks(stores: Stores, _policy: AlertPolicy, _now: datetime) -> Sequence[Condition]:
    """Servers whose clock is more than 2 s from this machine's, critical from more than 30 s on."""
    with stores.sessions() as session:
        session.connection()  # So that what is measured is the question alone, and not how long connecting takes.
        postgres = measure_skew(stores.clock, lambda: session.scalars(select(func.clock_timestamp())).one())
    stores.redis.ping()
    redis = measure_skew(stores.clock, lambda: redis_time(stores))
    return list(skewed({"PostgreSQL": postgres, "Redis": redis}))


def measure_skew(clock: Clock, ask: Callable[[], datetime]) -> timedelta:
    """By how much at least a server's clock is ahead of this one; negative when it is behind.

    The server may have looked at any moment of the round trip: no difference is told that this can explain.
    """
    before, theirs, after = clock.now(), ask(), clock.now()
    if theirs < before:
        return theirs - before
    return max(theirs - after, timedelta(0))


def redis_time(stores: Stores) -> datetime:
    """The present instant by the clock of Redis, which gives the stream's entries their ids."""
    seconds, micros = stores.redis.time()
    return datetime.fromtimestamp(int(seconds), UTC) + timedelta(microseconds=int(micros))


def skewed(ahead: dict[str, timedelta]) -> Iterator[Condition]:
    """What is told of clocks, by how much each is ahead of this machine's."""
    for server, skew in ahead.items():
        if abs(skew) <= WARNING:
            continue
        way, distance_s = ("ahead of" if skew > timedelta(0) else "behind"), abs(skew).total_seconds()
        detail = f"the clock of {server} is {distance_s:,.1f} s {way} this machine's: have both set by NTP"
        severity: Severity = "critical" if abs(skew) > CRITICAL else "warning"
        yield Condition("clock_skew", server, detail, severity, {"skew_s": round(skew.total_seconds(), 3)})

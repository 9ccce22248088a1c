"""Rules of the stream: that quotes are not stored as they come, and that it is nearly full."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from app.alerts.rules import Condition, Severity
from app.bus.groups import group_state
from app.bus.marks import oldest_waiting
from app.operations.alerting.clocks import redis_time
from app.operations.alerting.policy import AlertPolicy
from app.operations.health import check_room
from app.stores import Stores

WARNING: Final = timedelta(seconds=30)
CRITICAL: Final = timedelta(seconds=120)


def find_lag(stores: Stores, _policy: AlertPolicy, _now: datetime) -> Sequence[Condition]:
    """That an entry of the stream is not stored for more than 30 s, critical from more than 120 s on.

    Both times are of Redis, which gave the entry its id, so that clocks which differ are no lag.
    """
    oldest = oldest_waiting(stores.raw_redis)
    if oldest is None:
        return []
    waits = redis_time(stores) - datetime.fromtimestamp(int(oldest.partition("-")[0]) / 1000, UTC)
    return [] if waits <= WARNING else [lagging(waits, group_state(stores.redis).behind)]


def find_full_stream(stores: Stores, policy: AlertPolicy, _now: datetime) -> Sequence[Condition]:
    """That the stream has 80 % of the length at which publishers are refused."""
    check = check_room(stores.redis, policy.stream_cap)
    return [] if check.ok else [Condition("stream_full", "", check.detail, facts=check.figures)]


def lagging(waits: timedelta, behind: int) -> Condition:
    """What is told of an ingest that is so far behind."""
    waits_s = waits.total_seconds()
    detail = (
        f"{behind:,} quotes are not stored, the oldest for {waits_s:,.0f} s: see `flask redis-to-postgres --status`"
    )
    severity: Severity = "critical" if waits > CRITICAL else "warning"
    return Condition("ingest_lag", "", detail, severity, {"behind": behind, "waits_s": round(waits_s, 1)})

"""The pipeline as it looks from outside, and waiting for it."""

import contextlib
import time

from redis import Redis
from redis.exceptions import RedisError

from app.bus import keys
from app.bus.groups import group_state
from tests.faults.harness.processes import Victim
from tests.faults.harness.world import World
from tests.waiting import until

START_DEADLINE_S = 60.0
STUCK_S, STUCK_PLANTED_S = 30.0, 12.0  # Longer than it takes until entries of a dead reader are taken over.
DRAIN_LIMIT_S = 10.0


def pending_of(client: Redis, consumer: str) -> int:
    """Entries that this consumer was given and has not acknowledged."""
    if not client.exists(keys.STREAM):
        return 0
    groups = [row["name"] for row in client.xinfo_groups(keys.STREAM)]
    if keys.INGEST_GROUP not in groups:
        return 0
    rows = client.xinfo_consumers(keys.STREAM, keys.INGEST_GROUP)
    return sum(row["pending"] for row in rows if row["name"] == consumer)


def acknowledged(client: Redis) -> int:
    """Entries that the group has acknowledged since it was made; -1 while it is away."""
    with contextlib.suppress(RedisError):
        groups = client.xinfo_groups(keys.STREAM) if client.exists(keys.STREAM) else []
        return sum((row["entries-read"] or 0) - row["pending"] for row in groups)
    return -1


def wait_up(client: Redis, consumer: str, process: Victim) -> None:
    """Return once this ingestor shows that it works; AssertionError when it ended by itself."""

    def is_up() -> bool:
        process.check()
        holder = client.hget(keys.ingest_lease(consumer), "pid")
        return holder == str(process.pid) and client.hget(keys.ingest_health(consumer), "state") == "running"

    until(is_up, START_DEADLINE_S)


def wait_at_work(client: Redis, consumer: str, within_s: float = 1.0) -> None:
    """Return as soon as this consumer holds entries or the group was given some; in any case when the time is over."""
    give_up_at, given = time.monotonic() + within_s, _given(client)
    while not pending_of(client, consumer) and _given(client) == given and time.monotonic() < give_up_at:
        pass


def _given(client: Redis) -> str:
    return group_state(client).last_delivered_id


def wait_drained(world: World) -> list[str]:
    """Wait until nothing is behind; a sentence where that does not come about, because nothing moves any more."""
    client, patience_s = world.stores.redis, STUCK_PLANTED_S if world.planted else STUCK_S
    seen, seen_at = None, time.monotonic()
    while (state := group_state(client)).behind:
        if state != seen:
            seen, seen_at = state, time.monotonic()
        if time.monotonic() - seen_at > patience_s:
            return [f"nothing moves: {state.lag:,} entries were never read, {state.pending:,} never acknowledged"]
        time.sleep(0.02)
    return []

"""Sources that are collected and bring nothing new: when they are started again, and when that is left be."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from redis import Redis

from app.bus import keys
from app.bus.hashes import read_hash, write_hash
from app.collectors.feeds import MISCONFIGURED, NEEDS_LOGIN

FIRST_DISTANCE: Final = timedelta(seconds=60)
LONGEST_DISTANCE: Final = timedelta(minutes=15)
FIRST_WORDS: Final = timedelta(seconds=20)  # A source tells all that it knows when it begins.
WAITING_STATES: Final = frozenset({NEEDS_LOGIN, MISCONFIGURED})  # Of a feed that waits for a person.
_KEPT_S: Final = 86_400


def is_silent(client: Redis, source: str, now: datetime, reach: timedelta) -> bool:
    """Whether a source with a holder brought nothing new for so long that a restart is due.

    The first is due when `reach` has passed since the last event and since the run began, and each that was fruitless
    doubles the distance to the next, from 60 s to 15 min.
    """
    if not client.exists(keys.lease(source)):
        return False
    health = read_hash(client, keys.health(source))
    since = quiet_since(health)
    if health.get("feed") in WAITING_STATES or since is None or since >= now - reach:
        return False
    restarts, last_at = _restarts(client, source, health)
    distance = min(LONGEST_DISTANCE, FIRST_DISTANCE * 2 ** min(max(restarts - 1, 0), 10))
    return last_at is None or now - last_at >= distance


def note_restart(client: Redis, source: str, now: datetime) -> None:
    """Count a restart for the sake of silence."""
    restarts = fruitless_restarts(client, source, read_hash(client, keys.health(source)))
    told = {"restarts": restarts + 1, "last_ms": int(now.timestamp() * 1000)}
    write_hash(client, keys.silence(source), told, _KEPT_S)


def fruitless_restarts(client: Redis, source: str, health: Mapping[str, str]) -> int:
    """How often the source was started again since it brought something new, other than what it says at each start."""
    return _restarts(client, source, health)[0]


def quiet_since(health: Mapping[str, str]) -> datetime | None:
    """Since when a source brought nothing new, as far as the run under way can tell; None where it tells nothing."""
    known = [int(health[name]) for name in ("event_ms", "begun_ms") if health.get(name)]
    return _instant(max(known)) if known else None


def _restarts(client: Redis, source: str, health: Mapping[str, str]) -> tuple[int, datetime | None]:
    told = read_hash(client, keys.silence(source))
    if not told:
        return 0, None
    last_at = _instant(told["last_ms"])
    begun = max(last_at, _instant(health.get("begun_ms", 0)))
    if _instant(health.get("event_ms", 0)) > begun + FIRST_WORDS:
        return 0, None
    return int(told["restarts"]), last_at


def _instant(ms: str | int) -> datetime:
    return datetime.fromtimestamp(int(ms) / 1000, UTC)

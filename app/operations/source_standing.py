"""How each source stands, as its lease, its health and what is wanted of it tell."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from redis import Redis

from app.bus import keys
from app.collectors.feeds import STREAMING
from app.quotes import SOURCES

RUNNING: Final = "running"  # At work, by a loop that tells no more.
FAILED: Final = "failed"  # Wanted, or never told to stop, and nobody collects it.
STOPPED: Final = "stopped"


@dataclass(frozen=True)
class SourceStanding:
    """One source: whether somebody collects it, and `state` in a word or two.

    That is a state of its feed while it is at work, else `failed` or `stopped`. `steady_since` is when it began to
    stream without interruption, None while it does not. `symbols` are those that it collects, None where it does not
    tell.
    """

    source: str
    is_at_work: bool
    state: str
    steady_since: datetime | None = None
    symbols: frozenset[str] | None = None

    def about(self, symbol: str) -> "SourceStanding":
        """How it stands to one symbol: stopped, where it collects others only."""
        is_other = self.is_at_work and self.symbols is not None and symbol not in self.symbols
        return SourceStanding(self.source, False, STOPPED) if is_other else self

    @property
    def is_streaming(self) -> bool:
        """Whether it says of itself that it delivers as it should."""
        return self.is_at_work and self.state in (STREAMING, RUNNING)


NOT_AT_WORK: Final = SourceStanding("", False, STOPPED)


def read_standings(client: Redis, sources: Sequence[str] = SOURCES) -> dict[str, SourceStanding]:
    """The standings of sources that are held or wanted, or have told of themselves of late; in one round trip."""
    with client.pipeline(transaction=False) as pipe:
        for source in sources:
            pipe.exists(keys.lease(source))
            pipe.hgetall(keys.health(source))
            pipe.hget(keys.desired(source), "wanted")
        told = iter(pipe.execute())
    found = {}
    for source in sources:
        held, health, wanted = bool(next(told)), next(told), next(told) == "1"
        if held or health or wanted:
            found[source] = _standing(source, held, health, wanted)
    return found


def _standing(source: str, held: bool, health: Mapping[str, str], wanted: bool) -> SourceStanding:
    if not held:
        is_missed = wanted or health.get("state", STOPPED) != STOPPED
        return SourceStanding(source, False, FAILED if is_missed else STOPPED)
    state = health.get("feed") or RUNNING
    steady_since = _instant(health.get("steady_ms")) if state in (STREAMING, RUNNING) else None
    symbols = frozenset(health["symbols"].split(",")) if health.get("symbols") else None
    return SourceStanding(source, True, state, steady_since, symbols)


def _instant(told: Any) -> datetime | None:
    text = str(told or "")
    return datetime.fromtimestamp(int(text) / 1000, UTC) if text.isdecimal() and int(text) else None

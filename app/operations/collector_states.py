"""How the collectors stand: who wants a source, who holds it, what it brings, and what is wrong."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from redis import Redis

from app.bus import keys
from app.bus.hashes import read_hash
from app.collectors.crashes import Crashes, read_crashes
from app.collectors.feeds import MISCONFIGURED, NEEDS_LOGIN
from app.operations.silence import fruitless_restarts
from app.operations.wishes import says_wanted
from app.quotes import COLLECTED

State = Literal[
    "stopped",
    "idle",
    "starting",
    "running",
    "spooling",
    "needs login",
    "misconfigured",
    "failed",
    "crash loop",
    "fenced",
    "no collector",
]
# States that a person has to do something about.
TROUBLES: Final[frozenset[State]] = frozenset({"needs login", "misconfigured", "crash loop", "no collector"})
COUNTS: Final = ("published", "spooled", "dropped", "unreadable", "damaged")
COMMANDS: Final = {"EXCEL": "flask excel-to-redis", "SCHWAB": "flask schwab-to-redis", "SIMULATED": "flask demo"}
_SETTINGS: Final = {"EXCEL": "EXCEL_DATA_FILE", "SCHWAB": "SCHWAB_CLIENT_ID and SCHWAB_CLIENT_SECRET"}


@dataclass(frozen=True)
class Holder:
    """The process that collects a source, and under which fencing token; `kind` tells whether it is the source's own
    process or one of the workers."""

    host: str
    pid: int
    token: int
    kind: Literal["worker", "process"]


@dataclass(frozen=True)
class CollectorState:
    """A source. `configured` tells whether the workers here can collect it, `agent` which process of its own lives.

    `health` is what the collector wrote last; what it has not written is absent.
    """

    source: str
    configured: bool
    wanted: bool
    by: str | None
    holder: Holder | None
    agent: str | None
    state: State
    detail: str
    health: Mapping[str, str]
    crashes: Crashes
    restarts: int
    login_expires_ms: int | None

    def age_s(self, figure: str, now: datetime) -> float | None:
        """Seconds since the instant that a figure of the health names, such as `event_ms`; None where it is unknown."""
        at_ms = self.health.get(figure)
        return round(now.timestamp() - int(at_ms) / 1000, 1) if at_ms else None

    def count(self, figure: str) -> int:
        """A count of the health, 0 where it is unknown."""
        return int(self.health.get(figure) or 0)

    def names(self, figure: str) -> list[str]:
        """Symbols that the health lists."""
        return [name for name in self.health.get(figure, "").split(",") if name]

    def present(self, figure: str) -> str | None:
        """A figure of the health that is true while somebody collects, such as `feed`; None where nobody does."""
        return self.health.get(figure) if self.holder else None

    @property
    def rate_per_s(self) -> float:
        """Events per second over the last minute; 0 where nobody collects."""
        return float(self.present("rate") or 0)


def collector_states(client: Redis, now: datetime, configured: Sequence[str]) -> list[CollectorState]:
    """Every source that can have a collector; `configured` are those that the workers here can collect."""
    return [state_of(client, source, now, configured) for source in COLLECTED]


def state_of(client: Redis, source: str, now: datetime, configured: Sequence[str]) -> CollectorState:
    """How a source stands now; RedisError while the server is away."""
    wish, health = read_hash(client, keys.desired(source)), read_hash(client, keys.health(source))
    agent, crashes = read_hash(client, keys.agent(source)), read_crashes(client, source)
    holder = _holder(read_hash(client, keys.lease(source)), agent)
    login = read_hash(client, keys.login(source)).get("expires_ms")
    can_run = source in configured or bool(agent)
    state = _state(holder, health, crashes, now, wanted=says_wanted(wish), can_run=can_run, has_agent=bool(agent))
    return CollectorState(
        source=source,
        configured=source in configured,
        wanted=says_wanted(wish),
        by=wish.get("by"),
        holder=holder,
        agent=f"{agent['pid']}@{agent['host']}" if agent else None,
        state=state,
        detail=" ".join(_detail(source, state, health, crashes, now, is_held=holder is not None)),
        health=health,
        crashes=crashes,
        restarts=fruitless_restarts(client, source, health),
        login_expires_ms=int(login) if login and login.isdecimal() else None,
    )


def how_to_collect(source: str) -> str:
    """What a person does so that somebody collects a source that nothing here can collect."""
    setting = f", or set {_SETTINGS[source]} where the workers run" if source in _SETTINGS else ""
    return f"start `{COMMANDS[source]}`{setting}"


def _holder(lease: Mapping[str, str], agent: Mapping[str, str]) -> Holder | None:
    if not lease:
        return None
    is_own = bool(agent) and all(lease.get(name) == agent.get(name) for name in ("host", "realm", "pid"))
    return Holder(lease["host"], int(lease["pid"]), int(lease["token"]), "process" if is_own else "worker")


def _state(
    holder: Holder | None,
    health: Mapping[str, str],
    crashes: Crashes,
    now: datetime,
    *,
    wanted: bool,
    can_run: bool,
    has_agent: bool,
) -> State:
    if holder:
        return _state_held(health)
    if not wanted:
        return "idle" if has_agent else "stopped"
    if not can_run:
        return "no collector"
    if crashes.is_loop and crashes.must_wait(now):
        return "crash loop"
    if int(health.get("fenced_at_ms", 0)) > int(health.get("at_ms", 0)):
        return "fenced"
    return "failed" if health.get("state") == "failed" else "starting"


def _state_held(health: Mapping[str, str]) -> State:
    if health.get("feed") == NEEDS_LOGIN:
        return "needs login"
    if health.get("feed") == MISCONFIGURED:
        return "misconfigured"
    if health.get("state") == "spooling":
        return "spooling"
    return "running" if health.get("state") == "running" else "starting"


def _missing(health: Mapping[str, str]) -> str:
    # Who ends, rather than vanishes, says so.
    if health.get("state") in ("running", "spooling"):
        return "its collector is gone, another one is started"
    return "no collector has begun with it yet"


def _detail(
    source: str, state: State, health: Mapping[str, str], crashes: Crashes, now: datetime, *, is_held: bool
) -> Iterator[str]:
    if state == "no collector":
        yield f"{source} is wanted and nobody collects it: {how_to_collect(source)}"
    elif state == "crash loop" and crashes.not_before:
        wait_s = (crashes.not_before - now).total_seconds()
        yield f"crash loop: {crashes.count} starts failed, the next is in {wait_s:.0f} s: {crashes.last_error}"
    elif state == "fenced":
        yield health.get("fenced", "")
    elif state in ("failed", "starting"):
        yield (
            health.get("error") or crashes.last_error or ("its collector is starting" if is_held else _missing(health))
        )
    elif health.get("detail"):
        yield health["detail"]

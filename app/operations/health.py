"""Whether Thor can do its work: progress, not mere presence, of every part, within a bounded time."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from threading import Lock, Thread
from typing import Any, Final

from redis import Redis
from redis.exceptions import RedisError, ResponseError
from sqlalchemy import text
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from app.bus import keys
from app.bus.connection import check_persistence
from app.bus.groups import group_state
from app.bus.stream import stream_state
from app.errors import ThorError
from app.ledger.totals import unexplained_since
from app.market.markets import Markets

log = logging.getLogger(__name__)

PROBE_TIMEOUT_S: Final = 2.0
ABANDONED_AFTER_S: Final = 30.0
INGEST_SILENCE_S: Final = 15.0
PULSE_SILENCE_S: Final = 60.0
FULL_SHARE: Final = 0.8
HOLIDAYS_AHEAD_DAYS: Final = 60


@dataclass(frozen=True)
class Check:
    """The outcome of one check: `detail` is a line for a person, `figures` are numbers for machines."""

    name: str
    ok: bool
    detail: str
    figures: Mapping[str, Any] = field(default_factory=dict)

    def shown(self) -> dict[str, Any]:
        """The check as one flat mapping."""
        return {"name": self.name, "ok": self.ok, "detail": self.detail, **self.figures}


@dataclass(frozen=True)
class _Reader:
    name: str
    pending: int
    is_living: bool
    progress_ms: int

    def age_s(self, now: datetime) -> float | None:
        return _age_s(self.progress_ms or None, now)


def check_redis(client: Redis) -> Check:
    """Redis answers, and keeps an append-only file that it can write."""
    started = time.monotonic()
    try:
        check_persistence(client)
    except (ThorError, RedisError) as error:
        return Check("redis", False, _first_line(error))
    answer_ms = round((time.monotonic() - started) * 1000, 1)
    written: str = client.info("persistence").get("aof_last_write_status", "ok")
    if written != "ok":
        return Check("redis", False, "cannot write its append-only file: is the disk full?", {"answer_ms": answer_ms})
    return Check("redis", True, "answers, append-only file on", {"answer_ms": answer_ms})


def check_postgres(sessions: sessionmaker[Session]) -> Check:
    """PostgreSQL answers a query; a connection that died while it was pooled does not count."""
    started = time.monotonic()
    try:
        _ask(sessions)
    except SQLAlchemyError:
        try:
            _ask(sessions)
        except SQLAlchemyError as error:
            return Check("postgres", False, f"does not answer: {_first_line(getattr(error, 'orig', None) or error)}")
    return Check("postgres", True, "answers", {"answer_ms": round((time.monotonic() - started) * 1000, 1)})


def check_ingest(client: Redis, now: datetime) -> Check:
    """Nothing waits in the stream, or an ingestor that holds its lease made progress in the last 15 s.

    So did every single one that has entries in its hands, with a lease or without: those that it read nobody else
    stores, as long as they are not taken over from it.
    """
    state, readers = group_state(client), _readers(client)
    living = [reader for reader in readers if reader.is_living]
    ages_s = {reader.name: reader.age_s(now) for reader in readers}
    still = [reader for reader in readers if reader.pending and _is_over(ages_s[reader.name])]
    figures: dict[str, Any] = {"behind": state.behind, "pending": state.pending, "ingestors": len(living)}
    figures["standing_still"] = {reader.name: reader.pending for reader in still}
    behind = f"{state.behind:,} entries behind"
    if not living:
        return Check("ingest", not state.behind, f"{behind}, no ingestor runs", figures)
    age_s = min((age for reader in living if (age := ages_s[reader.name]) is not None), default=None)
    progress = "no progress yet" if age_s is None else f"last progress {age_s} s ago"
    detail = [f"{behind}, {progress}", *(_stands_still(reader, ages_s) for reader in still)]
    ok = not still and (not state.behind or not _is_over(age_s))
    return Check("ingest", ok, "; ".join(detail), {**figures, "progress_age_s": age_s})


def check_room(client: Redis, cap: int) -> Check:
    """The stream is below 80 % of the length at which publishers are refused."""
    length = stream_state(client).length
    figures = {"length": length, "cap": cap, "fill_percent": round(100 * length / cap, 1)}
    detail = f"{length:,} of {cap:,} entries"
    if length < FULL_SHARE * cap:
        return Check("room", True, detail, figures)
    advice = "see to ingest (`flask redis-to-postgres --status`) before collectors have to spool"
    return Check("room", False, f"the stream is nearly full, {detail}: {advice}", figures)


def check_ledger(sessions: sessionmaker[Session], now: datetime) -> Check:
    """Whether events were found missing in the last 24 h that nothing explains: a warning, and always ok."""
    with sessions() as session:
        missing = unexplained_since(session, now - timedelta(days=1))
    warning = f"{missing:,} events lost without an explanation in the last 24 h: see `flask losses`"
    detail = warning if missing else "no unexplained loss in the last 24 h"
    return Check("ledger", True, detail, {"unexplained_24h": missing})


def check_calendar(markets: Markets, now: datetime) -> Check:
    """Whether checked holidays reach 60 days ahead and the overrides can be read: a warning, and always ok."""
    figures = {"checked_until": {name: until.isoformat() for name, until in _checked_until(markets).items()}}
    fine = f"holidays are known for {HOLIDAYS_AHEAD_DAYS} days and more"
    return Check("calendar", True, "; ".join(calendar_warnings(markets, now)) or fine, figures)


def calendar_warnings(markets: Markets, now: datetime) -> list[str]:
    """What is to be warned of: holidays that are known for less than 60 days, overrides that cannot be read."""
    known = _checked_until(markets)
    ends = [f"{name} ({until})" for name, until in known.items() if (until - now.date()).days < HOLIDAYS_AHEAD_DAYS]
    fault = markets.overrides_fault()
    warnings = [f"market overrides stay as they were: {fault}"] if fault else []
    if ends:
        advice = "compare the exchange's schedule and set checked_until in the file of MARKET_OVERRIDES"
        warnings.append(f"known holidays run out for {', '.join(ends)}: {advice}")
    return warnings


def pulse_ages(client: Redis, queues: Sequence[str], now: datetime) -> dict[str, float | None]:
    """For how many seconds no task of each queue has been finished; None where none ever was."""
    return {queue: _age_s(client.get(keys.pulse(queue)), now) for queue in queues}


def silent_queues(client: Redis, ages_s: Mapping[str, float | None]) -> list[str]:
    """The queues whose worker finished no task in the last 60 s, and is at none."""
    # A sign of life from the future is one from before the clock was put back.
    late = [queue for queue, age_s in ages_s.items() if age_s is None or abs(age_s) > PULSE_SILENCE_S]
    return [queue for queue in late if not client.exists(keys.busy(queue))]


def check_queues(client: Redis, queues: Sequence[str], now: datetime) -> Check:
    """Each queue's worker finished a task in the last 60 s, or is at one."""
    ages = pulse_ages(client, queues, now)
    silent = silent_queues(client, ages)
    detail = f"no sign of life from {', '.join(silent)}" if silent else f"{len(ages)} queues are served"
    return Check("queues", not silent, detail, {"pulse_age_s": ages})


class Probes:
    """Runs the checks side by side and answers within 2 s, whatever the servers do.

    A check that has not come back is not started again until 30 s have passed, so that silent servers do not fill the
    process with waiting threads.
    """

    def __init__(self, checks: Mapping[str, Callable[[], Check]], *, timeout_s: float = PROBE_TIMEOUT_S) -> None:
        self._checks = checks
        self._timeout_s = timeout_s
        self._lock = Lock()
        self._under_way: dict[str, tuple[Future[Check], float]] = {}

    def run(self) -> list[Check]:
        """The outcome of every check, in order; one that takes too long or fails unexpectedly is not ok."""
        with self._lock:
            runs = {name: self._joined(name, check) for name, check in self._checks.items()}
        wait(runs.values(), timeout=self._timeout_s)
        return [self._outcome(name, run) for name, run in runs.items()]

    def _joined(self, name: str, check: Callable[[], Check]) -> "Future[Check]":
        run, started = self._under_way.get(name, (None, 0.0))
        if run is None or run.done() or time.monotonic() - started > ABANDONED_AFTER_S:
            run = Future()
            self._under_way[name] = (run, time.monotonic())
            Thread(target=_settle, args=(run, check), name=f"probe-{name}", daemon=True).start()
        return run

    def _outcome(self, name: str, run: "Future[Check]") -> Check:
        if not run.done():
            return Check(name, False, f"no answer within {self._timeout_s:g} s")
        error = run.exception()
        if error is None:
            return run.result()
        # A server that is away needs no trace to be understood, and readiness is asked for every few seconds.
        if not isinstance(error, RedisError | ThorError | OperationalError):
            log.error("the check %s failed", name, exc_info=error)
        return Check(name, False, f"{type(error).__name__}: {_first_line(error)}")


def _settle(run: "Future[Check]", check: Callable[[], Check]) -> None:
    try:
        run.set_result(check())
    except Exception as error:
        run.set_exception(error)


def _checked_until(markets: Markets) -> dict[str, date]:
    return {name: markets.named(name).checked_until for name in markets.names}


def _ask(sessions: sessionmaker[Session]) -> None:
    with sessions() as session:
        session.execute(text("SELECT 1"))


def _readers(client: Redis) -> list[_Reader]:
    try:
        rows = client.xinfo_consumers(keys.STREAM, keys.INGEST_GROUP)
    except ResponseError:  # Neither the stream nor the group exists before the first quote and the first ingestor.
        return []
    found = (_reader(client, row["name"], row["pending"]) for row in rows)
    return [reader for reader in found if reader.is_living or reader.pending]


def _reader(client: Redis, name: str, pending: int) -> _Reader:
    told = client.hget(keys.ingest_health(name), "progress_ms")
    return _Reader(name, pending, bool(client.exists(keys.ingest_lease(name))), int(told) if told else 0)


def _is_over(age_s: float | None) -> bool:
    return age_s is None or age_s > INGEST_SILENCE_S


def _stands_still(reader: _Reader, ages_s: Mapping[str, float | None]) -> str:
    since = f"for {ages_s[reader.name]} s" if reader.progress_ms else "since its start"
    return f"{reader.name} has {reader.pending:,} of them and made no progress {since}"


def _age_s(pulse_ms: Any, now: datetime) -> float | None:
    return None if pulse_ms is None else round(now.timestamp() - int(pulse_ms) / 1000, 1)


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0][:200]

"""The periodic tick: compare what should be with what is, and do what is missing."""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from redis.exceptions import RedisError
from sqlalchemy.exc import DBAPIError

from app.bus import keys
from app.bus.stream import STREAM_CAP
from app.dispatch import QUEUES
from app.errors import ThorError
from app.ledger.totals import has_open_balances
from app.operations.collecting import SIMULATED, is_wanted
from app.operations.exporting import stale_exports
from app.operations.loss_folding import fold_losses, fold_published
from app.operations.migrating import days_ahead
from app.operations.reconciling import AFTER_CLOSE, RECONCILE
from app.operations.retention import retention_due
from app.operations.trimming import trim_stream
from app.stores import Stores
from app.ticks.partitions import ensure_partitions, existing_partitions

log = logging.getLogger(__name__)

ASK_AGAIN_S: Final = 60
LOOK_FOR_STALE: Final = "look-for-stale"
EVERY: Final = timedelta(minutes=5)


@dataclass(frozen=True)
class TickPolicy:
    """For how many days partitions exist ahead, how far back SSE clients can resume, and how many loops ingest.

    `stream_cap` is the length at which publishers are refused.
    """

    partitions_ahead_days: int
    resume_window_s: float
    ingestors: int = 1
    stream_cap: int = STREAM_CAP


@dataclass(frozen=True)
class MakePartitions:
    """Partitions for the days ahead are missing."""


@dataclass(frozen=True)
class StartCollector:
    """A wanted source has no holder."""

    source: str


@dataclass(frozen=True)
class StartIngest:
    """Nobody reads the stream in one of the workers' slots, which count from 1."""

    slot: int


@dataclass(frozen=True)
class Probe:
    """Ask a queue for a sign of life."""

    queue: str


@dataclass(frozen=True)
class TrimStream:
    """Drop what is stored and older than clients can resume from."""


@dataclass(frozen=True)
class FoldCounts:
    """Copy what Redis knows of publishing and losses to the database."""


@dataclass(frozen=True)
class Reconcile:
    """The last balance is from before the close, or is five minutes old while a session runs or events are missing."""


@dataclass(frozen=True)
class ApplyRetention:
    """A session has closed, and old days may leave the database."""


@dataclass(frozen=True)
class ExportStale:
    """Files of a market's trading day are not what its ticks give."""

    market: str
    day: date


Step = (
    MakePartitions
    | StartCollector
    | StartIngest
    | Probe
    | TrimStream
    | FoldCounts
    | Reconcile
    | ApplyRetention
    | ExportStale
)
Planner = Callable[[Stores, TickPolicy], Iterator[Step]]


def plan_tick(stores: Stores, policy: TickPolicy) -> list[Step]:
    """What is missing, in the order in which it is done; what cannot be found out is logged and left out."""
    steps: list[Step] = []
    for planner in _PLANNERS:
        try:
            steps += planner(stores, policy)
        except Exception as error:
            _say(f"the tick cannot find out {planner.__name__.strip('_').replace('_', ' ')}", error)
    return steps


def market_tick(stores: Stores, policy: TickPolicy) -> Sequence[Step]:
    """Do what is missing; every step may be done twice without harm, and one that fails does not keep the others."""
    steps = plan_tick(stores, policy)
    for step in steps:
        try:
            _do(stores, policy, step)
        except Exception as error:
            _say(f"the tick failed at {step}", error)
    return steps


def _missing_partitions(stores: Stores, policy: TickPolicy) -> Iterator[Step]:
    with stores.sessions() as session:
        if set(days_ahead(stores, policy.partitions_ahead_days)) - existing_partitions(session):
            yield MakePartitions()


def _missing_loops(stores: Stores, policy: TickPolicy) -> Iterator[Step]:
    if is_wanted(stores, SIMULATED) and not stores.redis.exists(keys.lease(SIMULATED)):
        yield StartCollector(SIMULATED)
    for slot in range(1, policy.ingestors + 1):
        if not stores.redis.exists(keys.ingest_lease(keys.worker_consumer(slot))):
            yield StartIngest(slot)


def _constant_work(_stores: Stores, _policy: TickPolicy) -> Iterator[Step]:
    yield from (Probe(queue) for queue in QUEUES)
    yield from (TrimStream(), FoldCounts())


def _due_reconcile(stores: Stores, _policy: TickPolicy) -> Iterator[Step]:
    if _is_balance_due(stores) and not stores.redis.exists(keys.asked(RECONCILE)):
        yield Reconcile()


def _is_balance_due(stores: Stores) -> bool:
    now, ran = stores.clock.now(), _ran(stores, RECONCILE)
    [closed] = stores.market.last_completed(now - AFTER_CLOSE, 1)
    if ran is None or ran < closed.close + AFTER_CLOSE:
        return True
    if now - ran < EVERY:
        return False
    with stores.sessions() as session:
        return stores.market.is_open(now) or has_open_balances(session)


def _due_retention(stores: Stores, _policy: TickPolicy) -> Iterator[Step]:
    if retention_due(stores):
        yield ApplyRetention()


def _stale_exports(stores: Stores, _policy: TickPolicy) -> Iterator[Step]:
    now, ran = stores.clock.now(), _ran(stores, LOOK_FOR_STALE)
    if ran is None or now - ran >= EVERY:
        _note(stores, LOOK_FOR_STALE)
        yield from (ExportStale(export.market, export.day) for export in stale_exports(stores))


_PLANNERS: Final[Sequence[Planner]] = (
    _missing_partitions,
    _missing_loops,
    _constant_work,
    _due_reconcile,
    _due_retention,
    _stale_exports,
)


def _do(stores: Stores, policy: TickPolicy, step: Step) -> None:
    match step:
        case MakePartitions():
            with stores.sessions.begin() as session:
                made = ensure_partitions(session, days_ahead(stores, policy.partitions_ahead_days))
            log.info("made tick partitions: %s", ", ".join(map(str, sorted(made))))
        case StartCollector(source):
            stores.dispatch.start_collector(source)
        case StartIngest(slot):
            stores.dispatch.start_ingest(slot)
        case Probe(queue):
            stores.dispatch.probe(queue)
        case TrimStream():
            trim_stream(stores, policy.resume_window_s, policy.stream_cap)
        case FoldCounts():
            fold_losses(stores)
            fold_published(stores)
        case Reconcile():
            stores.dispatch.reconcile()
            # The message may get lost: whoever reconciles notes that it was done.
            stores.redis.set(keys.asked(RECONCILE), 1, ex=ASK_AGAIN_S)
        case ApplyRetention():
            stores.dispatch.apply_retention(stores.market.name)
        case ExportStale(market, day):
            stores.dispatch.export_session(market, day)


def _say(what: str, error: Exception) -> None:
    # A server that is away needs no trace to be understood.
    is_known = isinstance(error, ThorError | RedisError | DBAPIError)
    log.error("%s: %s", what, str(error).partition("\n")[0], exc_info=None if is_known else error)


def _ran(stores: Stores, work: str) -> datetime | None:
    told = stores.redis.get(keys.ran(work))
    return datetime.fromtimestamp(int(told) / 1000, stores.clock.now().tzinfo) if told else None


def _note(stores: Stores, work: str) -> None:
    stores.redis.set(keys.ran(work), int(stores.clock.now().timestamp() * 1000))

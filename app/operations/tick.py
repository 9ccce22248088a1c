"""The periodic tick: compare what should be with what is, and do what is missing."""

import logging
import random
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from redis.exceptions import RedisError
from sqlalchemy.exc import DBAPIError

from app.alerts.deliveries import is_delivery_due
from app.bus import keys
from app.dispatch import QUEUES
from app.errors import ThorError
from app.instruments.hours import groups_of
from app.jobs.resolving import is_resolving_due
from app.jobs.scores import due_sessions
from app.jobs.sweeping import forsaken_jobs
from app.ledger.totals import has_open_balances
from app.operations.agreement import is_comparing_due
from app.operations.bucket_keeping import PUSH, look_at_bucket
from app.operations.certificate_upkeep import outdated_certificates
from app.operations.desk import any_open, desk_markets
from app.operations.event_keeping import due_events
from app.operations.event_plan import CloseSession
from app.operations.exporting import stale_exports
from app.operations.migrating import days_ahead
from app.operations.premarket.climbing import ladder_steps
from app.operations.reconciling import AFTER_CLOSE, RECONCILE
from app.operations.retention import retention_due
from app.operations.supervising import hours_wishes, missing_collectors, silent_collectors
from app.operations.tick_doing import do_step
from app.operations.tick_steps import (
    ApplyRetention,
    CheckData,
    CompareSources,
    DeliverAlerts,
    EndLostJobs,
    ExportStale,
    FoldCounts,
    MakePartitions,
    NoticeRolls,
    Probe,
    PushLake,
    Reconcile,
    ResolvePredictions,
    RunJob,
    ScoreSession,
    StartIngest,
    Step,
    SweepAlerts,
    TickPolicy,
    TrimStream,
)
from app.stores import Stores
from app.ticks.partitions import existing_partitions

log = logging.getLogger(__name__)

LOOK_FOR_STALE: Final = "look-for-stale"
CHECK_DATA: Final = "check-data"
LOOK_FOR_ROLLS: Final = "look-for-rolls"
RESOLVE: Final = "resolve-predictions"
CLOSES_AT_ONCE: Final = 4
EVERY: Final = timedelta(minutes=5)
ROLLS_EVERY: Final = timedelta(minutes=1)
RESOLVE_EVERY: Final = timedelta(minutes=1)
SWEEP: Final = "sweep-alerts"
SWEEP_EVERY: Final = timedelta(seconds=15)
SCORE: Final = "score-predictions"
SCORE_EVERY: Final = timedelta(minutes=1)
SCORES_AT_ONCE: Final = 3


Planner = Callable[[Stores, TickPolicy], Iterator[Step]]


def plan_tick(stores: Stores, policy: TickPolicy) -> list[Step]:
    """What is missing, in the order in which it is done; what cannot be found out is logged and left out."""
    return [step for planner in _PLANNERS for step in _planned(planner, stores, policy)]


def market_tick(stores: Stores, policy: TickPolicy) -> Sequence[Step]:
    """Do what is missing, each kind of it before the next is looked for, and return what it was.

    Every step may be done twice without harm, and one that fails does not keep the others.
    """
    done: list[Step] = []
    for planner in _PLANNERS:
        for step in _planned(planner, stores, policy):
            done.append(step)
            try:
                do_step(stores, policy, step)
            except Exception as error:
                _say(f"the tick failed at {step}", error)
    return done


def _planned(planner: Planner, stores: Stores, policy: TickPolicy) -> list[Step]:
    steps: list[Step] = []
    try:
        steps += planner(stores, policy)
    except Exception as error:
        _say(f"the tick cannot find out {planner.__name__.strip('_').replace('_', ' ')}", error)
    return steps


def _missing_partitions(stores: Stores, policy: TickPolicy) -> Iterator[Step]:
    with stores.sessions() as session:
        if set(days_ahead(stores, policy.partitions_ahead_days)) - existing_partitions(session):
            yield MakePartitions()


def _due_events(stores: Stores, _policy: TickPolicy) -> Iterator[Step]:
    steps = due_events(stores)
    yield from (step for step in steps if not isinstance(step, CloseSession))
    # A close is asked for again when nobody has come to its end; after an outage only a few at a time, and in no order,
    # so that some that fail for ever hold up no other.
    closes = [step for step in steps if isinstance(step, CloseSession)]
    waiting = [close for close in closes if not stores.redis.exists(keys.close_asked(close.market, close.day))]
    room = max(0, CLOSES_AT_ONCE - (len(closes) - len(waiting)))
    yield from random.sample(waiting, min(room, len(waiting)))


def _wishes(stores: Stores, policy: TickPolicy) -> Iterator[Step]:
    yield from hours_wishes(stores, policy)


def _silent_collectors(stores: Stores, policy: TickPolicy) -> Iterator[Step]:
    yield from silent_collectors(stores, policy)


def _missing_loops(stores: Stores, policy: TickPolicy) -> Iterator[Step]:
    yield from missing_collectors(stores, policy)
    for slot in range(1, policy.ingestors + 1):
        if not stores.redis.exists(keys.ingest_lease(keys.worker_consumer(slot))):
            yield StartIngest(slot)


def _due_stages(stores: Stores, policy: TickPolicy) -> Iterator[Step]:
    yield from ladder_steps(stores, policy.premarket)


def _constant_work(_stores: Stores, _policy: TickPolicy) -> Iterator[Step]:
    yield from (Probe(queue) for queue in QUEUES)
    yield from (TrimStream(), FoldCounts())


def _due_look(stores: Stores, _policy: TickPolicy) -> Iterator[Step]:
    if not _is_over(stores, CHECK_DATA, EVERY):
        return
    with stores.sessions() as session:
        is_open = any_open(desk_markets(stores, session), stores.clock.now())
    if is_open:
        _note(stores, CHECK_DATA)
        yield CheckData()


def _due_rolls(stores: Stores, _policy: TickPolicy) -> Iterator[Step]:
    if _is_over(stores, LOOK_FOR_ROLLS, ROLLS_EVERY):
        _note(stores, LOOK_FOR_ROLLS)
        yield NoticeRolls()


def _due_comparison(stores: Stores, _policy: TickPolicy) -> Iterator[Step]:
    if is_comparing_due(stores.redis):
        yield CompareSources()


def _due_reconcile(stores: Stores, _policy: TickPolicy) -> Iterator[Step]:
    if _is_balance_due(stores) and not stores.redis.exists(keys.asked(RECONCILE)):
        yield Reconcile()


def _is_balance_due(stores: Stores) -> bool:
    now, ran = stores.clock.now(), _ran(stores, RECONCILE)
    closed = [market.last_completed(now - AFTER_CLOSE, 1)[0].close for market in groups_of(stores.markets)]
    if ran is None or ran < max(closed) + AFTER_CLOSE:
        return True
    if not _is_over(stores, RECONCILE, EVERY):
        return False
    with stores.sessions() as session:
        return any_open(desk_markets(stores, session), now) or has_open_balances(session)


def _due_retention(stores: Stores, _policy: TickPolicy) -> Iterator[Step]:
    if retention_due(stores):
        yield ApplyRetention()


def _stale_exports(stores: Stores, _policy: TickPolicy) -> Iterator[Step]:
    if _is_over(stores, LOOK_FOR_STALE, EVERY):
        _note(stores, LOOK_FOR_STALE)
        stale = stale_exports(stores)
        yield from (ExportStale(export.market, export.day) for export in stale)
        # What is about to be exported is certified after that.
        outdated = [one for one in outdated_certificates(stores) if one not in stale]
        yield from (CloseSession(one.market, one.day) for one in outdated[:CLOSES_AT_ONCE])


def _due_push(stores: Stores, policy: TickPolicy) -> Iterator[Step]:
    if _is_over(stores, PUSH, EVERY):
        _note(stores, PUSH)
        if look_at_bucket(stores, policy.bucket):
            yield PushLake()


def _forsaken_jobs(stores: Stores, _policy: TickPolicy) -> Iterator[Step]:
    with stores.sessions() as session:
        found = forsaken_jobs(session, stores.clock.now())
    if found.to_end:
        yield EndLostJobs()
    for one in found.to_send:
        if not stores.redis.exists(keys.job_asked(one.job_id, one.attempt)):
            yield RunJob(one.job_id, one.attempt, one.urgent)


def _due_outcomes(stores: Stores, _policy: TickPolicy) -> Iterator[Step]:
    if not _is_over(stores, RESOLVE, RESOLVE_EVERY):
        return
    _note(stores, RESOLVE)
    with stores.sessions() as session:
        is_due = is_resolving_due(session, stores.clock.now())
    if is_due:
        yield ResolvePredictions()


def _due_scores(stores: Stores, _policy: TickPolicy) -> Iterator[Step]:
    if not _is_over(stores, SCORE, SCORE_EVERY):
        return
    _note(stores, SCORE)
    with stores.sessions() as session:
        due = due_sessions(session, stores.market, stores.clock.now())
    yield from map(ScoreSession, due[:SCORES_AT_ONCE])


def _due_sweep(stores: Stores, _policy: TickPolicy) -> Iterator[Step]:
    if _is_over(stores, SWEEP, SWEEP_EVERY):
        _note(stores, SWEEP)
        yield SweepAlerts()


def _due_messages(stores: Stores, _policy: TickPolicy) -> Iterator[Step]:
    with stores.sessions() as session:
        is_due = is_delivery_due(session, stores.clock.now())
    if is_due:
        yield DeliverAlerts()


# Collectors first: they need no PostgreSQL, and are not to wait for one that takes its time to say that it is away.
_PLANNERS: Final[Sequence[Planner]] = (
    _missing_loops,
    _silent_collectors,
    _missing_partitions,
    _wishes,
    _due_events,
    _due_stages,
    _constant_work,
    _due_look,
    _due_rolls,
    _due_comparison,
    _due_reconcile,
    _due_retention,
    _stale_exports,
    _due_push,
    _forsaken_jobs,
    _due_outcomes,
    _due_scores,
    _due_sweep,
    _due_messages,
)


def _say(what: str, error: Exception) -> None:
    # A server that is away needs no trace to be understood.
    is_known = isinstance(error, ThorError | RedisError | DBAPIError)
    log.error("%s: %s", what, str(error).partition("\n")[0], exc_info=None if is_known else error)


def _is_over(stores: Stores, work: str, pause: timedelta) -> bool:
    ran = _ran(stores, work)
    # A clock that was put back must not silence it until it has caught up.
    return ran is None or not timedelta(0) <= stores.clock.now() - ran < pause


def _ran(stores: Stores, work: str) -> datetime | None:
    told = stores.redis.get(keys.ran(work))
    return datetime.fromtimestamp(int(told) / 1000, stores.clock.now().tzinfo) if told else None


def _note(stores: Stores, work: str) -> None:
    stores.redis.set(keys.ran(work), int(stores.clock.now().timestamp() * 1000))

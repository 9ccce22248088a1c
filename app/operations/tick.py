"""The periodic tick: compare what should be with what is, and do what is missing."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from app.bus import keys
from app.bus.trimming import trim_stored
from app.dispatch import QUEUES
from app.operations.collecting import SIMULATED, is_wanted
from app.operations.migrating import days_ahead
from app.stores import Stores
from app.ticks.partitions import ensure_partitions, existing_partitions

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TickPolicy:
    """For how many days partitions exist ahead, and how far back SSE clients can resume."""

    partitions_ahead_days: int
    resume_window_s: float


@dataclass(frozen=True)
class MakePartitions:
    """Partitions for the days ahead are missing."""


@dataclass(frozen=True)
class StartCollector:
    """A wanted source has no holder."""

    source: str


@dataclass(frozen=True)
class StartIngest:
    """Nobody reads the stream for the workers."""


@dataclass(frozen=True)
class Probe:
    """Ask a queue for a sign of life."""

    queue: str


@dataclass(frozen=True)
class TrimStream:
    """Drop what is stored and older than clients can resume from."""


Step = MakePartitions | StartCollector | StartIngest | Probe | TrimStream


def plan_tick(stores: Stores, policy: TickPolicy) -> list[Step]:
    """What is missing, in the order in which it is done."""
    steps: list[Step] = []
    with stores.sessions() as session:
        if set(days_ahead(stores, policy.partitions_ahead_days)) - existing_partitions(session):
            steps.append(MakePartitions())
    if is_wanted(stores, SIMULATED) and not stores.redis.exists(keys.lease(SIMULATED)):
        steps.append(StartCollector(SIMULATED))
    if not stores.redis.exists(keys.ingest_lease(keys.WORKER_CONSUMER)):
        steps.append(StartIngest())
    return [*steps, *(Probe(queue) for queue in QUEUES), TrimStream()]


def market_tick(stores: Stores, policy: TickPolicy) -> Sequence[Step]:
    """Do what is missing; every step may be done twice without harm."""
    steps = plan_tick(stores, policy)
    for step in steps:
        _do(stores, policy, step)
    return steps


def _do(stores: Stores, policy: TickPolicy, step: Step) -> None:
    match step:
        case MakePartitions():
            with stores.sessions.begin() as session:
                made = ensure_partitions(session, days_ahead(stores, policy.partitions_ahead_days))
            log.info("made tick partitions: %s", ", ".join(map(str, sorted(made))))
        case StartCollector(source):
            stores.dispatch.start_collector(source)
        case StartIngest():
            stores.dispatch.start_ingest()
        case Probe(queue):
            stores.dispatch.probe(queue)
        case TrimStream():
            if trimmed := trim_stored(stores.redis, stores.clock.now(), policy.resume_window_s):
                log.info("trimmed %s stored entries from the stream", trimmed)

"""What the stops of the pipeline, the ledger and the analyses count, for machines: one reading per server.

A reading is a check whose `figures` are numbers by name, and there by the values of their labels: of a source, an
ingestor, a kind, a state; of nothing for what there is once.
"""

from collections.abc import Mapping
from datetime import datetime

from redis import Redis
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.bus.broker import queue_lengths, taken_messages
from app.jobs.backlog import read_backlog
from app.jobs.score_history import score_numbers
from app.operations.accounting import ledger_figures
from app.operations.alerting.checks import count_alerts, late_seconds
from app.operations.alerting.ladders import present_ladders
from app.operations.bucket_keeping import read_standing
from app.operations.divergences import read_divergences
from app.operations.health import Check
from app.operations.pipeline import ingestors, sources, stream
from app.operations.record_metering import read_records
from app.stores import Stores

Numbers = dict[str, dict[tuple[str, ...], float]]


def read_bus(client: Redis, now: datetime, stream_cap: int) -> Check:
    """`stream_…`, `source_…` by source, `ingestor_…` by consumer `divergence_…` by symbol and the two sources,
    and `bucket_days_behind` where there is a bucket; RedisError while the server is away.
    """
    numbers = _numbers("stream", {(): stream(client, stream_cap)})
    numbers |= _numbers("source", {(name,): figures for name, figures in sources(client, now).items()})
    numbers |= _numbers("ingestor", {(name,): figures for name, figures in ingestors(client, now).items()})
    return Check("redis", True, "read", numbers | _divergences(client) | _bucket(client))


def read_redis(client: Redis, broker: Redis, now: datetime, stream_cap: int) -> Check:
    """`read_bus` and `read_queues` as one; RedisError while the server is away."""
    return Check("redis", True, "read", {**read_bus(client, now, stream_cap).figures, **read_queues(broker)})


def read_queues(broker: Redis) -> Numbers:
    """`queue_messages` by queue, and `queue_taken`; `broker` is a client of the broker's database. RedisError."""
    waiting: dict[tuple[str, ...], float] = {(queue,): count for queue, count in queue_lengths(broker).items()}
    return {"queue_messages": waiting, "queue_taken": {(): taken_messages(broker)}}


def read_database(stores: Stores) -> Check:
    """`ledger_…`, as `ledger_figures` names them, `jobs` by status, `jobs_oldest_pending_s`, `alerts…`, `premarket_…`,
    `prediction_…` by model, symbol and horizon, as `score_numbers` names them, and what `read_records` does; not ok
    while the server is away.
    """
    try:
        numbers = ledger_figures(stores)
        with stores.sessions() as session:
            backlog, scores = read_backlog(session, stores.clock.now()), score_numbers(session)
            told = _alerts(session) | _premarket(stores, session) | read_records(stores, session)
    except DBAPIError as error:
        return Check("postgres", False, f"does not answer ({type(error).__name__})")
    jobs: Numbers = {
        "jobs": {(status,): count for status, count in backlog.by_status.items()},
        "jobs_oldest_pending_s": {(): backlog.waits_s},
    }
    ledger = {f"ledger_{name}": by_label for name, by_label in numbers.items()}
    scored = {f"prediction_{name}": by_label for name, by_label in scores.items()}
    return Check("postgres", True, "read", {**ledger, **scored, **jobs, **told})


def _alerts(session: Session) -> Numbers:
    standing = count_alerts(session)
    by_severity: dict[tuple[str, ...], float] = {(name,): count for name, count in standing.by_severity.items()}
    return {"alerts": by_severity, "alerts_unacknowledged": {(): standing.unacknowledged}}


def _premarket(stores: Stores, session: Session) -> Numbers:
    now = stores.clock.now()
    ladders = present_ladders(stores, session, now)
    judged = [(one.report.market, one.report.verdict) for one in ladders if one.report.verdict is not None]
    return {"premarket_verdict": dict.fromkeys(judged, 1.0), "premarket_late_s": late_seconds(ladders, now)}


def _bucket(client: Redis) -> Numbers:
    standing = read_standing(client)
    return {"bucket_days_behind": {(): float(standing.days_behind)}} if standing else {}


def _divergences(client: Redis) -> Numbers:
    differing = read_divergences(client).values()
    names = {"price": "divergence_ticks", "lag": "divergence_lag_ms"}
    numbers: Numbers = {"divergence_alarms": {(): sum(one.alarming for one in differing)}}
    for one in differing:
        numbers.setdefault(names[one.kind], {})[one.symbol, one.source, one.other] = float(one.last)
    return numbers


def _numbers(stop: str, shown: Mapping[tuple[str, ...], object]) -> Numbers:
    found: Numbers = {}
    for labels, figures in shown.items():
        for name, value in figures.items() if isinstance(figures, Mapping) else ():
            if isinstance(value, int | float):
                found.setdefault(f"{stop}_{name}", {})[labels] = value
    return found

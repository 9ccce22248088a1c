"""Putting the HTTP edge on the application."""

from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Final

from apiflask import APIFlask
from flask import Response, request
from redis import Redis

from app.api.accounting import accounting
from app.api.alerts import alerts
from app.api.audit import audit
from app.api.bars import bars
from app.api.certificates import certificates
from app.api.collectors import collectors
from app.api.dead_letters import dead_letters
from app.api.desk import desk
from app.api.docs import configure_docs, docs
from app.api.gaps import gaps
from app.api.health import health
from app.api.idempotency import install_idempotency
from app.api.instruments import instruments
from app.api.jobs import jobs
from app.api.json_body import require_plain_json
from app.api.lake import lake
from app.api.me import me
from app.api.metrics import metrics
from app.api.parts import EXTENSION, ApiParts
from app.api.predictions import predictions
from app.api.premarket import premarket
from app.api.problems import install_problems, refuse_more, request_id
from app.api.query import require_plain_query
from app.api.quotes import quotes
from app.api.session import session
from app.api.session_records import records
from app.api.snapshot import see_sources
from app.api.sse.hub import EventHub, StreamLimits
from app.api.sse.sources import Sighting
from app.api.sse.tail import StreamTail
from app.api.statement_limits import limit_statements
from app.api.stream import stream
from app.api.ticks import ticks
from app.api.watched import Watchlist
from app.api.watchlist import watchlist
from app.bus.connection import impatient
from app.bus.keys import BROKER_DB
from app.dispatch import QUEUES
from app.edge.gathering import BODY_LIMIT_BYTES
from app.edge.limiting import limit_rates
from app.instruments.store import watchlist as read_watchlist
from app.operations.agreement import check_agreement
from app.operations.alerting.checks import check_alerts, check_premarket
from app.operations.health import (
    Check,
    Probes,
    check_calendar,
    check_ingest,
    check_ledger,
    check_postgres,
    check_queues,
    check_redis,
    check_room,
)
from app.operations.job_health import check_jobs
from app.operations.login_health import check_schwab_login
from app.operations.metering import read_database, read_redis
from app.operations.session_health import check_feeds, check_sessions
from app.runtime import EXTENSION as RUNTIME
from app.runtime import Runtime
from app.settings import Settings

MARKET_DATA: Final = (quotes, stream, session, records, certificates, ticks, bars)
BLUEPRINTS: Final = (
    docs,
    desk,
    *MARKET_DATA,
    collectors,
    instruments,
    watchlist,
    dead_letters,
    lake,
    accounting,
    gaps,
    jobs,
    predictions,
    alerts,
    premarket,
    health,
    metrics,
    me,
    audit,
)
REQUEST_TIMEOUT_S: Final = 1.0
# Above the second for which the stream's reader waits for an entry.
STREAM_TIMEOUT_S: Final = 3.0


def install_api(app: APIFlask, queues: Sequence[str] = QUEUES) -> None:
    """Put all endpoints, errors and documentation on `app`, which has its runtime; nothing connects before a request.

    `queues` are those whose workers must show a sign of life before Thor is ready.
    """
    rt: Runtime = app.extensions[RUNTIME]
    app.extensions[EXTENSION] = _parts(rt, queues)
    app.config["MAX_CONTENT_LENGTH"] = BODY_LIMIT_BYTES
    app.json.sort_keys = False  # type: ignore[attr-defined]
    install_problems(app)
    configure_docs(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    limit_statements(rt.sessions)
    limit_rates(app, rt.settings.rate_limit_per_s, rt.settings.write_limit_per_s, refuse_more)
    app.before_request(require_plain_query)
    app.before_request(require_plain_json)
    install_idempotency(app)
    app.after_request(_harden)


def _parts(runtime: Runtime, queues: Sequence[str]) -> ApiParts:
    raw = partial(runtime.connect_redis, text=False, socket_timeout_s=STREAM_TIMEOUT_S)
    tail = StreamTail(raw, runtime.market, runtime.clock)
    probes: dict[str, Callable[[], Check]] = {}
    meters: dict[str, Callable[[], Check]] = {}
    edge = ApiParts(
        connect_bus=lambda: impatient(runtime.connect_redis(socket_timeout_s=REQUEST_TIMEOUT_S)),
        hub=EventHub(tail, _limits(runtime.settings), lambda symbols: _sighting(runtime, edge.bus, sorted(symbols))),
        watchlist=Watchlist(lambda: _watched(runtime)),
        probes=Probes(probes),
        meters=Probes(meters),
    )
    probes["redis"] = lambda: check_redis(edge.bus)
    probes["postgres"] = lambda: check_postgres(runtime.sessions)
    probes["ingest"] = lambda: check_ingest(edge.bus, runtime.clock.now())
    probes["room"] = lambda: check_room(edge.bus, runtime.settings.stream_cap)
    probes["ledger"] = lambda: check_ledger(runtime.sessions, runtime.clock.now())
    probes["calendar"] = lambda: check_calendar(runtime.markets, runtime.clock.now())
    probes["queues"] = lambda: check_queues(edge.bus, queues, runtime.clock.now())
    probes["feeds"] = lambda: check_feeds(runtime, edge.bus, runtime.collector_plan.sources)
    probes["agreement"] = lambda: check_agreement(edge.bus)
    probes["sessions"] = lambda: check_sessions(runtime)
    probes["jobs"] = lambda: check_jobs(runtime)
    probes["premarket"] = lambda: check_premarket(runtime)
    probes["alerts"] = lambda: check_alerts(runtime)
    if runtime.settings.schwab:
        probes["schwab_login"] = lambda: check_schwab_login(edge.bus, runtime.clock.now())
    broker = cache(partial(runtime.connect_redis, socket_timeout_s=REQUEST_TIMEOUT_S, database=BROKER_DB))
    meters["redis"] = lambda: read_redis(edge.bus, broker(), runtime.clock.now(), runtime.settings.stream_cap)
    meters["postgres"] = lambda: read_database(runtime)
    return edge


def _sighting(runtime: Runtime, client: Redis, symbols: Sequence[str]) -> Sighting:
    now, rule = runtime.clock.now(), runtime.display_rule
    return see_sources(client, runtime.markets, symbols, now, rule)


def _watched(runtime: Runtime) -> list[str]:
    with runtime.sessions() as session:
        return read_watchlist(session)


def _limits(settings: Settings) -> StreamLimits:
    return StreamLimits(
        clients=settings.sse_max_clients,
        clients_per_caller=settings.sse_clients_per_caller,
        queue_events=settings.sse_queue_events,
        heartbeat_s=settings.sse_heartbeat_s,
        stuck_s=settings.sse_stuck_s,
        resume_window_s=settings.sse_resume_window_s,
    )


def _harden(answer: Response) -> Response:
    answer.headers["X-Request-Id"] = request_id()
    if request.path.startswith("/api/"):
        answer.headers.setdefault("Cache-Control", "no-store")
    return answer

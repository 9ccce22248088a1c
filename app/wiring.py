"""Wiring the stores to an application: where the servers are, and how to connect to them."""

from functools import partial
from typing import Any, Final

import psycopg2
from flask import Flask
from psycopg2.extensions import connection as PostgresConnection
from redis import Redis
from sqlalchemy.orm import sessionmaker

from app.alert_settings import delivery_plan
from app.alerts.delivery_plan import PLAN
from app.bus.connection import SOCKET_TIMEOUT_S, connect, with_database
from app.clock import Clock, SystemClock
from app.dispatch import Dispatch
from app.errors import Unavailable
from app.extensions import db
from app.lake.layout import Lake
from app.local.state import read_servers
from app.market.markets import LIMITS, Markets
from app.market.overrides_file import OverridesFile
from app.runtime import EXTENSION, Runtime
from app.settings import Settings

_NOT_RUNNING: Final = "is not running: start everything with `make up` (or `flask up`), or set {}"
# The address is looked up for every connection: `flask up` may start the server after this process began.
_ENGINE: Final = {"pool_pre_ping": True, "pool_size": 10, "max_overflow": 20}
_CONNECTION: Final[dict[str, Any]] = {
    "connect_timeout": 3,
    "application_name": "thor",
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
    # One reader is one process of PostgreSQL: its helpers would take the processors that live quotes need.
    "options": "-c timezone=UTC -c lock_timeout=10s -c idle_in_transaction_session_timeout=120s"
    " -c max_parallel_workers_per_gather=0"
    # The server too has to notice that the other machine is gone: until then its locks are held, two hours by default.
    " -c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3 -c tcp_user_timeout=25000",
}


def wire(app: Flask, settings: Settings, dispatch: Dispatch, clock: Clock | None = None) -> Runtime:
    """Give the application its database and its runtime; nothing is connected to until it is used."""
    app.config["SQLALCHEMY_DATABASE_URI"] = "postgresql+psycopg2://"
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {**_ENGINE, "creator": partial(connect_postgres, settings)}
    db.init_app(app)
    now = clock or SystemClock()
    markets = markets_of(settings, now)
    plan = delivery_plan(settings, markets.default.timezone)
    with app.app_context():
        sessions = sessionmaker(db.engine, expire_on_commit=False, info={PLAN: plan})
    runtime = Runtime(
        clock=now,
        sessions=sessions,
        connect_redis=partial(_connect_redis, settings),
        markets=markets,
        lake=Lake(settings.lake_dir),
        dispatch=dispatch,
        settings=settings,
    )
    app.extensions[EXTENSION] = runtime
    return runtime


def markets_of(settings: Settings, clock: Clock) -> Markets:
    """The markets as the settings have them, with the desk's overrides."""
    if settings.market_overrides is None:
        return Markets(settings.market, clock)
    file = OverridesFile(settings.market_overrides, LIMITS)
    return Markets(settings.market, clock, file.current, lambda: file.fault)


def server_addresses(settings: Settings) -> tuple[str | None, str | None]:
    """PostgreSQL's and Redis' addresses: those of the settings, else of the servers that `flask up` runs."""
    local = read_servers(settings.state_dir) if not (settings.database_url and settings.redis_url) else None
    database, redis = (local.database_url, local.redis_url) if local else (None, None)
    if settings.database_url:
        database = settings.database_url.get_secret_value()
    if settings.redis_url:
        redis = settings.redis_url.get_secret_value()
    return database, redis


def connect_postgres(settings: Settings) -> PostgresConnection:
    """A connection to the database of the settings; Unavailable when none of ours runs and none is named."""
    database_url, _ = server_addresses(settings)
    if database_url is None:
        raise Unavailable(f"PostgreSQL {_NOT_RUNNING.format('DATABASE_URL')}")
    made: PostgresConnection = psycopg2.connect(database_url.replace("+psycopg2", "", 1), **_CONNECTION)
    return made


def _connect_redis(
    settings: Settings, *, text: bool = True, socket_timeout_s: float = SOCKET_TIMEOUT_S, database: int | None = None
) -> Redis:
    _, redis_url = server_addresses(settings)
    if redis_url is None:
        raise Unavailable(f"Redis {_NOT_RUNNING.format('REDIS_URL')}")
    if database is not None:
        redis_url = with_database(redis_url, database)
    return connect(redis_url, text=text, socket_timeout_s=socket_timeout_s)

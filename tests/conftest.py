"""What all tests share: servers, a migrated database and a part of Redis for each xdist worker, the application."""

import atexit
import gc
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient, FlaskCliRunner
from redis import Redis
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session, sessionmaker
from werkzeug.routing import Rule

from app.bus.connection import connect
from app.clock import Clock, SystemClock
from app.extensions import db
from app.factory import create_app
from app.operations.migrating import migrate_database
from app.runtime import EXTENSION, Runtime
from app.settings import Settings, load_settings
from app.ticks.partitions import existing_partitions, partition_name
from tests.emptying import empty_tables, keep_catalogue
from tests.fakes import RecordingDispatch
from tests.keyed_client import KeyedClient
from tests.ordering import in_turn
from tests.servers import TestServers, shared_directory, start_test_servers

if TYPE_CHECKING:
    from tests.object_store import ObjectStore

# Database n of Redis is the bus; 1 and 2 are the broker's and the results', whoever asks.
FIRST_BUS_DB = 10
PARTITIONS_AHEAD_DAYS = 2


def pytest_configure() -> None:
    # A busy machine makes any example slow; timing is no property.
    hypothesis.settings.register_profile("thor", deadline=None)
    hypothesis.settings.load_profile("thor")
    # The settings of whoever runs the tests are not those of the tests.
    for name in Settings.model_fields:
        os.environ.pop(name.upper(), None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items[:] = in_turn(items)


def pytest_collection_finish() -> None:
    # Thousands of tests that only lie there would be looked through at every search for garbage, a second or two each.
    gc.collect()
    gc.freeze()
    atexit.register(gc.unfreeze)


@pytest.fixture(scope="session", autouse=True)
def in_the_foreground() -> Iterator[None]:
    """Commands that go to the background would take the process of the tests with them, for good."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("app.local.background.go_to_background", lambda: None)
        yield


@pytest.fixture(scope="session", autouse=True)
def routes_compiled_once() -> Iterator[None]:
    """Most of the time that an application takes to be made goes into code for its addresses, always the same."""
    compile_builder, known = Rule._compile_builder, dict[Any, Any]()

    def compiled(rule: Rule, append_unknown: bool = True) -> Any:
        defaults = tuple((rule.defaults or {}).items())
        key = (rule.rule, rule.subdomain, rule.host, defaults, append_unknown)
        if key not in known:
            known[key] = compile_builder(rule, append_unknown)
        return known[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Rule, "_compile_builder", compiled)
        yield


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestServers]:
    """PostgreSQL and Valkey of this run."""
    servers = start_test_servers(shared_directory(tmp_path_factory))
    yield servers
    servers.stop()


@pytest.fixture(scope="session")
def worker_id_or_main() -> str:
    """The name of this xdist worker."""
    return os.environ.get("PYTEST_XDIST_WORKER", "gw0")


@pytest.fixture(scope="session")
def redis_url(servers: TestServers, worker_id_or_main: str) -> str:
    """This worker's database of Valkey."""
    return servers.redis_database(FIRST_BUS_DB + int(worker_id_or_main.removeprefix("gw")))


@pytest.fixture(scope="session")
def database_url(servers: TestServers, worker_id_or_main: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """This worker's database of PostgreSQL, migrated by Alembic, with the catalogue of instruments."""
    url = servers.create_database(f"thor_{worker_id_or_main}")
    state_dir = tmp_path_factory.mktemp("migrating")
    app = create_app(load_settings(_env_file=None, database_url=url, state_dir=state_dir), RecordingDispatch())
    with app.app_context():
        migrate_database(app.extensions[EXTENSION], PARTITIONS_AHEAD_DAYS)
        with db.engine.begin() as connection:
            keep_catalogue(connection)
        db.engine.dispose()
    return url


@pytest.fixture(scope="session")
def engine(database_url: str) -> Iterator[Engine]:
    """The database of this worker, in UTC as the application has it."""
    engine = create_engine(database_url, connect_args={"options": "-c timezone=UTC -c lock_timeout=10s"})
    yield engine
    engine.dispose()


@pytest.fixture
def db_session(engine: Engine) -> Iterator[Session]:
    """A session whose every effect is gone after the test, also what it commits."""
    with engine.connect() as connection, connection.begin() as outer:
        with Session(connection, join_transaction_mode="create_savepoint", expire_on_commit=False) as session:
            yield session
        outer.rollback()


@pytest.fixture
def sessions(engine: Engine) -> Iterator[sessionmaker[Session]]:
    """Sessions that commit for real; afterwards the tables are as they were."""
    made = sessionmaker(engine, expire_on_commit=False)
    with made() as session:
        days = existing_partitions(session)
    yield made
    with made.begin() as session:
        for day in existing_partitions(session) - days:
            session.execute(text(f"DROP TABLE {partition_name(day)}"))
        empty_tables(session)


@pytest.fixture
def bus(redis_url: str) -> Iterator[Redis]:
    """An empty bus, with replies in text."""
    with connect(redis_url) as client:
        client.flushdb()
        yield client


@pytest.fixture
def raw_bus(bus: Redis, redis_url: str) -> Iterator[Redis]:
    """The same bus, with replies in bytes."""
    with connect(redis_url, text=False) as client:
        yield client


@pytest.fixture(scope="session")
def standing_store() -> "Iterator[ObjectStore]":
    """One store of objects for all tests of a worker; the library behind it takes a while to load."""
    from tests.object_store import ObjectStore

    store = ObjectStore()
    yield store
    store.close()


@pytest.fixture
def store(standing_store: "ObjectStore") -> "ObjectStore":
    """A store with a new bucket, without faults."""
    standing_store.reset()
    return standing_store


@pytest.fixture
def settings(database_url: str, redis_url: str, tmp_path: Path) -> Settings:
    """The settings of a test: the servers of this worker, a state directory of the test's own, and no haste limited."""
    return load_settings(
        _env_file=None,
        database_url=database_url,
        redis_url=redis_url,
        state_dir=tmp_path / "var",
        rate_limit_per_s=100_000,
        write_limit_per_s=10_000,
    )


@pytest.fixture
def clock() -> Clock:
    """The machine's clock; a test module that needs another has a fixture of this name."""
    return SystemClock()


@pytest.fixture
def dispatch() -> RecordingDispatch:
    """What the application asked of the queues."""
    return RecordingDispatch()


@pytest.fixture
def app(
    settings: Settings, dispatch: RecordingDispatch, clock: Clock, bus: Redis, sessions: sessionmaker[Session]
) -> Iterator[APIFlask]:
    """The application on an empty bus and an empty database."""
    made = create_app(settings, dispatch, clock)
    made.test_client_class = KeyedClient
    yield made
    _close(made)


@pytest.fixture
def runner_on(settings: Settings, dispatch: RecordingDispatch) -> Iterator[Callable[..., FlaskCliRunner]]:
    """Makes callers of the commands of an application with some settings replaced, such as by a server of its own."""
    made: list[APIFlask] = []

    def make(**replaced: Any) -> FlaskCliRunner:
        other = create_app(
            settings.model_copy(update=load_settings(_env_file=None, **replaced).model_dump(include=set(replaced))),
            dispatch,
        )
        made.append(other)
        return other.test_cli_runner()

    yield make
    for other in made:
        _close(other)


@pytest.fixture
def rt(app: APIFlask) -> Runtime:
    """The application's stores and settings."""
    found: Runtime = app.extensions[EXTENSION]
    return found


@pytest.fixture
def client(app: APIFlask) -> FlaskClient:
    """An HTTP client of the application."""
    return app.test_client()


@pytest.fixture
def runner(app: APIFlask) -> FlaskCliRunner:
    """A caller of the application's commands."""
    return app.test_cli_runner()


def _close(app: APIFlask) -> None:
    rt: Runtime = app.extensions[EXTENSION]
    for client in ("redis", "raw_redis"):
        if client in vars(rt):
            getattr(rt, client).close()
    with app.app_context():
        db.engine.dispose()

"""Servers that go away for good reasons and bad ones, and come back."""

import signal
from pathlib import Path

import pytest
from sqlalchemy import text

from app.bus import keys
from app.bus.connection import connect
from app.bus.groups import group_state
from app.bus.leases import acquire
from app.bus.stream import QuotePublisher
from app.extensions import db
from app.factory import create_app
from app.operations.migrating import migrate_database
from app.runtime import EXTENSION
from app.settings import load_settings
from tests.factories import quotes
from tests.fakes import RecordingDispatch
from tests.private_servers import private_postgres, private_valkey
from tests.waiting import until

HEALTH = keys.ingest_health("one")


@pytest.fixture(scope="module")
def postgres(tmp_path_factory):
    with private_postgres(tmp_path_factory.mktemp("postgres")) as server:
        yield server


@pytest.fixture(scope="module")
def own_sessions(postgres, tmp_path_factory):
    settings = load_settings(_env_file=None, database_url=postgres.url, state_dir=tmp_path_factory.mktemp("state"))
    app = create_app(settings, RecordingDispatch())
    with app.app_context():
        migrate_database(app.extensions[EXTENSION], 1)
        yield app.extensions[EXTENSION].sessions
        db.engine.dispose()


@pytest.fixture
def kept(own_sessions):
    def read():
        with own_sessions() as session:
            return list(session.scalars(text("SELECT seq FROM ticks ORDER BY seq")))

    yield read
    with own_sessions.begin() as session:
        session.execute(text("TRUNCATE ticks"))


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT], ids=["fast", "immediate"])
def test_ingest_goes_on_after_a_restart_of_postgres(bus, publisher, running, own_sessions, postgres, kept, how):
    with running("one", sessions=own_sessions, batch_size=20):
        publisher.publish(quotes(100))
        until(lambda: bus.hget(HEALTH, "written") != "0")
        postgres.stop(how)
        publisher.publish(quotes(100, first_seq=101))
        until(lambda: bus.hget(HEALTH, "state") == "waiting_for_postgres")
        assert bus.exists(keys.ingest_lease("one"))

        postgres.start()

        until(lambda: group_state(bus).behind == 0)
        until(lambda: bus.hget(HEALTH, "state") == "running")
    assert kept() == list(range(1, 201))


def test_ingest_goes_on_after_postgres_stood_still(bus, publisher, running, own_sessions, postgres, kept):
    with running("one", sessions=own_sessions, batch_size=20) as one:
        postgres.freeze()
        publisher.publish(quotes(100))
        until(lambda: group_state(bus).pending)

        postgres.thaw()

        until(lambda: group_state(bus).behind == 0)
        assert one.end().written == 100
    assert kept() == list(range(1, 101))


def test_a_stop_while_postgres_stands_still_ends_and_leaves_the_entries(
    bus, publisher, running, own_sessions, postgres, kept, drain
):
    publisher.publish(quotes(20))
    postgres.freeze()
    try:
        with running("one", sessions=own_sessions) as one:
            until(lambda: group_state(bus).pending == 20)

            one.end(within_s=10)
        assert group_state(bus).pending == 20
    finally:
        postgres.thaw()

    drain("one", sessions=own_sessions)
    assert kept() == list(range(1, 21))


@pytest.fixture
def valkey(tmp_path: Path):
    with private_valkey(tmp_path) as server, connect(server.url) as client, connect(server.url, text=False) as raw:
        server.clients = {"client": client, "raw": raw}
        yield server


@pytest.fixture
def own_publisher(valkey):
    client = valkey.clients["client"]
    return QuotePublisher(client, acquire(client, keys.lease("REPLAY"), keys.epoch("REPLAY"), ttl_s=600))


def test_ingest_goes_on_after_redis_was_killed(valkey, own_publisher, running, stored, until_stored):
    with running("one", **valkey.clients, batch_size=20, lost_after_ms=50, recover_every_s=0.05):
        for turn in range(3):
            own_publisher.publish(quotes(100, first_seq=1 + turn * 100))
            valkey.stop(signal.SIGKILL)
            valkey.start()
        until_stored(300)
        until(lambda: group_state(valkey.clients["client"]).behind == 0)

    assert stored() == list(range(1, 301))


def test_ingest_goes_on_after_redis_paused_its_clients(valkey, own_publisher, running, stored, until_stored):
    with running("one", **valkey.clients, batch_size=20):
        own_publisher.publish(quotes(100))
        valkey.clients["client"].client_pause(700)
        own_publisher.publish(quotes(100, first_seq=101))
        until_stored(200)

    assert stored() == list(range(1, 201))


def test_a_stop_while_redis_stands_still_ends(valkey, running):
    with running("one", **valkey.clients) as one:
        valkey.freeze()

        one.end(within_s=10)
        valkey.thaw()

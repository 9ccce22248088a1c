from datetime import timedelta

import pytest

from app.bus import keys
from app.errors import Conflict, Unavailable
from app.ingest.presence import Presence
from tests.factories import MOMENT
from tests.fakes import FixedClock

LEASE, HEALTH = keys.ingest_lease("one"), keys.ingest_health("one")


@pytest.fixture
def clock():
    return FixedClock(MOMENT)


@pytest.fixture
def presence(bus, clock):
    return Presence(bus, clock, "one")


def test_a_name_is_held_by_one(bus, clock, presence):
    presence.take()

    with pytest.raises(Conflict, match=f"{LEASE} is held by"):
        Presence(bus, clock, "one").take()
    Presence(bus, clock, "two").take()


def test_a_beat_shows_the_figures_and_the_progress(bus, clock, presence):
    presence.take()
    presence.advance()
    clock.advance(timedelta(seconds=3))

    presence.beat({"read": 7})

    at_ms = int(MOMENT.timestamp() * 1000)
    assert bus.hgetall(HEALTH) == {
        "read": "7",
        "progress_ms": str(at_ms),
        "at_ms": str(at_ms + 3000),
        "state": "running",
        "error": "",
    }
    assert bus.ttl(HEALTH) > 3600


def test_a_beat_shows_what_the_work_waits_for(bus, presence):
    presence.take()
    presence.hold_up("waiting_for_postgres", Unavailable("PostgreSQL is away"))

    presence.beat({})

    assert (bus.hget(HEALTH, "state"), bus.hget(HEALTH, "error")) == ("waiting_for_postgres", "PostgreSQL is away")


def test_a_beat_keeps_the_lease(bus, presence):
    presence.take()
    bus.pexpire(LEASE, 1_000)

    presence.beat({})

    assert bus.pttl(LEASE) > 5_000


def test_a_beat_takes_an_expired_lease_again(bus, presence):
    presence.take()
    token = int(bus.hget(LEASE, "token"))
    bus.delete(LEASE)

    presence.beat({})

    assert int(bus.hget(LEASE, "token")) > token


def test_a_beat_finds_out_that_another_process_has_the_name(bus, clock, presence):
    presence.take()
    bus.delete(LEASE)
    Presence(bus, clock, "one").take()

    with pytest.raises(Conflict):
        presence.beat({})


def test_whoever_leaves_makes_room(bus, clock, presence):
    presence.take()

    presence.leave()

    Presence(bus, clock, "one").take()


def test_leaving_takes_nothing_from_a_successor(bus, clock, presence):
    presence.take()
    bus.delete(LEASE)
    Presence(bus, clock, "one").take()

    presence.leave()

    assert bus.exists(LEASE)


def test_abandoning_asks_the_server_for_nothing(bus, presence):
    presence.take()

    presence.abandon()
    presence.leave()

    assert bus.exists(LEASE)

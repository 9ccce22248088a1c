from datetime import timedelta
from functools import partial
from threading import Event

import pytest

from app.bus import keys
from app.bus.leases import acquire
from app.bus.published import read_published
from app.collectors.feeds import SteppedFeed
from app.collectors.run import Assignment, run_collector
from app.errors import Conflict
from app.market.markets import market
from tests.factories import DAY, MOMENT, quote
from tests.fakes import FixedClock

CLOCK = FixedClock(MOMENT)
LEASE = keys.lease("SIMULATED")


class Feed:
    """Gives one quote at every step, and stops after some."""

    def __init__(self, steps, stop, at_step=lambda _number: None):
        self.steps, self.stop, self.at_step = steps, stop, at_step
        self.number = 0

    def make(self, next_seq):
        self.next_seq = next_seq
        return SteppedFeed(self.step)

    def step(self, now):
        self.number += 1
        self.at_step(self.number)
        if self.number == self.steps:
            self.stop.set()
        return [quote(source="SIMULATED", ts=now, seq=self.next_seq())]


@pytest.fixture
def stop():
    return Event()


@pytest.fixture
def collect(open_spool):
    """Collects from a feed until it stops; returns how many quotes were published."""

    def run(bus, feed, is_wanted=lambda: True, cap=1_000_000, **room):
        make_spool = partial(open_spool, **room)
        assignment = Assignment("SIMULATED", 0.0, is_wanted, feed.make, make_spool, market(), cap, look_every_s=0.0)
        return run_collector(bus, assignment, CLOCK, feed.stop)

    return run


def seqs(bus):
    return [int(fields["seq"]) for _, fields in bus.xrange(keys.STREAM)]


def test_everything_the_feed_gives_is_published_until_a_stop(bus, collect, stop):
    assert collect(bus, Feed(5, stop)) == 5
    assert len(seqs(bus)) == 5
    assert seqs(bus) == sorted(set(seqs(bus)))


def test_numbers_go_on_over_a_restart(bus, collect):
    collect(bus, Feed(3, Event()))
    collect(bus, Feed(3, Event()))

    assert seqs(bus) == sorted(set(seqs(bus)))


def test_a_source_is_collected_by_one_process(bus, collect, stop):
    acquire(bus, LEASE, keys.epoch("SIMULATED"))

    with pytest.raises(Conflict, match=f"{LEASE} is held by"):
        collect(bus, Feed(1, stop))


def test_the_lease_is_given_back_also_after_a_failure(bus, collect, stop):
    def fail(_number):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        collect(bus, Feed(1, stop, fail))

    assert not bus.exists(LEASE)


def test_a_source_that_is_not_wanted_is_not_collected(bus, collect, stop):
    assert collect(bus, Feed(100, stop), is_wanted=lambda: False) == 0


def test_a_source_that_is_no_longer_wanted_is_collected_no_longer(bus, collect, stop):
    feed = Feed(100, stop)

    assert collect(bus, feed, is_wanted=lambda: feed.number < 3) == 3


def test_the_health_tells_the_progress(bus, collect, stop):
    shown = []

    collect(bus, Feed(3, stop, lambda _number: shown.append(bus.hgetall(keys.health("SIMULATED")))))

    figures = {
        "at_ms": str(int(MOMENT.timestamp() * 1000)),
        "event_ms": str(int(MOMENT.timestamp() * 1000)),
        "spooled": "0",
        "dropped": "0",
        "unreadable": "0",
        "damaged": "0",
    }
    assert shown[2] == {**figures, "state": "running", "published": "2", "last_error": ""}
    assert bus.hgetall(keys.health("SIMULATED")) == {**shown[2], "state": "stopped", "published": "3"}


def test_the_health_tells_of_a_failure(bus, collect, stop):
    def fail(number):
        if number == 2:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        collect(bus, Feed(100, stop, fail))

    assert bus.hget(keys.health("SIMULATED"), "state") == "failed"


def test_the_health_tells_that_quotes_wait_and_why(bus, collect, stop, spool):
    shown = []

    collect(bus, Feed(20, stop, lambda _number: shown.append(bus.hgetall(keys.health("SIMULATED")))), cap=3)

    assert (shown[-1]["state"], int(shown[-1]["spooled"]) > 0) == ("spooling", True)
    assert "the quote stream is full" in shown[-1]["last_error"]
    assert len(seqs(bus)) + spool.size == 20


def test_what_finds_no_room_anywhere_until_the_end_is_counted(bus, collect, stop, spool):
    collect(bus, Feed(6, stop), cap=3, max_bytes=1)

    assert (len(seqs(bus)), spool.size, spool.dropped) == (3, 0, 3)
    assert bus.hget(keys.health("SIMULATED"), "dropped") == "3"


def test_the_minutes_in_which_the_feed_was_alive_are_marked(bus, collect, stop):
    collect(bus, Feed(3, stop))

    key = keys.alive("SIMULATED", DAY)
    minute = (MOMENT - market().window_of(MOMENT).start) // timedelta(minutes=1)
    assert (bus.getbit(key, minute), bus.bitcount(key)) == (1, 1)
    assert 9 * 86_400 < bus.ttl(key) <= 10 * 86_400


def test_what_a_process_left_in_the_spool_is_published_before_anything_new(bus, collect, spool):
    collect(bus, Feed(8, Event()), cap=3)
    left = spool.size
    assert left == 5
    bus.xtrim(keys.STREAM, maxlen=0, approximate=False)

    assert collect(bus, Feed(2, Event())) == left + 2

    assert seqs(bus) == sorted(set(seqs(bus)))
    assert len(seqs(bus)) == left + 2
    assert sum(read_published(bus).values()) == 10


def test_a_flush_of_the_server_does_not_end_it(bus, collect, stop):
    feed = Feed(4, stop, lambda number: number == 3 and bus.flushdb())

    assert collect(bus, feed) == 4
    assert len(seqs(bus)) == 2


def test_it_ends_when_another_process_has_taken_the_source(bus, collect, stop, spool):
    def lose(number):
        if number == 3:
            bus.delete(LEASE)
            acquire(bus, LEASE, keys.epoch("SIMULATED"))

    with pytest.raises(Conflict):
        collect(bus, Feed(100, stop, lose))

    assert len(seqs(bus)) == 2
    assert bus.exists(LEASE)
    assert spool.size == 1
    assert "1 quotes wait in" in bus.hget(keys.health("SIMULATED"), "fenced")

from threading import Event

import pytest

from app.bus import keys
from app.bus.leases import acquire
from app.collectors.run import Assignment, run_collector
from app.errors import Conflict
from tests.factories import MOMENT, quote
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
        return self.step

    def step(self, now):
        self.number += 1
        self.at_step(self.number)
        if self.number == self.steps:
            self.stop.set()
        return [quote(source="SIMULATED", ts=now, seq=self.next_seq())]


@pytest.fixture
def stop():
    return Event()


def collect(bus, feed, is_wanted=lambda: True):
    assignment = Assignment("SIMULATED", 0.0, is_wanted, feed.make, look_every_s=0)
    return run_collector(bus, assignment, CLOCK, feed.stop)


def seqs(bus):
    return [int(fields["seq"]) for _, fields in bus.xrange(keys.STREAM)]


def test_everything_the_feed_gives_is_published_until_a_stop(bus, stop):
    assert collect(bus, Feed(5, stop)) == 5
    assert len(seqs(bus)) == 5
    assert seqs(bus) == sorted(set(seqs(bus)))


def test_numbers_go_on_over_a_restart(bus):
    collect(bus, Feed(3, Event()))
    collect(bus, Feed(3, Event()))

    assert seqs(bus) == sorted(set(seqs(bus)))


def test_a_source_is_collected_by_one_process(bus, stop):
    acquire(bus, LEASE, keys.epoch("SIMULATED"))

    with pytest.raises(Conflict, match=f"{LEASE} is held by"):
        collect(bus, Feed(1, stop))


def test_the_lease_is_given_back_also_after_a_failure(bus, stop):
    def fail(_number):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        collect(bus, Feed(1, stop, fail))

    assert not bus.exists(LEASE)


def test_a_source_that_is_not_wanted_is_not_collected(bus, stop):
    assert collect(bus, Feed(100, stop), is_wanted=lambda: False) == 0


def test_a_source_that_is_no_longer_wanted_is_collected_no_longer(bus, stop):
    feed = Feed(100, stop)

    assert collect(bus, feed, is_wanted=lambda: feed.number < 3) == 3


def test_the_health_tells_the_progress(bus, stop):

    collect(bus, Feed(3, stop))

    shown = bus.hgetall(keys.health("SIMULATED"))
    assert shown == {"at_ms": str(int(MOMENT.timestamp() * 1000)), "published": "2", "state": "running"}


def test_a_flush_of_the_server_does_not_end_it(bus, stop):
    feed = Feed(4, stop, lambda number: number == 3 and bus.flushdb())

    assert collect(bus, feed) == 4
    assert len(seqs(bus)) == 2


def test_it_ends_when_another_process_has_taken_the_source(bus, stop):
    def lose(number):
        if number == 3:
            bus.delete(LEASE)
            acquire(bus, LEASE, keys.epoch("SIMULATED"))

    with pytest.raises(Conflict):
        collect(bus, Feed(100, stop, lose))

    assert len(seqs(bus)) == 2
    assert bus.exists(LEASE)

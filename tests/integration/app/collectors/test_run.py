import time
from datetime import timedelta
from functools import partial
from threading import Event
from typing import ClassVar

import pytest

from app.bus import keys
from app.bus.leases import acquire
from app.bus.published import read_published
from app.collectors.crashes import count_crash, read_crashes
from app.collectors.feeds import LOST, FeedState, SteppedFeed
from app.collectors.run import Assignment, run_collector
from app.errors import Conflict, Unavailable
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


class TellingFeed:
    """Brings nothing, and tells a lot about itself; it stops after three steps."""

    def __init__(self, stop, _next_seq, at_step=lambda _number: None):
        self.stop, self.steps, self.at_step = stop, 0, at_step

    def step(self, now):
        self.steps += 1
        self.at_step(self.steps)
        if self.steps == 3:
            self.stop.set()
        return []

    def wait(self, _longest_s):
        pass

    def state(self):
        return FeedState(
            LOST,
            "the line is cut",
            data_at=MOMENT,
            reconnects=3,
            symbols=["ES", "NQ"],
            silent=["NQ"],
            figures={"polls": 7},
        )

    def close(self):
        pass


@pytest.fixture
def stop():
    return Event()


@pytest.fixture
def collect(open_spool):
    """Collects from a feed until it stops; returns how many quotes were published."""

    def run(bus, feed, is_wanted=lambda: True, cap=1_000_000, clock=CLOCK, **room):
        make_spool = partial(open_spool, **room)
        assignment = Assignment("SIMULATED", 0.0, is_wanted, feed.make, make_spool, market(), cap, look_every_s=0.0)
        return run_collector(bus, assignment, clock, feed.stop)

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

    now_ms = str(int(MOMENT.timestamp() * 1000))
    lasting = {
        "at_ms": now_ms,
        "event_ms": now_ms,
        "begun_ms": now_ms,
        "data_ms": now_ms,
        "token": str(seqs(bus)[0] >> 32),
        "reconnects": "0",
        "spooled": "0",
        "dropped": "0",
        "unreadable": "0",
        "damaged": "0",
        "last_error": "",
    }
    running = {"state": "running", "published": "2", "rate": "2.0", "feed": "streaming", "steady_ms": now_ms}
    assert shown[2] == {**lasting, **running}
    stopped = {"state": "stopped", "published": "3", "rate": "0.0"}
    assert bus.hgetall(keys.health("SIMULATED")) == {**lasting, **stopped}


def test_the_health_tells_how_the_feed_stands(bus, collect, stop):
    shown = []

    def look(_number):
        shown.append(bus.hgetall(keys.health("SIMULATED")))

    feed = Feed(3, stop)
    feed.make = lambda next_seq: TellingFeed(stop, next_seq, look)

    collect(bus, feed)

    told = shown[-1]
    assert {name: told.get(name) for name in ("feed", "detail", "steady_ms", "reconnects", "symbols", "silent")} == {
        "feed": LOST,
        "detail": "the line is cut",
        "steady_ms": None,
        "reconnects": "3",
        "symbols": "ES,NQ",
        "silent": "NQ",
    }
    assert (told["feed_polls"], "event_ms" in told) == ("7", False)


def test_a_feed_that_is_lost_is_not_marked_as_alive(bus, collect, stop):
    feed = Feed(3, stop)
    feed.make = lambda next_seq: TellingFeed(stop, next_seq)

    collect(bus, feed)

    assert not bus.exists(keys.alive("SIMULATED", DAY))


def test_a_new_run_forgets_what_the_one_before_told_and_keeps_since_when_there_is_silence(bus, collect):
    collect(bus, Feed(1, Event()))
    bus.hset(keys.health("SIMULATED"), mapping={"fenced": "long ago", "feed_polls": "9", "event_ms": "17"})
    stop = Event()
    silent = Feed(2, stop)
    silent.make = lambda next_seq: TellingFeed(stop, next_seq)

    collect(bus, silent)

    told = bus.hgetall(keys.health("SIMULATED"))
    assert ("fenced" in told, told["event_ms"], told["feed_polls"]) == (False, "17", "7")


def test_a_long_interval_does_not_hold_up_a_stop(bus, open_spool, stop):
    class Waiting(TellingFeed):
        waits: ClassVar = []

        def wait(self, longest_s):
            self.waits.append(longest_s)

    make = partial(Waiting, stop)
    run_collector(bus, Assignment("SIMULATED", 60.0, lambda: True, make, open_spool, market()), CLOCK, stop)

    assert max(Waiting.waits) <= 0.3


def test_what_a_fast_feed_brings_is_gathered_for_a_hundredth_of_a_second(bus, open_spool, stop):
    steps, end = [], time.monotonic() + 0.3

    class Fast(TellingFeed):
        def step(self, now):
            steps.append(now)
            if time.monotonic() > end:
                self.stop.set()
            return []

    make = partial(Fast, stop)
    run_collector(bus, Assignment("SIMULATED", 0.1, lambda: True, make, open_spool, market()), CLOCK, stop)

    assert len(steps) <= 32


@pytest.mark.parametrize(("lives", "count"), [(timedelta(seconds=59), 2), (timedelta(seconds=60), 1)])
def test_a_run_that_was_healthy_for_a_minute_clears_the_crashes_before_it(bus, collect, lives, count):
    clock = FixedClock(MOMENT)
    count_crash(bus, "SIMULATED", 1, "before", MOMENT)

    def fail(number):
        if number == 2:
            clock.advance(lives)
        if number == 4:
            raise ZeroDivisionError("now")

    with pytest.raises(ZeroDivisionError):
        collect(bus, Feed(100, Event(), fail), clock=clock)

    crashes = read_crashes(bus, "SIMULATED")
    assert (crashes.count, crashes.last_error) == (count, "ZeroDivisionError: now")


def test_a_good_end_clears_the_crashes_before_it(bus, collect, stop):
    count_crash(bus, "SIMULATED", 1, "before", MOMENT)

    collect(bus, Feed(1, stop))

    assert read_crashes(bus, "SIMULATED").count == 0


def test_to_be_fenced_is_no_crash(bus, collect, stop):
    def lose(number):
        if number == 2:
            bus.delete(LEASE)
            acquire(bus, LEASE, keys.epoch("SIMULATED"))

    with pytest.raises(Conflict):
        collect(bus, Feed(100, stop, lose))

    assert read_crashes(bus, "SIMULATED").count == 0


@pytest.mark.parametrize("error", [ZeroDivisionError("in the feed"), Unavailable("the sheet is gone")])
def test_a_feed_that_cannot_be_made_is_a_crash_with_its_reason(bus, collect, stop, error):
    feed = Feed(1, stop)

    def make(_next_seq):
        raise error

    feed.make = make
    with pytest.raises(type(error)):
        collect(bus, feed)

    told = bus.hgetall(keys.health("SIMULATED"))
    assert (told["state"], str(error) in told["error"]) == ("failed", True)
    assert (read_crashes(bus, "SIMULATED").last_error, bus.exists(LEASE)) == (told["error"], 0)


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

import random
import re
import threading

import pytest
from redis.exceptions import RedisError

from app.api.sse.client import Client
from app.api.sse.hub import EventHub, StreamLimits
from app.api.sse.mailbox import Mailbox
from app.api.sse.resume import PAGE, Resume
from app.errors import Unavailable
from tests.streams import NOW_MS, FakeTail, event

WINDOW_S = 900


def test_missed_events_and_live_ones_are_joined_without_gap_or_repeat(hub, tail):
    tail.publish(*(event(n) for n in range(3 * PAGE)))
    client = hub.join(None)

    got = numbers(all_frames(Resume(hub, client, event(4).id)))
    tail.publish(event(3 * PAGE))
    got += numbers([client.mailbox.take(10)])

    assert got == list(range(5, 3 * PAGE + 1))


def test_nothing_is_lost_or_repeated_while_events_keep_coming(hub, tail):
    tail.publish(*(event(n) for n in range(500)))
    steady = threading.Thread(target=lambda: [tail.publish(event(n)) for n in range(500, 3000)])
    steady.start()
    for start in (random.Random(3).randrange(500) for _ in range(5)):
        client = hub.join(None)
        got = numbers(all_frames(Resume(hub, client, event(start).id)))
        while not got or got[-1] < 600:
            got += numbers([client.mailbox.take(10)])
        hub.leave(client)

        assert got == list(range(start + 1, got[-1] + 1))
    steady.join()


def test_what_the_hub_hands_out_late_is_not_repeated():
    tail = StagedTail()
    hub = EventHub(tail, StreamLimits())
    client = hub.join(None)
    tail.hold()
    tail.publish(event(1), event(2), event(3))

    got = numbers(all_frames(Resume(hub, client, event(1).id)))
    tail.release()
    tail.publish(event(4))
    got += numbers([client.mailbox.take(10)])

    hub.close()
    assert got == [2, 3, 4]


def test_what_the_hub_handed_out_just_before_the_client_went_live_is_not_lost():
    tail = StagedTail()
    hub = EventHub(tail, StreamLimits())
    other, client = hub.join(None), hub.join(None)
    hub.go_live(other)
    tail.publish(event(1), event(2))
    other.mailbox.take(10)

    def overtake():
        tail.publish(event(3))
        other.mailbox.take(10)

    tail.after_next_page(overtake)
    got = numbers(all_frames(Resume(hub, client, event(1).id)))

    hub.close()
    assert got == [2, 3]


def test_only_wanted_symbols_are_sent(hub, tail):
    tail.publish(event(1, "ES"), event(2, "NQ"), event(3, "ES"))
    client = hub.join(frozenset({"NQ"}))

    assert numbers(all_frames(Resume(hub, client, event(1).id))) == [2]


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ((0, 0), b"expired"),
        ((NOW_MS - WINDOW_S * 1000 - 1, 0), b"expired"),
        ((NOW_MS - WINDOW_S * 1000, 0), b"unknown"),
        ((NOW_MS, 5), b"unknown"),
        ((NOW_MS + 10**9, 0), b"unknown"),
    ],
)
def test_a_place_that_cannot_be_resumed_is_answered_by_reset_and_the_live_stream(hub, tail, place, reason):
    tail.publish(event(1), event(2))
    client = hub.join(None)

    frames = all_frames(Resume(hub, client, place))
    told = client.mailbox.take(10)
    tail.publish(event(3))

    assert frames == []
    assert reason in told
    assert numbers([client.mailbox.take(10)]) == [3]


def test_an_old_place_is_resumed_when_nothing_came_after_it(hub, tail):
    tail.publish(event(-2 * WINDOW_S * 1000))
    tail.trim(1)
    client = hub.join(None)

    all_frames(Resume(hub, client, event(-2 * WINDOW_S * 1000).id))
    tail.publish(event(1))

    assert numbers([client.mailbox.take(10)]) == [1]


def test_events_trimmed_between_two_pages_are_noticed(hub, tail):
    tail.publish(*(event(n) for n in range(2 * PAGE)))
    client = hub.join(None)
    resume = Resume(hub, client, event(0).id)

    resume.step()
    tail.trim(PAGE + 10)
    rest = all_frames(resume)

    assert rest == []
    assert b'"unknown"' in client.mailbox.take(10)


def test_a_page_that_could_not_be_read_is_read_again(hub, tail):
    tail.publish(*(event(n) for n in range(2 * PAGE)))
    client = hub.join(None)
    resume = Resume(hub, client, event(0).id)
    first = resume.step()

    tail.is_away = True
    with pytest.raises(RedisError):
        resume.step()
    tail.is_away = False

    assert numbers(first) + numbers(all_frames(resume)) == list(range(1, 2 * PAGE))


def test_it_waits_until_the_end_of_the_stream_is_known(tail):
    never_started = EventHub(tail, StreamLimits())
    tail.publish(event(1), event(2))
    client = Client(Mailbox(None, limit=8), None)

    with pytest.raises(Unavailable):
        Resume(never_started, client, event(1).id).step()


class StagedTail(FakeTail):
    """Lets a test decide what happens between two steps of others."""

    def __init__(self):
        super().__init__()
        self._may_read = threading.Event()
        self._may_read.set()
        self._then = None

    def hold(self):
        self._may_read.clear()

    def release(self):
        self._may_read.set()

    def after_next_page(self, act):
        self._then = act

    def wait_after(self, place, count):
        page = super().wait_after(place, count)
        if self._may_read.is_set():
            return page
        self._may_read.wait(10)
        return super().wait_after(place, count)

    def page_after(self, place, count, until=None):
        page = super().page_after(place, count, until)
        act, self._then = self._then, None
        if act:
            act()
        return page


def all_frames(resume):
    frames = []
    while not resume.done:
        frames += resume.step()
    return frames


def numbers(frames):
    return [int(number) for frame in frames for number in re.findall(rb"^data: (\d+)$", frame, re.MULTILINE)]


@pytest.fixture
def tail():
    return FakeTail()


@pytest.fixture
def hub(tail):
    made = EventHub(tail, StreamLimits(resume_window_s=WINDOW_S, queue_events=4096))
    yield made
    made.close()

import re
from itertools import islice

import pytest

from app.api.sse.feed import feed
from app.api.sse.hub import EventHub, StreamLimits
from tests.streams import FakeTail, event


def test_the_first_bytes_come_at_once_and_say_when_to_come_back(hub):
    first = next(feed(hub, hub.join(None), None))

    [retry_ms] = re.findall(rb"^: connected\nretry: (\d+)\n\n$", first)
    assert 3000 <= int(retry_ms) <= 5000


def test_what_is_published_after_the_first_bytes_is_not_missed(hub, tail):
    chunks = feed(hub, hub.join(None), None)
    next(chunks)

    tail.publish(event(1))

    assert next(quotes(chunks)) == 1


def test_what_was_missed_comes_before_what_comes(hub, tail):
    tail.publish(*(event(n) for n in range(10)))
    chunks = feed(hub, hub.join(None), event(3).id)
    next(chunks)

    got = next(chunks)
    tail.publish(event(10))

    assert numbers(got) == [4, 5, 6, 7, 8, 9]
    assert next(quotes(chunks)) == 10


def test_silence_is_filled_with_heartbeats(hub):
    chunks = feed(hub, hub.join(None), None)
    next(chunks)

    assert [next(chunks), next(chunks)] == [b": hb\n\n"] * 2


def test_a_client_that_resumes_while_the_bus_is_away_is_kept_awake_and_gets_all_later(hub, tail):
    tail.publish(event(1), event(2), event(3))
    tail.is_away = True
    chunks = feed(hub, hub.join(None), event(1).id)
    next(chunks)

    waiting = b"".join(next(chunks) for _ in range(3))
    tail.is_away = False

    assert b'"away"' in waiting
    assert b": hb\n\n" in waiting
    assert list(islice(quotes(chunks), 2)) == [2, 3]


def test_a_long_way_through_unwanted_events_is_not_silent(tail):
    hub = EventHub(tail, StreamLimits(heartbeat_s=0.0001))
    tail.publish(*(event(n, "ES") for n in range(1000)))
    chunks = feed(hub, hub.join(frozenset({"NQ"})), event(0).id)
    next(chunks)

    places = [next(chunks) for _ in range(3)]

    hub.close()
    assert all(chunk.startswith(b": hb\nid: ") for chunk in places)
    assert len(set(places)) == 3


def test_the_stream_ends_when_the_client_is_cut(hub):
    client = hub.join(None)
    chunks = feed(hub, client, None)
    next(chunks)

    client.cut()

    assert list(chunks) == []


def test_the_stream_ends_when_the_client_is_cut_while_it_waits_for_the_bus(hub, tail):
    tail.is_away = True
    client = hub.join(None)
    chunks = feed(hub, client, event(1).id)
    next(chunks)

    client.cut()

    assert list(chunks) == []


def quotes(chunks):
    return (number for chunk in chunks for number in numbers(chunk))


def numbers(chunk):
    return [int(number) for number in re.findall(rb"^data: (\d+)$", chunk, re.MULTILINE)]


@pytest.fixture
def tail():
    return FakeTail()


@pytest.fixture
def hub(tail):
    made = EventHub(tail, StreamLimits(heartbeat_s=0.02))
    yield made
    made.close()

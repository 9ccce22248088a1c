import re
import time

import pytest

from app.api.sse.hub import EventHub, StreamLimits
from tests.streams import FakeTail, event


def test_a_client_gets_what_comes_after_it_joined(hub, tail):
    tail.publish(event(1))
    client = hub.join(None)
    hub.go_live(client)

    tail.publish(event(2), event(3))

    assert receive(client, 2) == [2, 3]


def test_every_client_gets_every_event_that_it_wants(hub, tail):
    everything, some = hub.join(None), hub.join(frozenset({"NQ"}))
    for client in (everything, some):
        hub.go_live(client)

    tail.publish(event(1, "ES"), event(2, "NQ"))

    assert receive(everything, 2) == [1, 2]
    assert receive(some, 1) == [2]


def test_a_burst_larger_than_the_queue_is_handed_out_in_parts(tail):
    hub = EventHub(tail, StreamLimits(queue_events=8))
    client = hub.join(None)
    hub.go_live(client)

    tail.publish(*(event(n) for n in range(100)))

    try:
        assert 99 in receive(client, 1, until=99)
    finally:
        hub.close()


def test_no_more_clients_join_than_there_are_places_and_leaving_frees_one(hub):
    clients = [hub.join(None) for _ in range(3)]

    assert hub.join(None) is None
    hub.leave(clients[0])
    hub.leave(clients[0])

    assert hub.join(None) is not None
    assert hub.join(None) is None
    assert (hub.counters()["clients"], hub.counters()["refused"]) == (3, 2)


def test_figures_of_clients_that_left_are_kept(hub, tail):
    client = hub.join(None)
    hub.go_live(client)
    tail.publish(event(1))
    receive(client, 1)

    hub.leave(client)

    assert (hub.counters()["sent"], hub.counters()["clients"]) == (1, 0)


def test_clients_are_told_once_that_the_bus_is_away_and_once_that_it_is_back(hub, tail):
    client = hub.join(None)
    hub.go_live(client)
    tail.publish(event(1))
    receive(client, 1)

    tail.is_away = True
    away = client.mailbox.take(10)
    tail.is_away = False
    back = client.mailbox.take(10)
    tail.publish(event(2))

    assert (b'"away"' in away, b'"back"' in back) == (True, True)
    assert receive(client, 1) == [2]


def test_a_client_that_joins_while_the_bus_is_away_is_told_so_and_goes_live_later(hub, tail):
    tail.is_away = True
    first = hub.join(None)
    first.mailbox.take(10)

    late = hub.join(None)
    hub.go_live(late)
    told = late.mailbox.take(10)
    tail.is_away = False
    late.mailbox.take(10)
    tail.publish(event(1))

    assert b'"away"' in told
    assert receive(late, 1) == [1]


def test_events_published_while_the_bus_was_away_are_not_missed(hub, tail):
    client = hub.join(None)
    hub.go_live(client)
    tail.publish(event(1))
    receive(client, 1)

    tail.is_away = True
    client.mailbox.take(10)
    tail.publish(event(2), event(3))
    tail.is_away = False

    assert receive(client, 2) == [2, 3]


def test_all_clients_are_reset_when_the_stream_comes_back_without_what_they_know(hub, tail):
    client = hub.join(None)
    hub.go_live(client)
    tail.publish(event(1))
    receive(client, 1)

    tail.is_away = True
    client.mailbox.take(10)
    tail.lose_everything()
    tail.publish(event(7))
    tail.is_away = False
    chunk = client.mailbox.take(10)
    tail.publish(event(8))

    assert b'"restarted"' in chunk
    assert receive(client, 1) == [8]


def test_a_fault_in_the_reader_ends_nothing(tail, caplog):
    class FaultyTail(FakeTail):
        faults = 1

        def wait_after(self, place, count):
            if self.faults:
                self.faults = 0
                raise ZeroDivisionError("a fault")
            return super().wait_after(place, count)

    faulty = FaultyTail()
    hub = EventHub(faulty, StreamLimits())
    client = hub.join(None)
    hub.go_live(client)
    faulty.publish(event(1))

    try:
        assert receive(client, 1) == [1]
        assert "a fault" in caplog.text
    finally:
        hub.close()


def test_without_clients_the_reader_idles_and_the_next_client_starts_at_the_end(hub, tail):
    client = hub.join(None)
    hub.go_live(client)
    hub.leave(client)
    _eventually(lambda: hub.counters()["bus"] == "idle")
    tail.publish(event(1))

    again = hub.join(None)
    hub.go_live(again)
    tail.publish(event(2))

    assert receive(again, 1) == [2]


def test_closing_ends_every_client_and_admits_none(hub):
    client = hub.join(None)

    hub.close()

    assert client.mailbox.take(10) is None
    assert hub.join(None) is None


def receive(client, count, until=None):
    """Numbers of the next events, at least `count` of them, or up to and with `until`."""
    got = []
    while len(got) < count or (until is not None and until not in got):
        chunk = client.mailbox.take(10)
        assert chunk is not None
        assert not chunk.startswith(b": hb"), f"nothing came after {got}"
        got += [int(number) for number in re.findall(rb"^data: (\d+)$", chunk, re.MULTILINE)]
    return got


@pytest.fixture
def tail():
    return FakeTail()


@pytest.fixture
def hub(tail):
    made = EventHub(tail, StreamLimits(clients=3))
    yield made
    made.close()


def _eventually(condition, deadline_s=10):
    end = time.monotonic() + deadline_s
    while not condition() and time.monotonic() < end:
        time.sleep(0.005)
    assert condition()

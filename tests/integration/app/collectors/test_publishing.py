from threading import Event, Thread

import pytest

from app.bus import keys
from app.bus.connection import connect
from app.bus.leases import acquire
from app.collectors.publishing import SourcePublisher
from app.errors import Conflict, Rejected, Unavailable
from tests.factories import quote, quotes
from tests.proxy import relayed

LEASE, EPOCH = keys.lease("REPLAY"), keys.epoch("REPLAY")


@pytest.fixture
def publisher(bus):
    return SourcePublisher(bus, "REPLAY")


def seqs(client):
    return [int(fields["seq"]) for _, fields in client.xrange(keys.STREAM)]


def test_a_source_is_held_by_one(bus, publisher):
    with pytest.raises(Conflict, match=f"{LEASE} is held by process"):
        SourcePublisher(bus, "REPLAY")
    SourcePublisher(bus, "SIMULATED")


def test_a_source_that_was_released_is_free(bus, publisher):
    publisher.release()

    assert SourcePublisher(bus, "REPLAY").token > publisher.token


def test_numbers_grow_also_over_a_restart(bus, publisher):
    first = [publisher.next_seq() for _ in range(3)]
    publisher.release()
    second = SourcePublisher(bus, "REPLAY").next_seq()

    assert first == sorted(set(first))
    assert second > first[-1]


def test_publishing_keeps_the_lease(bus):
    publisher = SourcePublisher(bus, "REPLAY", renew_every_s=0)
    bus.pexpire(LEASE, 1_000)

    publisher.publish([])

    assert bus.pttl(LEASE) > 5_000


@pytest.mark.parametrize("batch", [quotes(2), []], ids=["quotes", "nothing"])
def test_a_lease_that_expired_unused_is_taken_again(bus, batch):
    publisher = SourcePublisher(bus, "REPLAY", renew_every_s=0)
    token = publisher.token
    bus.delete(LEASE)

    publisher.publish(batch)

    assert publisher.token > token
    assert seqs(bus) == [published.seq for published in batch]


def test_a_lease_that_expired_between_two_renewals_is_taken_again(bus, publisher):
    bus.delete(LEASE)

    publisher.publish(quotes(2))

    assert seqs(bus) == [1, 2]


def test_nothing_is_published_once_another_process_has_the_source(bus, publisher):
    bus.delete(LEASE)
    acquire(bus, LEASE, EPOCH)

    with pytest.raises(Conflict, match="is held by process"):
        publisher.publish(quotes(2))

    assert seqs(bus) == []


def test_a_malformed_quote_is_rejected_at_once(publisher):
    with pytest.raises(Rejected):
        publisher.publish_patiently([quote(symbol="es")], Event())


def test_publishing_waits_while_the_stream_is_full(bus):
    publisher = SourcePublisher(bus, "REPLAY", cap=3)
    publisher.publish(quotes(3))
    waiting = Thread(target=publisher.publish_patiently, args=(quotes(2, first_seq=4), Event()))
    waiting.start()

    bus.xtrim(keys.STREAM, maxlen=0, approximate=False)
    waiting.join(20)

    assert seqs(bus) == [4, 5]


def test_publishing_waits_while_the_bus_is_away(bus, redis_url):
    with relayed(redis_url) as relay, connect(relay.url, socket_timeout_s=0.2) as client:
        publisher = SourcePublisher(client, "REPLAY")
        relay.swallow()

        with pytest.raises(Unavailable, match="Redis is away"):
            publisher.publish(quotes(1))
        waiting = Thread(target=publisher.publish_patiently, args=(quotes(1, first_seq=2), Event()))
        waiting.start()

        relay.restore()
        relay.cut()
        waiting.join(20)

    assert seqs(bus)[-1] == 2


def test_a_stop_ends_the_waiting(bus):
    publisher = SourcePublisher(bus, "REPLAY", cap=3)
    publisher.publish(quotes(3))
    stop = Event()
    stop.set()

    assert not publisher.publish_patiently(quotes(1, first_seq=4), stop)
    assert seqs(bus) == [1, 2, 3]

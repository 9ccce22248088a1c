from threading import Event, Thread

import pytest

from app.bus import keys
from app.bus.connection import connect, without_retries
from app.bus.leases import acquire
from app.bus.published import read_published
from app.collectors.publishing import SourcePublisher
from app.errors import Conflict, Rejected, Unavailable
from app.quotes import seq_of
from tests.factories import quote, quotes
from tests.proxy import relayed
from tests.waiting import until

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


def test_numbers_begin_at_one_under_each_token(bus, publisher):
    before = [publisher.next_seq() for _ in range(3)]
    publisher.publish(quotes(1))
    first = publisher.token
    bus.flushdb()

    publisher.publish(quotes(1))
    after = [publisher.next_seq() for _ in range(2)]

    assert before == [seq_of(first, number) for number in (1, 2, 3)]
    assert publisher.token > first
    assert after == [seq_of(publisher.token, number) for number in (1, 2)]


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


def test_lists_are_published_in_order_and_told_when_they_are_in_the_stream(bus, publisher):
    told = []
    lists = [quotes(2), [], quotes(1, first_seq=3), quotes(3, first_seq=4)]

    for count in publisher.publish_all(lists, Event()):
        told.append(count)
        assert len(seqs(bus)) >= sum(told)

    assert told == [2, 1, 3]
    assert seqs(bus) == [1, 2, 3, 4, 5, 6]


def test_one_list_is_on_its_way_while_the_next_is_made(bus, publisher):
    seen = []

    def lists():
        yield quotes(1)
        until(lambda: seqs(bus) == [1])
        seen.append("published before its answer was awaited")
        yield quotes(1, first_seq=2)

    assert list(publisher.publish_all(lists(), Event())) == [1, 1]
    assert seen


@pytest.mark.parametrize("lost", [1, 2, 5])
def test_lists_whose_answers_get_lost_are_published_once(bus, redis_url, lost):
    with relayed(redis_url) as relay, connect(relay.url) as client:
        publisher = SourcePublisher(client, "REPLAY")
        relay.lose_answers(keys.STREAM.encode(), lost, share=0.7)

        told = list(publisher.publish_all([quotes(10, first_seq=first) for first in range(0, 200, 10)], Event()))

    assert sum(told) == 200
    assert seqs(bus) == list(range(200))
    assert relay.lost_answers == lost


def test_lists_survive_a_flush_between_them(bus, publisher):
    def lists():
        yield quotes(1)
        until(lambda: seqs(bus) == [1])
        bus.flushdb()
        yield quotes(1, first_seq=2)
        yield quotes(1, first_seq=3)

    assert sum(publisher.publish_all(lists(), Event())) == 3
    assert seqs(bus) == [2, 3]
    assert sorted(read_published(bus).values()) == [1, 2]


def test_an_end_in_the_middle_leaves_the_publisher_usable(bus, publisher):
    for _count in publisher.publish_all([quotes(1), quotes(1, first_seq=2), quotes(1, first_seq=3)], Event()):
        break

    publisher.publish(quotes(1, first_seq=9))

    assert seqs(bus)[-1] == 9


def test_lists_end_when_another_process_takes_the_source(bus, publisher):
    def lists():
        yield quotes(1)
        bus.delete(LEASE)
        acquire(bus, LEASE, EPOCH)
        yield quotes(1, first_seq=2)

    with pytest.raises(Conflict, match="is held by process"):
        list(publisher.publish_all(lists(), Event()))

    assert seqs(bus) == [1]


def test_a_lease_whose_answer_got_lost_is_found_again(bus, redis_url):
    with relayed(redis_url) as relay, connect(relay.url) as client:
        publisher = SourcePublisher(without_retries(client), "REPLAY")
        token = publisher.token
        bus.delete(LEASE)
        relay.lose_answers(EPOCH.encode(), 2)
        for _ in range(2):
            with pytest.raises(Unavailable):
                publisher.publish(quotes(1))

        publisher.publish(quotes(1))

    assert publisher.token > token
    assert seqs(bus) == [1]

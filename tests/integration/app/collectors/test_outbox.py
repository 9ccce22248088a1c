from collections import Counter

import pytest

from app.bus import keys
from app.bus.connection import connect, without_retries
from app.bus.encoding import encode
from app.bus.leases import acquire
from app.bus.published import read_published
from app.collectors.outbox import Outbox
from app.collectors.publishing import SourcePublisher
from app.errors import Conflict, Rejected, Unavailable
from tests.factories import DAY, quote, quotes
from tests.proxy import relayed
from tests.waiting import until

SOURCE = "SIMULATED"


def some(count, first_seq=1):
    return quotes(count, first_seq=first_seq, source=SOURCE)


def seqs(bus):
    return [int(fields["seq"]) for _, fields in bus.xrange(keys.STREAM)]


@pytest.fixture
def network(redis_url):
    with relayed(redis_url) as relay:
        yield relay


@pytest.fixture
def outbox_of(bus, network, spool):
    """Makes the outbox of a publisher behind the network."""
    with connect(network.url, socket_timeout_s=0.3) as client:

        def make(cap=1_000_000, kept_in=spool):
            return Outbox(SourcePublisher(without_retries(client), SOURCE, cap=cap), kept_in)

        yield make


@pytest.fixture
def outbox(outbox_of):
    return outbox_of()


def put_until_published(outbox, bus, expected):
    """Put nothing again and again, as a quiet feed does, until so many are in the stream."""

    def arrived():
        outbox.put([])
        return len(seqs(bus)) >= expected and not outbox.is_spooling()

    until(arrived)


def test_quotes_go_straight_to_the_bus(bus, outbox, spool):
    outbox.put(some(2))
    outbox.put([])
    outbox.put(some(1, first_seq=3))

    assert seqs(bus) == [1, 2, 3]
    assert spool.is_empty
    assert outbox.published == 3


def test_while_the_bus_swallows_everything_quotes_are_kept_and_come_later_in_order(bus, outbox, network, spool):
    outbox.put(some(2))
    network.swallow()
    for first in range(3, 103, 2):
        outbox.put(some(2, first_seq=first))
    assert spool.size == 100
    assert "Redis is away" in outbox.last_error
    assert not outbox.is_reachable

    network.restore()
    put_until_published(outbox, bus, 102)

    assert seqs(bus) == list(range(1, 103))
    assert outbox.published == 102
    assert outbox.is_reachable


def test_a_bus_that_swallows_everything_is_asked_seldom(outbox, network):
    outbox.put(some(1))
    network.swallow()

    for seq in range(2, 202):
        outbox.put(some(1, first_seq=seq))
    asked = network.round_trips

    assert asked < 20


def test_a_batch_that_was_cut_off_is_published_once(bus, outbox, network):
    outbox.put(some(1))
    network.lose_answers(keys.STREAM.encode(), 3)

    outbox.put(some(2, first_seq=2))
    outbox.put(some(2, first_seq=4))
    put_until_published(outbox, bus, 5)

    assert seqs(bus) == [1, 2, 3, 4, 5]
    assert network.lost_answers == 3


def test_a_full_stream_fills_the_spool(bus, outbox_of, spool):
    outbox = outbox_of(cap=3)
    outbox.put(some(3))

    outbox.put(some(2, first_seq=4))

    assert (seqs(bus), spool.size, outbox.is_reachable) == ([1, 2, 3], 2, True)
    assert "the quote stream is full" in outbox.last_error

    bus.xtrim(keys.STREAM, maxlen=0, approximate=False)
    put_until_published(outbox, bus, 2)

    assert seqs(bus) == [4, 5]


def test_what_an_earlier_process_left_comes_before_new_quotes(bus, outbox_of, network, open_spool):
    first = outbox_of()
    network.swallow()
    first.put(some(2))
    network.restore()
    network.cut()
    bus.delete(keys.lease(SOURCE))

    outbox_of(kept_in=open_spool()).put(some(2, first_seq=3))

    until(lambda: len(seqs(bus)) >= 4)
    assert list(dict.fromkeys(seqs(bus))) == [1, 2, 3, 4]


def test_more_than_one_batch_is_drained_at_a_time_and_the_feed_goes_on_meanwhile(bus, outbox, network, spool):
    network.swallow()
    for first in range(0, 5_000, 250):
        outbox.put(some(250, first_seq=first))
    network.restore()

    for first in range(5_000, 6_000, 250):
        outbox.put(some(250, first_seq=first))
    put_until_published(outbox, bus, 6_000)

    assert seqs(bus) == list(range(6_000))


def test_what_was_dropped_is_told_once_when_the_bus_is_back(bus, outbox_of, network, open_spool):
    outbox = outbox_of(kept_in=open_spool(max_bytes=1))
    outbox.put(some(1))
    network.swallow()
    outbox.put(some(1, first_seq=30))
    for seq in (2, 3):
        outbox.put([quote(seq=seq, source=SOURCE), quote(seq=seq + 10, source=SOURCE, symbol="NQ")])
    network.restore()

    until(lambda: outbox.put([]) or bus.xlen(keys.LOSSES) >= 2)
    outbox.put(some(1, first_seq=20))

    told = Counter({fields["symbol"]: int(fields["count"]) for _, fields in bus.xrange(keys.LOSSES)})
    assert told == {"ES": 2, "NQ": 2}
    assert seqs(bus) == [1, 30, 20]
    assert sum(read_published(bus).values()) == len(seqs(bus)) + 4


def test_a_batch_whose_answer_got_lost_is_no_loss_also_where_the_spool_has_no_room(bus, outbox_of, network, open_spool):
    full = open_spool(max_bytes=1)
    outbox = outbox_of(kept_in=full)
    outbox.put(some(1))
    network.lose_answers(keys.STREAM.encode(), 3)

    outbox.put(some(5, first_seq=2))
    assert outbox.is_spooling()
    put_until_published(outbox, bus, 6)

    assert network.lost_answers == 3
    assert seqs(bus) == [1, 2, 3, 4, 5, 6]
    assert (sum(read_published(bus).values()), full.dropped, bus.xlen(keys.LOSSES)) == (6, 0, 0)
    assert outbox.published == 6


def test_what_waits_in_memory_is_dropped_and_counted_when_it_ends(outbox_of, network, open_spool):
    full = open_spool(max_bytes=1)
    outbox = outbox_of(kept_in=full)
    network.swallow()
    outbox.put(some(5))
    outbox.put(some(2, first_seq=6))
    before = full.dropped

    outbox.close()
    outbox.close()

    assert (before, full.dropped) == (2, 7)


def test_what_waits_in_memory_goes_to_disk_when_there_is_room_at_the_end(outbox_of, network, open_spool):
    spool = open_spool(max_bytes=1)
    outbox = outbox_of(kept_in=spool)
    network.swallow()
    outbox.put(some(5))
    spool._max_bytes = 8 << 20

    outbox.close()

    assert (spool.size, spool.dropped) == (5, 0)


def test_what_a_damaged_spool_lost_is_told_when_the_bus_is_back(bus, outbox, network, spool):
    outbox.put(some(1))
    network.swallow()
    for first in (2, 7):
        outbox.put([*some(3, first_seq=first), *quotes(2, first_seq=first + 3, source=SOURCE, symbol="NQ")])
    spool._on_file(lambda file: file.execute("UPDATE batches SET events = 'x'"))
    network.restore()

    put_until_published(outbox, bus, 6)

    told = {fields["symbol"]: (fields["count"], fields["cause"]) for _, fields in bus.xrange(keys.LOSSES)}
    assert told == {"ES": ("3", "damaged spool"), "NQ": ("2", "damaged spool")}
    assert seqs(bus) == [1, 2, 3, 4, 5, 6]
    assert sum(read_published(bus).values()) == 11


def test_what_was_lost_to_damage_is_told_also_after_everything_else_was(bus, outbox_of, open_spool):
    outbox = outbox_of(kept_in=open_spool())
    outbox.put(some(1))
    another = open_spool()
    another.append(encode(some(4, first_seq=2)).events)
    another._on_file(lambda file: file.execute("UPDATE batches SET events = 'x'"))

    assert outbox.is_spooling()
    outbox.put([])

    assert [fields["count"] for _, fields in bus.xrange(keys.LOSSES)] == ["4"]


def test_nothing_is_told_twice_when_the_answer_is_lost(bus, outbox_of, network, open_spool):
    full = open_spool(max_bytes=1)
    full.drop([["symbol", "ES", "source", SOURCE, "seq", "1", "ts", "", "recv_ts", "", "session_date", str(DAY)]])
    outbox = outbox_of(kept_in=full)
    network.lose_answers(keys.LOSSES.encode(), 2)

    until(lambda: outbox.put([]) or not full.drops())

    assert bus.xlen(keys.LOSSES) == 1
    assert network.lost_answers == 2


def test_another_holder_ends_it_and_the_quotes_stay_on_disk(bus, outbox, spool):
    outbox.put(some(1))
    bus.delete(keys.lease(SOURCE))
    acquire(bus, keys.lease(SOURCE), keys.epoch(SOURCE))

    with pytest.raises(Conflict, match="is held by"):
        outbox.put(some(2, first_seq=2))

    assert seqs(bus) == [1]
    assert [event[5] for event in spool.oldest(10).events] == ["2", "3"]


def test_a_lease_that_was_lost_to_a_flush_is_taken_again(bus, outbox):
    outbox.put(some(1))
    bus.flushdb()

    outbox.put(some(2, first_seq=2))

    assert seqs(bus) == [2, 3]
    assert sorted(read_published(bus).values()) == [1, 2]


def test_counts_that_a_flush_took_come_back_while_the_feed_is_quiet(bus, spool):
    outbox = Outbox(SourcePublisher(bus, SOURCE, renew_every_s=0), spool)
    outbox.put(some(3))
    bus.flushdb()

    outbox.put([])

    assert list(read_published(bus).values()) == [3]


def test_a_spool_that_cannot_be_used_is_no_obstacle_while_the_bus_is_there(bus, outbox, spool):
    outbox.put(some(1))
    spool.close()

    outbox.put(some(1, first_seq=2))

    assert seqs(bus) == [1, 2]
    assert spool.damaged == 0
    with pytest.raises(Unavailable, match="cannot be used"):
        outbox.is_spooling()


def test_what_finds_neither_bus_nor_spool_is_counted(outbox, network, spool):
    network.swallow()
    break_file(spool)

    outbox.put(some(2_000))
    outbox.put(some(2_000, first_seq=2_001))

    assert spool.dropped == 2_000
    assert "Redis is away" in outbox.last_error

    outbox.close()

    assert (spool.size, spool.dropped) == (0, 4_000)


def break_file(spool):
    """Leave the file no room to grow, as a full disk does."""
    spool._on_file(lambda file: file.execute("PRAGMA max_page_count = 1").fetchall())


def test_a_malformed_quote_is_rejected(bus, outbox):
    with pytest.raises(Rejected):
        outbox.put([quote(source=SOURCE, symbol="es")])

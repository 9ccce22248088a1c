from datetime import timedelta
from decimal import Decimal

import pytest

from app.bus import keys
from app.bus.connection import connect
from app.bus.encoding import encode
from app.bus.latest import read_latest
from app.bus.leases import Lease, acquire
from app.bus.published import read_published
from app.bus.stream import QuotePublisher, StreamState, stream_state
from app.errors import Conflict, Rejected, Unavailable
from app.local.ports import free_port
from app.quotes import to_fields
from tests.counting import counting_afresh, scraped
from tests.factories import DAY, MOMENT, quote, quotes
from tests.proxy import relayed
from tests.waiting import until


def entries(client):
    return [fields for _, fields in client.xrange(keys.STREAM)]


def fields_of(published):
    flat = to_fields(published)
    return dict(zip(flat[::2], flat[1::2], strict=True))


def everything(client):
    kept = {key: client.dump(key) for key in client.keys("quotes:*")}
    return kept, client.xinfo_stream(keys.STREAM)["last-generated-id"] if client.exists(keys.STREAM) else None


def latest_seq(client, symbol="ES"):
    return client.hget(keys.latest(symbol), "seq")


def test_a_batch_is_appended_in_order_and_word_for_word(bus, publisher):
    batch = [quote(seq=1), quote(symbol="NQ", seq=2, bid=None), quote(seq=3, last=Decimal("-1.5"))]

    publisher.publish(batch)

    assert entries(bus) == [fields_of(published) for published in batch]


def test_the_newest_quote_of_each_symbol_is_kept_with_its_place_in_the_stream(bus, publisher):
    publisher.publish([quote(seq=1), quote(symbol="NQ", seq=2), quote(seq=3, last=None)])

    ids = [entry_id for entry_id, _ in bus.xrange(keys.STREAM)]
    assert read_latest(bus, ["NQ", "ES", "GC"]) == {
        "NQ": {"stream_id": ids[1], **fields_of(quote(symbol="NQ", seq=2))},
        "ES": {"stream_id": ids[2], **fields_of(quote(seq=3, last=None))},
    }


def test_a_batch_takes_one_round_trip(bus, redis_url):
    with relayed(redis_url) as relay, connect(relay.url) as client:
        publisher = QuotePublisher(client, acquire(bus, keys.lease("REPLAY"), keys.epoch("REPLAY")))
        publisher.publish(quotes(1))  # Tells the server the script, once.
        before = relay.round_trips

        publisher.publish([quote(symbol=symbol, seq=seq) for seq in range(2, 300) for symbol in ("ES", "NQ", "GC")])

        assert relay.round_trips - before == 1


def test_an_older_event_never_takes_the_place_of_a_newer_one(bus, publisher):
    publisher.publish([quote(seq=5, ts=MOMENT)])

    publisher.publish([quote(seq=9, ts=MOMENT - timedelta(microseconds=1))])

    assert (latest_seq(bus), len(entries(bus))) == ("5", 2)


def test_within_a_batch_too_the_newest_event_counts(bus, publisher):
    later = MOMENT + timedelta(seconds=1)

    publisher.publish([quote(seq=1, ts=later), quote(seq=2), quote(seq=3)])

    assert latest_seq(bus) == "1"


@pytest.mark.parametrize(
    ("first", "second", "newest"),
    [
        (9, 10, 10),
        (10, 9, 10),
        (10**18 - 1, 10**18, 10**18),
        (10**18, 10**18 - 1, 10**18),
        (2**63 - 2, 2**63 - 1, 2**63 - 1),
        (2**63 - 1, 2**63 - 2, 2**63 - 1),
    ],
)
def test_of_events_at_the_same_time_the_one_with_the_higher_number_is_newer(bus, publisher, first, second, newest):
    publisher.publish([quote(seq=first)])
    publisher.publish([quote(seq=second)])

    assert latest_seq(bus) == str(newest)


def test_the_newest_quote_holds_nothing_of_the_one_before(bus, publisher):
    publisher.publish([quote(seq=1, open=Decimal(5))])

    publisher.publish([quote(seq=2, open=None)])

    assert "open" not in bus.hgetall(keys.latest("ES"))


def test_nothing_is_published_under_a_lease_that_has_passed_on(bus, publisher):
    publisher.publish(quotes(1))
    bus.delete(keys.lease("REPLAY"))
    acquire(bus, keys.lease("REPLAY"), keys.epoch("REPLAY"))
    before = everything(bus)

    with pytest.raises(Conflict, match="nothing was published"):
        publisher.publish(quotes(2, first_seq=2))

    assert everything(bus) == before


def test_nothing_is_published_under_a_lease_that_has_expired(bus, publisher):
    bus.delete(keys.lease("REPLAY"))

    with pytest.raises(Conflict, match="nothing was published"):
        publisher.publish(quotes(1))

    assert not bus.exists(keys.STREAM)


def test_nothing_is_published_to_a_full_stream(bus):
    lease = acquire(bus, keys.lease("REPLAY"), keys.epoch("REPLAY"))
    publisher = QuotePublisher(bus, lease, cap=3)
    publisher.publish(quotes(3))
    before = everything(bus)

    with pytest.raises(Unavailable, match="the quote stream is full: ingest is behind, or nobody trims"):
        publisher.publish(quotes(1, first_seq=4))

    assert everything(bus) == before


def test_a_server_without_memory_says_so(private_redis):
    publisher = QuotePublisher(private_redis, acquire(private_redis, keys.lease("REPLAY"), keys.epoch("REPLAY")))
    private_redis.config_set("maxmemory", 1)

    with pytest.raises(Unavailable, match="Redis has no memory left"):
        publisher.publish(quotes(1))


@pytest.mark.parametrize(
    "bad", [{"last": Decimal("NaN")}, {"symbol": "es"}, {"ts": MOMENT.replace(tzinfo=None)}, {"volume": -1}], ids=str
)
def test_nothing_is_published_of_a_batch_with_a_malformed_quote(bus, publisher, bad):
    publisher.publish(quotes(1))
    before = everything(bus)

    with pytest.raises(Rejected):
        publisher.publish([quote(seq=2), quote(seq=3, **bad)])

    assert everything(bus) == before


def test_nothing_is_published_where_the_newest_quote_cannot_be_kept(bus, publisher):
    publisher.publish(quotes(1))
    bus.set(keys.latest("NQ"), "no hash")
    before = everything(bus)

    with pytest.raises(Unavailable, match="WRONGTYPE"):
        publisher.publish([quote(seq=2), quote(symbol="NQ", seq=3)])

    assert everything(bus) == before


def test_nothing_is_published_where_the_stream_is_something_else(bus, publisher):
    bus.set(keys.STREAM, "no stream")

    with pytest.raises(Unavailable, match="WRONGTYPE"):
        publisher.publish(quotes(1))

    assert bus.keys("quotes:*") == [keys.STREAM]


def test_an_empty_batch_is_nothing(bus, publisher):
    publisher.publish([])

    assert not bus.exists(keys.STREAM)


def test_a_batch_whose_answer_got_lost_is_published_once(bus, redis_url):
    with relayed(redis_url) as relay, connect(relay.url) as client:
        publisher = QuotePublisher(client, acquire(client, keys.lease("REPLAY"), keys.epoch("REPLAY")))
        publisher.publish(quotes(1))
        relay.lose_next_answer()

        publisher.publish(quotes(2, first_seq=2))

    assert [fields["seq"] for fields in entries(bus)] == ["1", "2", "3"]
    assert latest_seq(bus) == "3"


def test_a_batch_that_was_cut_off_twice_is_published_once(bus, redis_url):
    with relayed(redis_url) as relay, connect(relay.url) as client:
        publisher = QuotePublisher(client, acquire(client, keys.lease("REPLAY"), keys.epoch("REPLAY")))
        relay.lose_next_answer()
        publisher.send(encode(quotes(2)))
        until(lambda: len(entries(bus)) == 2)
        relay.close()
        with pytest.raises(Unavailable, match="Redis is away"):
            publisher.settle()

    reconnected(publisher, bus).publish(quotes(2))

    assert [fields["seq"] for fields in entries(bus)] == ["1", "2"]


def test_a_batch_whose_answer_is_overdue_is_published_once(bus, redis_url):
    with relayed(redis_url) as relay, connect(relay.url, socket_timeout_s=0.3) as client:
        publisher = QuotePublisher(client, acquire(client, keys.lease("REPLAY"), keys.epoch("REPLAY")))
        publisher.publish(quotes(1))
        relay.swallow()
        with pytest.raises(Unavailable, match="Redis is away"):
            publisher.publish(quotes(2, first_seq=2))
        relay.restore()
        until(lambda: len(entries(bus)) == 3)

        publisher.publish(quotes(2, first_seq=2))

    assert [fields["seq"] for fields in entries(bus)] == ["1", "2", "3"]


def test_other_quotes_after_an_overdue_batch_are_published_whatever_came_of_it(bus, publisher):
    publisher.send(encode(quotes(2)))
    publisher.abandon()

    publisher.publish(quotes(1, first_seq=3))
    publisher.publish(quotes(2))

    assert [fields["seq"] for fields in entries(bus)][-3:] == ["3", "1", "2"]


def test_the_same_quotes_may_be_published_again_once_they_were_answered(bus, publisher):
    publisher.publish(quotes(1))
    publisher.publish(quotes(1))

    assert len(entries(bus)) == 2


def test_two_publishers_of_a_lease_do_not_take_each_other_for_the_same(bus):
    lease = acquire(bus, keys.lease("REPLAY"), keys.epoch("REPLAY"))
    first, second = QuotePublisher(bus, lease), QuotePublisher(bus, lease)

    first.publish(quotes(1))
    second.publish(quotes(1, first_seq=2))
    first.publish(quotes(1, first_seq=3))

    assert [fields["seq"] for fields in entries(bus)] == ["1", "2", "3"]
    assert read_published(bus) == {("REPLAY", lease.token, "ES", DAY): 3}


def test_a_full_stream_is_no_obstacle_to_learning_that_a_batch_is_in_it(bus, redis_url):
    lease = acquire(bus, keys.lease("REPLAY"), keys.epoch("REPLAY"))
    publisher = QuotePublisher(bus, lease, cap=2)
    publisher.send(encode(quotes(2)))
    until(lambda: len(entries(bus)) == 2)
    publisher.abandon()

    publisher.publish(quotes(2))

    assert len(entries(bus)) == 2


@pytest.fixture
def taken_over(bus):
    """Publishes a batch whose answer is not waited for; then the lease is another's: the publisher of its token."""

    def take(flush=False):  # The publisher between them never sent anything.
        first = QuotePublisher(bus, acquire(bus, keys.lease("REPLAY"), keys.epoch("REPLAY")))
        first.publish(quotes(3))
        first.send(encode(quotes(2, first_seq=4)))
        until(lambda: len(entries(bus)) == 5)
        first.abandon()
        if flush:
            bus.flushdb()
        else:
            bus.delete(keys.lease("REPLAY"))
        lease = acquire(bus, keys.lease("REPLAY"), keys.epoch("REPLAY"), above=first._lease.token)
        return QuotePublisher(bus, lease, before=QuotePublisher(bus, lease, before=first))

    return take


def test_a_batch_that_was_taken_under_the_token_before_is_not_published_again(bus, taken_over):
    publisher = taken_over()

    publisher.publish(quotes(2, first_seq=4))
    publisher.publish(quotes(1, first_seq=6))

    assert [fields["seq"] for fields in entries(bus)] == ["1", "2", "3", "4", "5", "6"]
    assert sorted(read_published(bus).values()) == [1, 5]


def test_a_batch_that_was_taken_and_is_refused_when_asked_for_again_is_still_known(bus, redis_url):
    with relayed(redis_url) as relay, connect(relay.url) as client:
        first = QuotePublisher(client, acquire(client, keys.lease("REPLAY"), keys.epoch("REPLAY")))
        relay.lose_next_answer()
        first.send(encode(quotes(2)))
        until(lambda: len(entries(bus)) == 2)
        bus.delete(keys.lease("REPLAY"))
        with pytest.raises(Conflict):
            first.settle()
    after = QuotePublisher(bus, acquire(bus, keys.lease("REPLAY"), keys.epoch("REPLAY")), before=first)

    after.publish(quotes(2))

    assert [fields["seq"] for fields in entries(bus)] == ["1", "2"]


@pytest.mark.parametrize("symbols", [500, 9_000])
def test_a_batch_may_have_any_number_of_symbols(bus, publisher, symbols):
    many = [quote(symbol=f"S{number}", seq=number + 1) for number in range(symbols)]

    for _ in range(2):
        publisher.publish(many)

    counts = read_published(bus)
    assert (len(entries(bus)), len(counts), set(counts.values())) == (2 * symbols, symbols, {2})


def test_a_batch_that_a_flush_took_is_published_again_and_the_counts_before_come_back(bus, taken_over):
    publisher = taken_over(flush=True)

    publisher.publish(quotes(2, first_seq=4))

    assert [fields["seq"] for fields in entries(bus)] == ["4", "5"]
    assert sorted(read_published(bus).values()) == [2, 3]


def test_nothing_is_published_of_a_batch_of_several_sources(bus, publisher):
    with pytest.raises(Rejected, match="exactly one source"):
        publisher.publish([quote(seq=1), quote(seq=2, source="EXCEL")])

    assert not bus.exists(keys.STREAM)


def reconnected(publisher, client):
    publisher._client = client
    return publisher


def test_a_server_that_is_away_is_unavailable():
    with connect(f"redis://127.0.0.1:{free_port()}/0") as client:
        publisher = QuotePublisher(client, Lease(keys.lease("REPLAY"), 1))

        with pytest.raises(Unavailable, match="Redis is away"):
            publisher.publish(quotes(1))


def test_the_script_is_told_again_to_a_server_that_forgot_it(bus, publisher):
    publisher.publish(quotes(1))
    bus.script_flush()

    publisher.publish(quotes(1, first_seq=2))

    assert len(entries(bus)) == 2


def test_the_state_of_the_stream_counts_also_what_was_trimmed(bus, publisher):
    assert stream_state(bus) == StreamState(0, 0, "0-0", None)
    publisher.publish(quotes(5))
    bus.xtrim(keys.STREAM, maxlen=2, approximate=False)

    first, last = (entry_id for entry_id, _ in bus.xrange(keys.STREAM))
    assert stream_state(bus) == StreamState(2, 5, last, first)


def test_of_an_emptied_stream_there_is_a_newest_id_and_no_oldest(bus, publisher):
    publisher.publish(quotes(2))
    [_, (last, _)] = bus.xrange(keys.STREAM)
    bus.xtrim(keys.STREAM, maxlen=0, approximate=False)

    assert stream_state(bus) == StreamState(0, 2, last, None)


def test_the_state_is_the_same_for_every_client_whatever_bytes_the_entries_hold(bus, raw_bus):
    first, last = (bus.xadd(keys.STREAM, {b"\xff": b"E\xc3\x28"}) for _ in range(2))

    assert stream_state(bus) == stream_state(raw_bus) == StreamState(2, 2, last, first)


def test_what_the_bus_took_is_counted_once_for_each_batch(bus, publisher):
    with counting_afresh():
        publisher.publish(quotes(3))
        publisher.publish(quotes(2, first_seq=4))
        told = scraped()

    assert told["thor_publish_events_total", ("REPLAY",)] == 5
    assert told["thor_publish_duration_seconds_count", ("REPLAY",)] == 2
    assert told["thor_publish_duration_seconds_sum", ("REPLAY",)] > 0


def test_what_the_bus_did_not_take_is_counted_by_its_reason(bus, publisher):
    lease = acquire(bus, keys.lease("EXCEL"), keys.epoch("EXCEL"))
    full = QuotePublisher(bus, lease, cap=1)
    nowhere = QuotePublisher(connect(f"redis://127.0.0.1:{free_port()}/0"), Lease(keys.lease("SCHWAB"), 1))
    publisher.publish(quotes(1))
    bus.delete(keys.lease("REPLAY"))

    with counting_afresh():
        for refused in (publisher, full, nowhere):
            with pytest.raises((Conflict, Unavailable)):
                refused.publish([quote(seq=2)])
        told = scraped()

    assert told == {
        ("thor_publish_refused_total", ("fenced", "REPLAY")): 1,
        ("thor_publish_refused_total", ("full", "EXCEL")): 1,
        ("thor_publish_refused_total", ("away", "SCHWAB")): 1,
    }


def test_a_server_that_forgot_the_last_batches_has_their_counts_again_with_the_next(bus, publisher):
    publisher.publish(quotes(2))
    kept = {key: bus.dump(key) for key in bus.keys("*")}
    publisher.publish(quotes(3, first_seq=3))
    for key, value in kept.items():
        bus.restore(key, 0, value, replace=True)

    publisher.publish(quotes(1, first_seq=6))

    assert [int(fields["seq"]) for fields in entries(bus)] == [1, 2, 6]
    assert sum(read_published(bus).values()) == 6

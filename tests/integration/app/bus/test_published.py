from datetime import date, timedelta

import pytest

from app.bus import keys
from app.bus.leases import acquire
from app.bus.published import (
    forget_published,
    last_batch,
    number_name,
    raise_published,
    read_published,
    read_publishing,
)
from app.bus.stream import QuotePublisher
from tests.factories import DAY, quote, quotes

TOMORROW = DAY + timedelta(days=1)
SOURCE = "REPLAY"


def hold(bus, source=SOURCE, after=None):
    bus.delete(keys.lease(source))
    return acquire(bus, keys.lease(source), keys.epoch(source))


def live(lease, counter, **parts):
    return quote(source="EXCEL", seq=(lease.token << 32) + counter, **parts)


@pytest.fixture
def lease(bus):
    return hold(bus)


@pytest.fixture
def publisher(bus, lease):
    return QuotePublisher(bus, lease)


def test_nothing_is_counted_before_the_first_quote(bus):
    assert read_published(bus) == {}


def test_events_are_counted_by_source_token_symbol_and_trading_day(bus, lease, publisher):
    publisher.publish([quote(seq=1), quote(seq=2, symbol="NQ"), quote(seq=3)])
    publisher.publish([quote(seq=4), quote(seq=5, session_date=TOMORROW)])

    assert read_published(bus) == {
        (SOURCE, lease.token, "ES", DAY): 3,
        (SOURCE, lease.token, "NQ", DAY): 1,
        (SOURCE, lease.token, "ES", TOMORROW): 1,
    }


def test_the_last_number_is_known_by_epoch_and_trading_day(bus):
    first = hold(bus, "EXCEL")
    QuotePublisher(bus, first).publish([live(first, 1), live(first, 2), live(first, 3, session_date=TOMORROW)])
    second = hold(bus, "EXCEL")

    # The second holder begins with what the first had put aside.
    QuotePublisher(bus, second).publish([live(first, 5), live(first, 4), live(second, 1)])

    assert read_publishing(bus).last_numbers == {
        ("EXCEL", first.token, DAY): (first.token << 32) + 5,
        ("EXCEL", first.token, TOMORROW): (first.token << 32) + 3,
        ("EXCEL", second.token, DAY): (second.token << 32) + 1,
    }


def test_last_numbers_that_a_flush_took_come_back_with_the_counts(bus):
    lease = hold(bus, "EXCEL")
    publisher = QuotePublisher(bus, lease)
    publisher.publish([live(lease, 7)])
    bus.flushdb()

    publisher.restore_counts()

    assert read_publishing(bus).last_numbers == {("EXCEL", lease.token, DAY): (lease.token << 32) + 7}


def test_a_last_number_never_goes_down(bus):
    lease = hold(bus, "EXCEL")
    QuotePublisher(bus, lease).publish([live(lease, 7)])

    QuotePublisher(bus, lease).publish([live(lease, 3)])

    assert bus.hget(keys.published("EXCEL", lease.token), number_name(DAY.isoformat(), lease.token)) == "7"


def test_each_token_has_counts_of_its_own(bus, lease, publisher):
    publisher.publish(quotes(2))
    later = hold(bus)
    QuotePublisher(bus, later).publish(quotes(3))

    assert read_published(bus) == {
        (SOURCE, lease.token, "ES", DAY): 2,
        (SOURCE, later.token, "ES", DAY): 3,
    }


def test_entries_that_others_add_are_not_counted(bus, lease, publisher):
    publisher.publish(quotes(1))
    bus.xadd(keys.STREAM, {"symbol": "ES"})

    assert read_published(bus) == {(SOURCE, lease.token, "ES", DAY): 1}


def test_counts_go_on_from_what_the_publisher_knows_where_the_server_lost_its_last_second(bus, lease, publisher):
    publisher.publish(quotes(5))
    bus.hset(keys.published(SOURCE, lease.token), mapping={f"{DAY}|ES": 2, "batch": 0})

    publisher.publish(quotes(1, first_seq=6))

    assert read_published(bus) == {(SOURCE, lease.token, "ES", DAY): 6}


def test_counts_are_raised_and_never_lowered(bus, lease, publisher):
    key = keys.published(SOURCE, lease.token)
    publisher.publish(quotes(5))

    raise_published(bus, key, {f"{DAY}|ES": 3, f"{DAY}|NQ": 7})

    assert read_published(bus) == {(SOURCE, lease.token, "ES", DAY): 5, (SOURCE, lease.token, "NQ", DAY): 7}


def test_the_last_batch_is_known_of_its_publisher_only(bus, lease, publisher):
    key = keys.published(SOURCE, lease.token)
    publisher.publish(quotes(1))
    publisher.publish(quotes(1, first_seq=2))

    assert last_batch(bus, key, bus.hget(key, "publisher")) == 2
    assert last_batch(bus, key, "another") == 0
    assert last_batch(bus, keys.published(SOURCE, 1), "another") == 0


def test_counts_of_old_days_are_forgotten_once_their_token_is_free(bus, lease, publisher):
    publisher.publish(quotes(2))
    folded = read_published(bus)
    assert forget_published(bus, folded, TOMORROW) == 0
    hold(bus)

    assert forget_published(bus, folded, TOMORROW) == 1

    assert read_published(bus) == {}


def test_counts_of_days_that_are_not_old_are_kept(bus, publisher):
    publisher.publish([quote(seq=1), quote(seq=2, session_date=TOMORROW)])
    hold(bus)

    assert forget_published(bus, read_published(bus), TOMORROW) == 0


def test_counts_that_are_kept_nowhere_else_are_not_forgotten(bus, publisher):
    publisher.publish(quotes(2))
    folded = {where: count - 1 for where, count in read_published(bus).items()}
    hold(bus)

    assert forget_published(bus, folded, TOMORROW) == 0
    assert forget_published(bus, {}, TOMORROW) == 0


def test_a_day_is_read_as_a_day(bus, publisher):
    publisher.publish(quotes(1))

    assert {type(day) for _source, _token, _symbol, day in read_published(bus)} == {date}

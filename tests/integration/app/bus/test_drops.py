import pytest
from redis.exceptions import ResponseError

from app.bus import keys
from app.bus.drops import DAMAGED_SPOOL, Drop, announce_drop
from app.bus.leases import acquire
from app.bus.published import read_published, read_publishing
from app.bus.stream import QuotePublisher
from app.errors import Conflict
from tests.factories import DAY, quotes

SOURCE = "REPLAY"
DROP = Drop("a1", SOURCE, "ES", DAY.isoformat(), 7)


def take(bus):
    bus.delete(keys.lease(SOURCE))
    return acquire(bus, keys.lease(SOURCE), keys.epoch(SOURCE))


@pytest.fixture
def lease(bus):
    return take(bus)


def losses(bus):
    return [fields for _, fields in bus.xrange(keys.LOSSES)]


def test_a_drop_is_told_as_lost_and_counted_as_published(bus, lease):
    assert announce_drop(bus, lease, DROP) == lease.token

    assert losses(bus) == [
        {
            "kind": "collector_drop",
            "count": "7",
            "source": SOURCE,
            "symbol": "ES",
            "session_date": DAY.isoformat(),
            "drop": "a1",
            "cause": "no room",
        }
    ]
    assert read_published(bus) == {(SOURCE, lease.token, "ES", DAY): 7}


def test_a_drop_of_which_the_numbers_are_known_tells_them(bus):
    lease = acquire(bus, keys.lease("EXCEL"), keys.epoch("EXCEL"))
    first = (lease.token << 32) + 4
    drop = Drop("a2", "EXCEL", "ES", DAY.isoformat(), 2, first_seq=first, last_seq=first + 5)

    announce_drop(bus, lease, drop)

    [told] = losses(bus)
    assert (told["first_seq"], told["last_seq"]) == (str(first), str(first + 5))
    assert read_publishing(bus).last_numbers == {("EXCEL", lease.token, DAY): first + 5}


def test_a_drop_is_told_once_also_under_a_later_token(bus, lease):
    announce_drop(bus, lease, DROP)

    assert announce_drop(bus, take(bus), DROP) == lease.token

    assert len(losses(bus)) == 1
    assert read_published(bus) == {(SOURCE, lease.token, "ES", DAY): 7}


def test_a_drop_of_which_nobody_knows_what_it_was_is_told_and_not_counted_as_published(bus, lease):
    publisher = QuotePublisher(bus, lease)

    publisher.announce(Drop("a1", SOURCE, None, None, 7, DAMAGED_SPOOL))
    publisher.restore_counts()

    [told] = losses(bus)
    assert (told["count"], told["source"], told["symbol"], told["cause"]) == ("7", SOURCE, "", "damaged spool")
    assert read_published(bus) == {}


def test_only_the_holder_tells(bus, lease):
    take(bus)

    with pytest.raises(ResponseError, match="FENCED"):
        announce_drop(bus, lease, DROP)
    with pytest.raises(Conflict):
        QuotePublisher(bus, lease).announce(DROP)
    assert losses(bus) == []


def test_what_is_published_afterwards_is_counted_on_top(bus, lease):
    publisher = QuotePublisher(bus, lease)
    publisher.publish(quotes(2))

    publisher.announce(DROP)
    publisher.publish(quotes(3, first_seq=3))

    assert read_published(bus) == {(SOURCE, lease.token, "ES", DAY): 12}

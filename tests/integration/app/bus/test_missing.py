from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from app.bus import keys
from app.bus.connection import connect
from app.bus.groups import GroupReader, group_state
from tests.factories import quotes


@pytest.fixture
def reader(raw_bus):
    reader = GroupReader(raw_bus, "one")
    reader.join()
    yield reader
    reader.leave()


@pytest.fixture
def other(raw_bus):
    other = GroupReader(raw_bus, "two")
    yield other
    other.leave()


def read(reader, count=100):
    reader.ask_new(count, 1)
    return reader.take_new()


def trim(bus, length):
    bus.xtrim(keys.STREAM, maxlen=length, approximate=False)


def announced(bus):
    return [int(fields["count"]) for _entry_id, fields in bus.xrange(keys.LOSSES)]


@pytest.mark.parametrize(
    ("left", "lost"), [(500, 400), (900, 0), (1_000, 0), (950, 0), (899, 1), (100, 800), (1, 899), (0, 900)]
)
def test_what_was_trimmed_unread_is_announced_exactly_once(bus, publisher, reader, other, left, lost):
    publisher.publish(quotes(1_000))
    read(reader, 60)
    read(other, 40)
    trim(bus, left)

    delivered = [len(read(one, 300)) for one in (reader, other, reader, other, reader)]

    assert announced(bus) == [lost][: bool(lost)]
    assert sum(delivered) == 900 - lost
    assert group_state(bus).lag == 0


def test_the_announcement_tells_between_which_entries_the_lost_ones_were(bus, publisher, reader):
    publisher.publish(quotes(10))
    ids = [entry_id for entry_id, _fields in bus.xrange(keys.STREAM)]
    read(reader, 3)
    trim(bus, 4)

    read(reader)

    [(_entry_id, fields)] = bus.xrange(keys.LOSSES)
    assert fields == {
        "kind": "trimmed_unread",
        "count": "3",
        "group": keys.INGEST_GROUP,
        "after_id": ids[2],
        "before_id": ids[6],
    }


def test_the_lag_stays_right_afterwards_and_later_losses_are_counted_too(bus, publisher, reader):
    publisher.publish(quotes(100))
    read(reader, 10)
    trim(bus, 50)
    read(reader, 20)
    after_the_first = group_state(bus).lag
    trim(bus, 5)
    read(reader, 5)
    publisher.publish(quotes(7, first_seq=200))

    assert (after_the_first, announced(bus)) == (30, [40, 25])
    assert group_state(bus).lag == 7


def test_a_group_that_never_read_has_lost_too(bus, publisher, reader):
    publisher.publish(quotes(10))
    trim(bus, 4)

    assert len(read(reader)) == 4
    assert announced(bus) == [6]


def test_an_ordinary_trim_is_no_loss(bus, publisher, reader):
    publisher.publish(quotes(100))
    read(reader)
    trim(bus, 3)
    publisher.publish(quotes(10, first_seq=200))
    read(reader)
    trim(bus, 0)
    read(reader)

    assert announced(bus) == []


def test_of_many_readers_at_once_one_announces(bus, publisher, reader, redis_url):
    publisher.publish(quotes(1_000))
    read(reader)
    trim(bus, 500)
    together = Barrier(8)

    def read_at_once(number):
        with connect(redis_url, text=False) as client:
            one = GroupReader(client, f"reader-{number}")
            together.wait(10)
            entries = read(one, 50)
            one.leave()
            return len(entries)

    with ThreadPoolExecutor(8) as pool:
        delivered = sum(pool.map(read_at_once, range(8)))

    assert (delivered, announced(bus)) == (400, [400])


def test_entries_deleted_by_hand_leave_no_wrong_count_behind(bus, publisher, reader):
    publisher.publish(quotes(100))
    ids = [entry_id for entry_id, _fields in bus.xrange(keys.STREAM)]
    read(reader, 50)
    bus.xdel(keys.STREAM, *ids[60:70])
    while read(reader, 15):
        pass
    publisher.publish(quotes(5, first_seq=200))

    assert announced(bus) == []
    assert group_state(bus).lag == 5


def test_a_server_without_memory_for_the_announcement_does_not_stop_the_reading(private_redis, caplog):
    private_redis.xadd(keys.STREAM, {"a": 1})
    for number in range(50):
        private_redis.xadd(keys.STREAM, {"a": number})
    with connect(_url(private_redis), text=False) as client:
        reader = GroupReader(client, "one")
        reader.join()
        private_redis.xtrim(keys.STREAM, maxlen=10, approximate=False)
        private_redis.config_set("maxmemory", 1)

        assert len(read(reader, 5)) == 5
        private_redis.config_set("maxmemory", 0)
        reader.leave()

    assert "could not be told" in caplog.text


def _url(client):
    known = client.connection_pool.connection_kwargs
    return f"redis://:{known['password']}@{known['host']}:{known['port']}/{known['db']}"

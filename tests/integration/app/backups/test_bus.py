import pytest

from app.backups.bus import StreamEnd, StreamTrimmed, clear, is_used, put, stage
from app.bus import keys
from app.bus.groups import group_state
from app.bus.published import read_published
from app.bus.stream import stream_state
from tests.factories import quotes


def test_what_waits_and_what_comes_meanwhile_is_read_once(publisher, bus, own_client):
    publisher.publish(quotes(5))
    bus.xgroup_create(keys.STREAM, keys.INGEST_GROUP, "0")
    read = bus.xreadgroup(keys.INGEST_GROUP, "one", {keys.STREAM: ">"}, count=3)
    acked = [entry_id for entry_id, _words in read[0][1]][:2]
    bus.xack(keys.STREAM, keys.INGEST_GROUP, *acked)
    end = Written(own_client)

    end.read_ahead()
    publisher.publish(quotes(4, first_seq=6))
    end.finish()

    assert end.entries == 7
    assert end.last_id == bus.xinfo_stream(keys.STREAM)["last-generated-id"]
    assert end.seqs() == ["3", "4", "5", "6", "7", "8", "9"]


def test_of_a_stream_that_is_stored_only_what_comes_meanwhile_is_read(publisher, bus, own_client):
    publisher.publish(quotes(5))
    bus.xgroup_create(keys.STREAM, keys.INGEST_GROUP, "$")
    end = Written(own_client)

    end.read_ahead()
    publisher.publish(quotes(2, first_seq=6))
    end.finish()

    assert end.seqs() == ["6", "7"]


@pytest.mark.parametrize("left", [0, 1, 2])
def test_what_came_and_was_trimmed_meanwhile_is_noticed(publisher, bus, own_client, left):
    publisher.publish(quotes(5))
    end = Written(own_client)

    end.read_ahead()
    publisher.publish(quotes(3, first_seq=6))
    bus.xtrim(keys.STREAM, maxlen=left, approximate=False)

    with pytest.raises(StreamTrimmed):
        end.finish()


def test_that_what_was_read_is_trimmed_meanwhile_is_no_harm(publisher, bus, own_client):
    publisher.publish(quotes(5))
    end = Written(own_client)

    end.read_ahead()
    publisher.publish(quotes(3, first_seq=6))
    bus.xtrim(keys.STREAM, maxlen=3, approximate=False)
    end.finish()

    assert end.entries == 8


def test_a_stream_that_begins_or_is_flushed_meanwhile_is_noticed_or_read_whole(publisher, bus, own_client):
    end = Written(own_client)
    end.read_ahead()
    publisher.publish(quotes(2))
    end.finish()
    assert end.entries == 2

    bus.delete(keys.STREAM)
    with pytest.raises(StreamTrimmed):
        end.finish()


def test_the_bus_is_elsewhere_as_it_was(publisher, bus, other_bus, own_client, other_client):
    publisher.publish(quotes(6))
    bus.set(keys.GENERATION, "the-stream's")
    bus.execute_command("XADD", keys.STREAM, "*", b"twice", b"\xff", b"twice", b"2")
    bus.execute_command("XADD", keys.LOSSES, "*", "kind", "trimmed_unread", "count", "3")
    bus.setbit(keys.alive("SCHWAB", quotes(1)[0].session_date), 70, 1)
    bus.expire(keys.alive("SCHWAB", quotes(1)[0].session_date), 5000)
    bus.xtrim(keys.STREAM, maxlen=4, approximate=False)
    end = Written(own_client)
    end.read_ahead()
    end.data += b"".join(end.finish())

    assert stage(other_client, end.reader()) == 4
    assert not is_used(other_client)
    put(other_client)

    assert stream_state(other_bus) == stream_state(bus)
    assert other_client.execute_command("XRANGE", keys.STREAM, "-", "+") == own_client.xrange(keys.STREAM)
    assert read_published(other_bus) == read_published(bus)
    assert other_bus.get(keys.epoch("REPLAY")) == bus.get(keys.epoch("REPLAY"))
    assert other_bus.xrange(keys.LOSSES) == bus.xrange(keys.LOSSES)
    assert other_bus.hgetall(keys.latest("ES")) == bus.hgetall(keys.latest("ES"))
    alive = keys.alive("SCHWAB", quotes(1)[0].session_date)
    assert (other_bus.getbit(alive, 70), 0 < other_bus.ttl(alive) <= 5000) == (1, True)
    assert not other_bus.exists(keys.lease("REPLAY"))


def test_an_empty_stream_keeps_its_count_and_its_newest_id(publisher, bus, other_bus, own_client, other_client):
    publisher.publish(quotes(3))
    bus.xtrim(keys.STREAM, maxlen=0, approximate=False)
    end = Written(own_client)
    end.read_ahead()
    end.data += b"".join(end.finish())

    stage(other_client, end.reader())
    put(other_client)

    assert stream_state(other_bus) == stream_state(bus)
    assert stream_state(other_bus).added == 3
    assert group_state(other_bus).behind == 0


def test_a_staging_that_was_killed_does_no_harm(publisher, bus, other_bus, own_client, other_client):
    publisher.publish(quotes(3))
    end = Written(own_client)
    end.read_ahead()
    end.data += b"".join(end.finish())

    stage(other_client, end.reader())
    assert stage(other_client, end.reader()) == 3
    put(other_client)

    assert other_bus.xlen(keys.STREAM) == 3
    assert [name for name in other_bus.scan_iter() if name.startswith("restoring:")] == []


def test_what_is_thors_goes_and_nothing_else(publisher, bus, own_client):
    publisher.publish(quotes(1))
    bus.set("somebody:else", "1")

    assert is_used(own_client)
    clear(own_client)

    assert (is_used(own_client), list(bus.scan_iter())) == (False, ["somebody:else"])


class Written(StreamEnd):
    def __init__(self, client):
        self.data = b""
        super().__init__(client, self.take)

    def take(self, data):
        self.data += data

    def reader(self):
        parts = iter([self.data])
        return lambda _size: next(parts, b"")

    def seqs(self):
        words = self.data.decode().split("\r\n")
        return [words[place + 2] for place, word in enumerate(words) if word == "seq"]


@pytest.fixture
def own_client(rt):
    client = rt.connect_redis(text=False)
    yield client
    client.close()


@pytest.fixture
def other_client(elsewhere):
    client = elsewhere.connect_redis(text=False)
    client.set_response_callback("XRANGE", lambda reply, **_options: reply)
    yield client
    client.close()

import pytest

from app.bus import keys
from app.bus.groups import GroupReader
from app.bus.marks import is_past, mark_stream
from tests.factories import wire


@pytest.fixture
def reader(bus, raw_bus):
    made = GroupReader(raw_bus, "one")
    made.join()
    return made


def test_an_empty_stream_with_a_group_is_past_at_once(bus, reader):
    assert is_past(bus, mark_stream(bus))


def test_without_a_group_nothing_is_known_to_be_past(bus):
    bus.xadd(keys.STREAM, wire())

    assert not is_past(bus, mark_stream(bus))


def test_a_mark_is_past_when_its_entries_are_acknowledged(bus, reader):
    bus.xadd(keys.STREAM, wire())
    mark = mark_stream(bus)
    unread = is_past(bus, mark)
    ids = deliver(bus)
    unacknowledged = is_past(bus, mark)
    bus.xack(keys.STREAM, keys.INGEST_GROUP, *ids)

    assert (unread, unacknowledged, is_past(bus, mark)) == (False, False, True)


def test_entries_after_the_mark_do_not_matter(bus, reader):
    bus.xadd(keys.STREAM, wire())
    mark = mark_stream(bus)
    bus.xack(keys.STREAM, keys.INGEST_GROUP, *deliver(bus))
    bus.xadd(keys.STREAM, wire())
    deliver(bus)
    bus.xadd(keys.STREAM, wire())

    assert is_past(bus, mark)


def test_unread_entries_that_were_trimmed_are_not_past_until_somebody_noticed(bus, reader):
    for _ in range(3):
        bus.xadd(keys.STREAM, wire())
    mark = mark_stream(bus)
    bus.xtrim(keys.STREAM, maxlen=0, approximate=False)
    unnoticed = is_past(bus, mark)
    read = bus.xinfo_stream(keys.STREAM)["entries-added"]
    bus.execute_command("XGROUP", "SETID", keys.STREAM, keys.INGEST_GROUP, "0-0", "ENTRIESREAD", read)

    assert (unnoticed, is_past(bus, mark)) == (False, True)


def test_another_stream_in_the_place_of_the_first_is_not_past_the_mark(bus, raw_bus, reader):
    mark = mark_stream(bus)
    bus.flushdb()
    GroupReader(raw_bus, "one").join()

    assert not is_past(bus, mark)


def deliver(bus):
    [(_stream, entries)] = bus.xreadgroup(keys.INGEST_GROUP, "one", {keys.STREAM: ">"})
    return [entry_id for entry_id, _fields in entries]

from datetime import UTC, datetime, timedelta

import pytest

from app.bus import keys
from app.bus.groups import GroupReader
from app.bus.trimming import Trimmed, acknowledged_position, acknowledged_watermark, trim_stored

HOUR_S = 3600
NOW = datetime(2025, 10, 9, 15, 30, tzinfo=UTC)
OLD = NOW - timedelta(hours=2)


@pytest.fixture
def ids(bus):
    bus.config_set("stream-node-max-entries", 10)  # Trimming takes whole nodes.
    first_ms = int(OLD.timestamp() * 1000)
    yield [bus.xadd(keys.STREAM, {"seq": n}, id=f"{first_ms + n}-0") for n in range(1000)]
    bus.config_set("stream-node-max-entries", 100)


def left(bus):
    return [entry_id for entry_id, _ in bus.xrange(keys.STREAM)]


def joined(raw_bus, group=keys.INGEST_GROUP):
    reader = GroupReader(raw_bus, "one", group=group)
    reader.join()
    return reader


def read(reader, count):
    reader.ask_new(count, 1)
    entries = reader.take_new()
    reader.leave()
    return [entry_id for entry_id, _ in entries]


def test_without_a_group_nothing_is_trimmed(bus, ids):
    assert (acknowledged_watermark(bus), trim_stored(bus, NOW, HOUR_S)) == (None, Trimmed(0, ids[0]))
    assert left(bus) == ids


def test_without_a_stream_there_is_nothing_to_trim(bus):
    assert trim_stored(bus, NOW, HOUR_S) == Trimmed(0, None)


def test_what_nobody_has_read_stays(bus, raw_bus, ids):
    joined(raw_bus)

    assert trim_stored(bus, NOW, HOUR_S).entries == 0
    assert left(bus) == ids


def test_what_was_read_and_not_acknowledged_stays(bus, raw_bus, ids):
    reader = joined(raw_bus)
    read(reader, 1000)
    reader.ack([entry_id.encode() for entry_id in ids[:500]])

    trimmed = trim_stored(bus, NOW, HOUR_S).entries

    assert 0 < trimmed <= 500
    assert left(bus) == ids[trimmed:]
    assert set(ids[500:]) <= set(left(bus))


def test_what_another_group_needs_stays(bus, raw_bus, ids):
    for group, count in ((keys.INGEST_GROUP, 1000), ("another", 100)):
        reader = joined(raw_bus, group)
        reader.ack(read(reader, count))

    assert 0 < trim_stored(bus, NOW, HOUR_S).entries <= 100
    assert set(ids[100:]) <= set(left(bus))


def test_what_clients_can_still_ask_for_stays(bus, raw_bus, ids):
    reader = joined(raw_bus)
    reader.ack(read(reader, 1000))

    trimmed = trim_stored(bus, OLD + timedelta(milliseconds=300), 0.1).entries

    assert 0 < trimmed <= 200
    assert set(ids[200:]) <= set(left(bus))


def test_of_a_stream_that_nears_its_cap_everything_acknowledged_goes_however_young(bus, raw_bus, ids):
    reader = joined(raw_bus)
    read(reader, 1000)
    reader.ack([entry_id.encode() for entry_id in ids[:900]])

    roomy = trim_stored(bus, OLD, HOUR_S, cap=1_500).entries
    near = trim_stored(bus, OLD, HOUR_S, cap=1_400).entries

    assert (roomy, near) == (0, 900)
    assert left(bus) == ids[900:]


def test_everything_stored_and_old_goes_but_the_newest(bus, raw_bus, ids):
    reader = joined(raw_bus)
    reader.ack(read(reader, 1000))

    trim_stored(bus, NOW, HOUR_S)

    assert 1 <= len(left(bus)) <= 10
    assert left(bus)[-1] == ids[-1]
    assert reader.state().behind == 0


def test_a_big_backlog_is_trimmed_in_steps_and_wholly(bus, raw_bus, ids, monkeypatch):
    monkeypatch.setattr("app.bus.trimming._NODES", 100)
    reader = joined(raw_bus)
    reader.ack(read(reader, 1000))

    trimmed = trim_stored(bus, NOW, HOUR_S)

    assert trimmed.entries >= 990
    assert trimmed.oldest_id == left(bus)[0]


def test_of_a_stream_that_was_emptied_the_oldest_id_is_the_last_that_was_given(bus, ids):
    bus.xtrim(keys.STREAM, maxlen=0, approximate=False)

    assert trim_stored(bus, NOW, HOUR_S) == Trimmed(0, ids[-1])


def test_entries_that_are_no_text_are_trimmed_as_others_are(bus, raw_bus):
    first, last = (bus.xadd(keys.STREAM, {b"symbol": b"\xff\xfe"}) for _ in range(2))
    reader = joined(raw_bus)
    reader.ack(read(reader, 2)[:1])

    assert trim_stored(bus, NOW, HOUR_S) == Trimmed(0, first)
    assert acknowledged_watermark(bus) == last


def test_the_position_is_the_last_delivered_id_when_all_is_acknowledged(bus, raw_bus, ids):
    reader = joined(raw_bus)
    reader.ack(read(reader, 400))

    assert acknowledged_position(bus) == (bus.get(keys.GENERATION), ids[399])


@pytest.mark.parametrize(("oldest_pending", "position"), [("5-3", "5-2"), ("5-0", f"4-{2**64 - 1}")])
def test_the_position_is_right_before_the_oldest_pending_entry(bus, raw_bus, oldest_pending, position):
    for stream_id in ("3-0", oldest_pending, "9-0"):
        bus.xadd(keys.STREAM, {"seq": 1}, id=stream_id)
    reader = joined(raw_bus)
    read(reader, 10)
    reader.ack([b"3-0"])

    assert acknowledged_position(bus) == (bus.get(keys.GENERATION), position)


def test_without_a_group_or_a_stream_there_is_no_position(bus, raw_bus, ids):
    before = acknowledged_position(bus)
    joined(raw_bus)
    bus.delete(keys.STREAM)

    assert (before, acknowledged_position(bus)) == (None, None)

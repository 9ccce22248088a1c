from threading import Event

import pytest
from redis.exceptions import RedisError

from app.bus import keys
from app.bus.groups import GroupReader
from app.ingest.batch import Batch
from app.ingest.intake import Intake
from app.ingest.rows import Rows
from tests.factories import quotes


def seqs(batch):
    return [int(words[words.index(b"seq") + 1]) for _entry_id, words in batch.entries] if batch else []


@pytest.fixture
def ending():
    return Event()


@pytest.fixture
def reader(raw_bus):
    reader = GroupReader(raw_bus, "one")
    reader.join()
    yield reader
    reader.leave()


@pytest.fixture
def intake(reader, ending):
    return Intake(reader, lambda entries: Batch(entries, Rows()), 3, 20, ending)


def test_batches_come_in_order_and_none_when_there_is_nothing(publisher, intake):
    publisher.publish(quotes(8))

    assert [seqs(intake.next()) for _ in range(4)] == [[1, 2, 3], [4, 5, 6], [7, 8], []]


def test_while_the_stream_is_busy_it_is_asked_ahead_and_a_batch_is_made_meanwhile(publisher, intake, reader):
    publisher.publish(quotes(8))
    intake.next()
    asked = reader.asked

    intake.read_ahead()
    publisher.publish(quotes(1, first_seq=9))

    assert asked == 2
    assert not intake.is_fresh(60)
    assert [seqs(intake.next()) for _ in range(2)] == [[4, 5, 6], [7, 8]]


def test_a_quiet_stream_is_not_asked_ahead_so_that_entries_gather(publisher, intake, reader):
    publisher.publish(quotes(2))
    intake.next()
    intake.read_ahead()
    publisher.publish(quotes(2, first_seq=3))

    assert reader.asked == 0
    assert intake.is_fresh(60)
    assert seqs(intake.next()) == [3, 4]


def test_at_the_end_what_was_asked_for_is_taken_and_nothing_else(bus, publisher, intake, ending):
    publisher.publish(quotes(20))
    intake.next()

    ending.set()

    assert [seqs(intake.next()) for _ in range(3)] == [[4, 5, 6], [7, 8, 9], []]
    assert intake.is_empty
    assert bus.xinfo_groups(keys.STREAM)[0]["lag"] == 11


def test_a_failure_while_reading_ahead_is_told_by_the_next_call(bus, publisher, intake):
    publisher.publish(quotes(3))
    intake.next()
    bus.xgroup_destroy(keys.STREAM, keys.INGEST_GROUP)

    intake.read_ahead()

    with pytest.raises(RedisError, match=r"NOGROUP|UNBLOCKED"):
        intake.next()
    assert not intake.is_empty


def test_an_answer_that_lies_about_for_long_is_not_fresh(publisher, intake):
    publisher.publish(quotes(3))
    intake.next()

    assert intake.is_fresh(60)
    assert not intake.is_fresh(0)

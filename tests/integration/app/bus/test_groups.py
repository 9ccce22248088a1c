import pytest

from app.bus import keys
from app.bus.connection import connect
from app.bus.groups import GroupReader, GroupState, group_state, parse_consumer
from app.bus.leases import acquire
from app.errors import Rejected
from app.ingest.run import BLOCK_MS
from tests.factories import quotes
from tests.proxy import relayed
from tests.waiting import until


def seqs(entries):
    return [int(words[words.index(b"seq") + 1]) for _, words in entries]


def read(reader, count=100):
    reader.ask_new(count, 1)
    return reader.take_new()


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


def hold(bus, consumer):
    return acquire(bus, keys.ingest_lease(consumer), f"{keys.ingest_lease(consumer)}:epoch")


def test_a_group_begins_at_the_beginning_of_the_stream(publisher, reader):
    publisher.publish(quotes(3))

    assert seqs(read(reader)) == [1, 2, 3]


def test_a_group_that_comes_late_has_everything_before_it_too(raw_bus, publisher):
    publisher.publish(quotes(3))
    late = GroupReader(raw_bus, "late")

    late.join()

    assert late.state() == GroupState(lag=3, pending=0, last_delivered_id="0-0")
    assert seqs(read(late)) == [1, 2, 3]
    late.leave()


def test_a_wait_for_news_ends_without_an_error_where_there_are_none(reader):
    reader.ask_new(100, BLOCK_MS)

    assert reader.take_new() == []


def test_joining_again_changes_nothing(publisher, reader):
    publisher.publish(quotes(3))
    read(reader, count=2)

    reader.join()

    assert seqs(read(reader)) == [3]


def test_new_entries_go_to_one_reader_each(publisher, reader, other):
    publisher.publish(quotes(3))

    assert (seqs(read(reader, 2)), seqs(read(other)), seqs(read(reader))) == ([1, 2], [3], [])


def test_a_question_may_be_asked_before_there_is_an_answer(publisher, reader):
    reader.ask_new(10, 5_000)
    publisher.publish(quotes(1))

    assert seqs(reader.take_new()) == [1]


def test_what_is_not_acknowledged_is_read_again_as_own(publisher, reader):
    publisher.publish(quotes(5))
    delivered = read(reader)
    reader.ack([entry_id for entry_id, _ in delivered[:2]])

    own = reader.read_own(b"0", 2)

    assert seqs(own) == [3, 4]
    assert seqs(reader.read_own(own[-1][0], 2)) == [5]
    assert reader.state().pending == 3


def test_an_own_entry_that_was_trimmed_away_has_no_words(bus, publisher, reader):
    publisher.publish(quotes(2))
    delivered = read(reader)

    bus.xtrim(keys.STREAM, maxlen=1, approximate=False)

    assert [words for _, words in reader.read_own(b"0", 10)] == [None, delivered[1][1]]


def test_entries_are_taken_over_from_a_dead_consumer_only(bus, publisher, reader, other):
    publisher.publish(quotes(4))
    hold(bus, "two")
    read(other, 2)
    while_alive = reader.claim_lost(0, 100, own=False)
    bus.delete(keys.ingest_lease("two"))

    assert while_alive == []
    assert seqs(reader.claim_lost(0, 100, own=False)) == [1, 2]
    assert other.read_own(b"0", 100) == []
    assert seqs(reader.read_own(b"0", 100)) == [1, 2]


def test_entries_that_were_delivered_lately_are_not_taken_over(publisher, reader, other):
    publisher.publish(quotes(1))
    read(other)

    assert reader.claim_lost(60_000, 100, own=True) == []


def test_no_more_is_taken_over_at_a_time_than_asked_for(publisher, reader, other):
    publisher.publish(quotes(5))
    read(other)

    assert [len(reader.claim_lost(0, 2, own=False)) for _ in range(4)] == [2, 2, 1, 0]


def test_entries_trimmed_away_under_a_dead_consumer_are_told_until_they_are_acknowledged(bus, publisher, reader, other):
    publisher.publish(quotes(3))
    delivered = read(other)
    bus.xtrim(keys.STREAM, maxlen=1, approximate=False)

    claimed = reader.claim_lost(0, 100, own=False)

    assert sorted(claimed, key=lambda entry: entry[0]) == [
        (delivered[0][0], None),
        (delivered[1][0], None),
        [delivered[2][0], delivered[2][1]],
    ]
    assert reader.claim_lost(0, 100, own=False) == claimed[:2]
    reader.ack([entry_id for entry_id, _ in claimed])
    assert reader.claim_lost(0, 100, own=False) == []
    assert reader.state().pending == 0


def test_what_one_reader_found_trimmed_away_another_finds_too(bus, raw_bus, publisher, reader, other):
    publisher.publish(quotes(2))
    delivered = read(other)
    bus.xtrim(keys.STREAM, maxlen=0, approximate=False)
    finder = GroupReader(raw_bus, "dies")

    found = finder.claim_lost(0, 100, own=False)

    assert found == reader.claim_lost(0, 100, own=False) == [(entry_id, None) for entry_id, _ in delivered]


def test_own_entries_trimmed_away_are_told_until_they_are_acknowledged(bus, publisher, reader):
    publisher.publish(quotes(2))
    delivered = read(reader)
    bus.xtrim(keys.STREAM, maxlen=1, approximate=False)

    claimed = reader.claim_lost(0, 100, own=True)
    reader.ack([delivered[1][0]])

    assert [words is None for _, words in claimed] == [True, False]
    assert reader.claim_lost(0, 100, own=True) == claimed[:1]


def test_what_was_acknowledged_without_waiting_is_not_told_again(bus, publisher, reader, other):
    publisher.publish(quotes(50))
    read(other)
    bus.xtrim(keys.STREAM, maxlen=0, approximate=False)
    claimed = reader.claim_lost(0, 100, own=False)

    reader.send_ack([entry_id for entry_id, _ in claimed])

    assert len(claimed) == 50
    assert reader.claim_lost(0, 100, own=False) == []


def is_asked(bus):
    database = str(bus.connection_pool.connection_kwargs["db"])
    return any(one["db"] == database and "b" in one["flags"] for one in bus.client_list())


def test_own_entries_are_taken_back_when_their_answer_got_lost(bus, publisher, redis_url):
    with relayed(redis_url) as relay, connect(relay.url, text=False) as client:
        reader = GroupReader(client, "one")
        reader.join()
        reader.ask_new(10, 5_000)
        until(lambda: is_asked(bus))
        relay.swallow()
        publisher.publish(quotes(2))
        reader.leave()
        relay.restore()

        assert reader.claim_lost(60_000, 10, own=True) == []
        assert reader.claim_lost(0, 10, own=False) == []
        assert seqs(reader.claim_lost(0, 10, own=True)) == [1, 2]


def test_own_entries_and_those_of_the_dead_are_taken_once_each(publisher, reader, other):
    publisher.publish(quotes(5))
    read(reader, 2)
    read(other)

    assert seqs(reader.claim_lost(0, 100, own=True)) == [1, 2, 3, 4, 5]


def test_leaving_gives_the_connection_of_a_question_back(raw_bus, reader):
    for _ in range(5):
        reader.ask_new(1, 60_000)
        reader.leave()

    database = str(raw_bus.connection_pool.connection_kwargs["db"])  # Other test processes have others.
    assert len([one for one in raw_bus.client_list() if one["db"] == database]) <= 3


def test_acknowledging_nothing_is_nothing(reader):
    reader.ack([])


def test_the_state_before_there_is_anything(bus):
    assert group_state(bus) == GroupState(0, 0, "0-0")


def test_before_the_group_everything_is_behind(bus, publisher):
    publisher.publish(quotes(3))

    assert group_state(bus).behind == 3


def test_the_state_counts_what_was_not_read_and_what_was_not_acknowledged(bus, publisher, reader):
    publisher.publish(quotes(5))
    delivered = read(reader, 3)
    reader.ack([delivered[0][0]])

    state = group_state(bus)

    assert (state.lag, state.pending, state.behind) == (2, 2, 4)
    assert state.last_delivered_id == delivered[-1][0].decode()


@pytest.mark.parametrize(("deleted", "behind"), [(3, True), (4, False)])
def test_where_the_server_lost_count_something_is_behind_as_long_as_there_is_something(
    bus, publisher, reader, deleted, behind
):
    publisher.publish(quotes(5))
    ids = [entry_id for entry_id, _ in bus.xrange(keys.STREAM)]
    read(reader, 1)
    bus.xdel(keys.STREAM, *ids[1 : 1 + deleted])

    assert bool(group_state(bus).lag) is behind


@pytest.mark.parametrize("text", ["worker1", "a.b-c_D", "x" * 64])
def test_a_consumer_id_of_the_grammar_is_itself(text):
    assert parse_consumer(text) == text


@pytest.mark.parametrize("text", ["", " ", "a b", "a:b", "x" * 65, "ü", "a\n", "*"])
def test_a_consumer_id_outside_the_grammar_is_rejected(text):
    with pytest.raises(Rejected, match="a consumer id is"):
        parse_consumer(text)

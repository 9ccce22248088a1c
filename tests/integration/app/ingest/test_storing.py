from datetime import UTC, datetime

import pytest
from sqlalchemy import create_engine, event, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import sessionmaker

from app.errors import Unavailable
from app.ingest.batch import Batch
from app.ingest.dead_letters import count_dead_letters
from app.ingest.rows import RowMaker
from app.ingest.storing import TickWriter
from app.local.ports import free_port
from app.market.markets import market
from app.ticks.partitions import partition_name
from tests.counting import counting_afresh, scraped
from tests.factories import DAY, words

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
END_ALL = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


def batch(*entries, seen_before=False):
    numbered = [(b"%d-0" % number, entry) for number, entry in enumerate(entries)]
    return Batch(numbered, RowMaker(market()).rows(numbered, NOW), seen_before)


def ticks(*seqs, **fields):
    return [words(seq=str(seq), **fields) for seq in seqs]


@pytest.fixture
def writer(sessions):
    return TickWriter(sessions, RowMaker(market()))


@pytest.fixture
def statements(engine):
    seen = []

    def note(_connection, _cursor, statement, *_rest):
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


def test_a_batch_is_stored_with_the_partitions_that_it_needs(writer, stored):
    done = writer.store(batch(*ticks(1, 2), *ticks(3, ts="2024-02-29T15:30:00.000000Z")), NOW)

    assert (done.read, done.written, done.duplicates, done.rejects) == (3, 3, 0, [])
    assert stored() == [1, 2, 3]


def test_rejects_are_stored_in_the_same_transaction_as_their_neighbours(writer, sessions, stored):
    done = writer.store(batch(*ticks(1), words(last="NaN"), *ticks(2)), NOW)

    with sessions() as session:
        assert (done.written, len(done.rejects), count_dead_letters(session)) == (2, 1, 1)
    assert stored() == [1, 2]


def test_rows_that_are_there_already_are_counted_as_duplicates(writer, stored):
    writer.store(batch(*ticks(1, 2)), NOW)

    unexpected = writer.store(batch(*ticks(2, 3)), NOW)
    expected = writer.store(batch(*ticks(3, 4), seen_before=True), NOW)

    assert (unexpected.written, unexpected.duplicates) == (1, 1)
    assert (expected.written, expected.duplicates) == (1, 1)
    assert stored() == [1, 2, 3, 4]


def test_the_plain_append_is_used_again_after_a_batch_without_duplicates(writer, statements):
    for seqs in ([1], [1, 2], [3], [4]):
        statements.clear()
        writer.store(batch(*ticks(*seqs)), NOW)

    assert not any("tick_stage" in statement for statement in statements)


@pytest.mark.parametrize("seen_before", [False, True])
def test_an_entry_that_only_the_database_refuses_does_not_cost_its_neighbours(writer, stored, seen_before):
    bad = words(recv_ts="2025-02-30T15:30:00.000000Z")
    found = batch(*ticks(1), bad, *ticks(2), seen_before=seen_before)
    assert not found.rows.rejects

    done = writer.store(found, NOW)

    assert [reject.words for reject in done.rejects] == [bad]
    assert (done.written, stored()) == (2, [1, 2])


def test_a_partition_that_was_dropped_is_made_again(writer, sessions, stored):
    writer.store(batch(*ticks(1)), NOW)
    with sessions.begin() as session:
        session.execute(text(f"DROP TABLE {partition_name(DAY)}"))

    writer.store(batch(*ticks(2)), NOW)

    assert stored() == [2]


def test_the_same_dead_letter_is_stored_once(writer, sessions):
    for _ in range(2):
        writer.store(batch(words(last="NaN")), NOW)

    with sessions() as session:
        assert count_dead_letters(session) == 1


def test_trimmed_entries_are_counted(writer):
    assert writer.store(batch(None, None), NOW).trimmed == 2


def test_a_connection_that_was_ended_is_unavailable_and_the_next_batch_is_stored(writer, sessions, engine, stored):
    writer.store(batch(*ticks(1)), NOW)
    with engine.connect() as connection:
        connection.execute(text(END_ALL))

    for _ in range(20):  # Each try takes a connection of the pool, and any of them may be dead.
        try:
            writer.store(batch(*ticks(2)), NOW)
            break
        except Unavailable:
            continue

    assert stored() == [1, 2]


@pytest.mark.parametrize(
    ("moment", "of"),
    [
        ("before_cursor_execute", "CREATE TEMPORARY"),
        ("after_cursor_execute", "CREATE TEMPORARY"),  # So that COPY meets a dead connection.
        ("before_cursor_execute", "INSERT INTO ticks"),
        ("after_cursor_execute", "INSERT INTO ticks"),
    ],
)
def test_a_connection_that_ends_within_a_batch_is_unavailable_and_stores_nothing(sessions, engine, stored, moment, of):
    writer = TickWriter(sessions, RowMaker(market()))
    writer.store(batch(*ticks(1)), NOW)

    def end_it(connection, cursor, statement, *_rest):
        if of in statement:
            pid = cursor.connection.info.backend_pid
            with engine.connect() as other:
                other.execute(text(f"SELECT pg_terminate_backend({pid})"))

    event.listen(engine, moment, end_it)
    try:
        with pytest.raises(Unavailable, match="PostgreSQL cannot store now"):
            writer.store(batch(*ticks(1, 2), seen_before=True), NOW)
    finally:
        event.remove(engine, moment, end_it)

    assert writer.store(batch(*ticks(1, 2), seen_before=True), NOW).written == 1
    assert stored() == [1, 2]


def test_a_server_that_is_away_is_unavailable():
    engine = create_engine(f"postgresql+psycopg2://u:p@127.0.0.1:{free_port()}/d", connect_args={"connect_timeout": 2})
    writer = TickWriter(sessionmaker(engine), RowMaker(market()))

    with pytest.raises(Unavailable, match="Connection refused"):
        writer.store(batch(*ticks(1)), NOW)


def test_a_database_that_is_not_migrated_yet_is_waited_for(servers, worker_id_or_main):
    engine = create_engine(servers.create_database(f"bare_{worker_id_or_main}"))
    writer = TickWriter(sessionmaker(engine), RowMaker(market()))

    with pytest.raises(Unavailable, match='relation "ticks" does not exist'):
        writer.store(batch(*ticks(1)), NOW)
    engine.dispose()


def test_what_no_waiting_mends_is_an_error(writer, sessions):
    with sessions.begin() as session:
        session.execute(text("ALTER TABLE ticks RENAME COLUMN last TO latest"))
    try:
        with pytest.raises(ProgrammingError, match="last"):
            writer.store(batch(*ticks(1)), NOW)
    finally:
        with sessions.begin() as session:
            session.execute(text("ALTER TABLE ticks RENAME COLUMN latest TO last"))


def test_a_batch_is_counted_with_the_time_since_its_first_entry_was_published(writer):
    published_ms = int(NOW.timestamp() * 1000) - 250
    entries = [(b"%d-0" % (published_ms + place), words(seq=str(place + 1))) for place in range(3)]

    with counting_afresh():
        writer.store(Batch(entries, RowMaker(market()).rows(entries, NOW)), NOW)
        told = scraped()

    assert told["thor_ingest_delay_seconds_count", ()] == told["thor_ingest_batch_duration_seconds_count", ()] == 1
    took_s = told["thor_ingest_batch_duration_seconds_sum", ()]
    assert told["thor_ingest_delay_seconds_sum", ()] == pytest.approx(0.25 + took_s)


def test_a_batch_that_was_not_stored_is_not_counted():
    writer = TickWriter(
        sessionmaker(create_engine(f"postgresql+psycopg2://u:p@127.0.0.1:{free_port()}/d")), RowMaker(market())
    )

    with counting_afresh():
        with pytest.raises(Unavailable):
            writer.store(batch(*ticks(1)), NOW)

        assert scraped() == {}

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from threading import Barrier

import pytest
from sqlalchemy import select, text

from app.errors import Unavailable
from app.ingest.batch import Batch
from app.ingest.rows import RowMaker
from app.ingest.storing import TickWriter
from app.ledger.models import DeadLetter, DuplicateCount, IngestBatch, Loss
from app.market.markets import market
from tests.factories import DAY, words

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
KEY = ("REPLAY", "ES", DAY)


def batch(*numbered, seen_before=False):
    """Entries as (number of the id, words), delivered together."""
    entries = [(b"%d-0" % number, entry) for number, entry in numbered]
    return Batch(entries, RowMaker(market()).rows(entries, NOW), seen_before, "g")


def tick(seq, **fields):
    return words(seq=str(seq), **fields)


@pytest.fixture
def store(sessions):
    """Stores batches one after another, each as another process would unless the same `writer` is given."""

    def store(made, writer=None):
        return (writer or TickWriter(sessions, RowMaker(market()), "one")).store(made, NOW)

    return store


@pytest.fixture
def ledger(sessions):
    """Duplicates by key, reasons by dead letter, and losses by reference."""

    def read():
        with sessions() as session:
            counted = {
                (row.source, row.symbol, row.session_date): row.count for row in session.scalars(select(DuplicateCount))
            }
            letters = session.scalars(select(DeadLetter).order_by(DeadLetter.stream_id))
            dead = {row.stream_id: row.reason for row in letters}
            lost = {row.ref: row.count for row in session.scalars(select(Loss))}
        return counted, dead, lost

    return read


def test_entries_whose_event_is_stored_are_counted_by_what_they_are_of(store, ledger):
    other_day = {"ts": "2025-10-10T15:30:00.000000Z"}
    store(batch((1, tick(1)), (2, tick(2, symbol="NQ")), (3, tick(3, **other_day))))

    store(batch((4, tick(1)), (5, tick(2, symbol="NQ")), (6, tick(3, **other_day)), (7, tick(1)), (8, tick(9))))

    assert ledger()[0] == {KEY: 2, ("REPLAY", "NQ", DAY): 1, ("REPLAY", "ES", date(2025, 10, 10)): 1}


def test_an_event_that_comes_twice_in_one_batch_is_one_duplicate(store, ledger, stored):
    store(batch((1, tick(1)), (2, tick(1)), (3, tick(1)), (4, tick(2))))

    assert (stored(), ledger()[0]) == ([1, 2], {KEY: 2})


def test_new_entries_are_no_duplicates(store, ledger):
    store(batch((1, tick(1)), (2, tick(2))))

    assert ledger() == ({}, {}, {})


@pytest.mark.parametrize("seen_before", [False, True])
def test_a_batch_that_is_delivered_again_adds_nothing_to_the_count(store, ledger, seen_before):
    store(batch((1, tick(1))))
    again = (2, tick(1)), (3, tick(2)), (4, words(last="NaN"))
    store(batch(*again))
    before = ledger()

    for _ in range(2):
        store(batch(*again, seen_before=seen_before))

    assert ledger() == before
    assert before[0] == {KEY: 1}


def test_entries_that_come_again_among_others_are_told_from_them(store, ledger, stored):
    store(batch((1, tick(1)), (2, tick(2)), (3, tick(3))))

    store(batch((2, tick(2)), (3, tick(3)), (7, tick(1)), (8, tick(4)), seen_before=True))
    store(batch((7, tick(1)), (8, tick(4)), (9, tick(4)), seen_before=True))

    assert (stored(), ledger()[0]) == ([1, 2, 3, 4], {KEY: 2})


def test_entries_between_redelivered_ones_are_still_counted_when_they_come(store, ledger):
    store(batch((1, tick(1))))
    store(batch((2, tick(1)), (6, tick(1)), seen_before=True))

    store(batch((3, tick(1)), (4, tick(1)), (5, tick(1))))

    assert ledger()[0] == {KEY: 5}


def test_another_event_under_the_same_key_is_a_dead_letter_and_the_first_is_kept(store, ledger, sessions):
    store(batch((1, tick(1, last="10"))))

    done = store(batch((2, tick(1, last="11")), (3, tick(2)), (4, tick(1, last="10.000"))))

    counted, dead, _ = ledger()
    assert (done.written, done.duplicates, [reject.id for reject in done.rejects]) == (1, 1, [b"2-0"])
    assert list(dead) == ["2-0"]
    assert dead["2-0"].startswith("conflict:")
    assert counted == {KEY: 1}
    with sessions() as session:
        assert session.scalar(text("SELECT last FROM ticks WHERE seq = 1")) == 10
        letter = session.scalars(select(DeadLetter)).one()
        assert (letter.source, letter.symbol, letter.session_date, letter.fields["last"]) == (*KEY, "11")


def test_a_conflict_within_one_batch_keeps_the_first(store, ledger, sessions):
    store(batch((1, tick(1, last="30")), (2, tick(1, last="20")), (3, tick(1, last="30")), (4, tick(1, last=None))))

    counted, dead, _ = ledger()
    assert (list(dead), counted) == (["2-0", "4-0"], {KEY: 1})
    with sessions() as session:
        assert session.scalars(text("SELECT last FROM ticks")).all() == [30]


@pytest.mark.parametrize(
    "other",
    [{"bid": "1"}, {"change": "1"}, {"volume": "7"}, {"trade": "0"}, {"delayed": "1"}, {"contract": "ESH26"}],
    ids=str,
)
def test_any_content_of_the_market_may_conflict(store, ledger, other):
    store(batch((1, tick(1))))

    store(batch((2, tick(1, **other))))

    assert list(ledger()[1]) == ["2-0"]


def test_when_and_how_an_event_arrived_is_no_conflict(store, ledger):
    store(batch((1, tick(1))))

    store(batch((2, tick(1, recv_ts="2025-10-09T15:31:00.000000Z", ts_origin="local"))))

    assert ledger() == ({KEY: 1}, {}, {})


def test_a_conflict_that_is_delivered_again_is_one_dead_letter(store, ledger):
    store(batch((1, tick(1, last="10"))))
    for _ in range(3):
        store(batch((2, tick(1, last="11")), (3, tick(1, last="10")), seen_before=True))

    counted, dead, _ = ledger()
    assert (list(dead), counted) == (["2-0"], {KEY: 1})


def test_a_trimmed_entry_is_lost_once_unless_it_was_stored(store, ledger):
    store(batch((1, tick(1)), (2, tick(2))))

    for _ in range(2):
        store(batch((2, None), (3, None), (4, None), seen_before=True))

    assert ledger() == ({}, {}, {"pending:g:3-0": 1, "pending:g:4-0": 1})


def test_what_is_committed_is_recorded_in_the_same_transaction(store, sessions):
    store(batch((5, tick(1)), (6, words(last="NaN")), (9, tick(2))))
    store(batch((2, tick(3)), (4, tick(4)), seen_before=True))

    with sessions() as session:
        rows = session.execute(
            select(IngestBatch.consumer, IngestBatch.first_id, IngestBatch.last_id, IngestBatch.entries)
        ).all()
    assert rows == [("one", 5 << 64, 9 << 64, 3), ("one", 2 << 64, 2 << 64, 1), ("one", 4 << 64, 4 << 64, 1)]


def test_a_day_whose_duplicates_are_many_is_counted_wholly(store, ledger):
    store(batch(*((number, tick(number)) for number in range(1, 1001))))
    writer = None

    for turn in range(1, 4):
        store(batch(*((turn * 1000 + number, tick(number)) for number in range(1, 1001))), writer)

    assert ledger()[0] == {KEY: 3_000}


@pytest.mark.parametrize("new", [0, 50])
def test_two_that_store_the_same_entries_at_once_count_them_once(sessions, store, ledger, stored, new):
    store(batch(*((number, tick(number)) for number in range(1, 101))))

    for turn in range(1, 9):
        # Most of these events were sent before; both processes were given the entries, and none knows of the other.
        made = [
            (turn * 1000 + number, tick(turn * 1000 + number if number <= new else number)) for number in range(1, 101)
        ]
        together = Barrier(2)

        def store_at_once(seen_before, made=made, together=together):
            writer = TickWriter(sessions, RowMaker(market()), f"seen-{seen_before}")
            found = batch(*made, seen_before=seen_before)
            together.wait(10)
            return _until_stored(writer, found)

        with ThreadPoolExecutor(2) as pool:
            written = sum(done.written for done in pool.map(store_at_once, (True, True)))

        assert written == new
        assert ledger()[0] == {KEY: turn * (100 - new)}
    assert len(stored()) == 100 + 8 * new


def _until_stored(writer, found):
    while True:
        try:
            return writer.store(found, NOW)
        except Unavailable:  # A deadlock with the other one; the ingest loop tries again as well.
            continue


def test_an_append_that_fails_leaves_no_account_behind(sessions, store, ledger, stored):
    writer = TickWriter(sessions, RowMaker(market()), "one")
    for number in (1, 2):
        store(batch((number, tick(number))), writer)

    store(batch((3, tick(3)), (4, tick(1))), writer)

    with sessions() as session:
        assert session.scalars(select(IngestBatch.last_id).order_by(IngestBatch.id)).all() == [
            1 << 64,
            2 << 64,
            4 << 64,
        ]
    assert (stored(), ledger()[0]) == ([1, 2, 3], {KEY: 1})

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as with_settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text

from app.ledger.batches import committed_within, id_number, id_text, prune_batches, record_each, recording
from app.ledger.models import IngestBatch


def numbers(*ids):
    return [id_number(stream_id) for stream_id in ids]


def cover(session, first, last, consumer="one"):
    session.execute(text(recording(consumer, id_number(first), id_number(last), 1)))


@pytest.mark.parametrize("stream_id", ["0-0", "1760000000000-3", f"1760000000000-{2**64 - 1}"])
def test_an_id_is_a_number_and_back(stream_id):
    assert id_text(id_number(stream_id)) == id_text(id_number(stream_id.encode())) == stream_id


def test_numbers_have_the_order_of_ids():
    assert numbers("1-0", "1-9", "1-10", "2-0", "10-0") == sorted(numbers("10-0", "1-10", "2-0", "1-9", "1-0"))
    assert id_number("5") == id_number("5-0")


def test_entries_within_a_committed_batch_are_found_its_ends_included(db_session):
    cover(db_session, "10-0", "20-5")

    asked = numbers("9-99", "10-0", "15-3", "20-5", "20-6")

    assert committed_within(db_session, asked) == set(asked[1:4])
    assert committed_within(db_session, []) == set()


def test_entries_between_two_that_were_recorded_one_by_one_are_not_found(db_session):
    record_each(db_session, "one", numbers("1-0", "3-0"))
    record_each(db_session, "one", [])

    assert committed_within(db_session, numbers("1-0", "2-0", "3-0")) == set(numbers("1-0", "3-0"))


@with_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20)), max_size=12), st.sets(st.integers(0, 90), max_size=30)
)
def test_overlapping_batches_cover_what_any_of_them_covers(db_session, ranges, asked):
    with db_session.begin_nested() as part:
        for first, length in ranges:
            db_session.execute(text(recording("one", first, first + length, 1)))

        found = committed_within(db_session, asked)
        part.rollback()

    assert found == {number for number in asked if any(first <= number <= first + more for first, more in ranges)}


def test_batches_that_can_never_come_again_are_forgotten(db_session):
    cover(db_session, "1-0", "4-0")
    cover(db_session, "3-0", "5-0")
    cover(db_session, "6-0", "7-0")

    assert prune_batches(db_session, "5-0") == 1
    assert committed_within(db_session, numbers("2-0", "4-0", "6-0")) == set(numbers("4-0", "6-0"))
    assert db_session.scalar(select(func.count()).select_from(IngestBatch)) == 2

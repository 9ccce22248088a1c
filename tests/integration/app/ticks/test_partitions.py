from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, OperationalError

from app.ticks.partitions import (
    PartitionAbsent,
    PartitionBusy,
    drop_partition,
    ensure_partitions,
    existing_partitions,
    hold_partition,
    partition_name,
    partition_states,
    require_partition,
)
from app.ticks.store import append_ticks, count_by_day
from tests.factories import DAY, lines, quote
from tests.waiting import until

DAYS = [date(2031, 1, 1) + timedelta(days=n) for n in range(5)]


def test_partitions_are_made_once(db_session):
    assert ensure_partitions(db_session, DAYS[:2]) == set(DAYS[:2])
    assert ensure_partitions(db_session, DAYS[:3]) == {DAYS[2]}
    assert ensure_partitions(db_session, DAYS[:3]) == set()
    assert set(DAYS[:3]) <= existing_partitions(db_session)


def test_no_days_make_no_partitions(db_session):
    before = existing_partitions(db_session)

    assert ensure_partitions(db_session, []) == set()
    assert existing_partitions(db_session) == before


def test_a_partition_takes_the_ticks_of_its_trading_day_and_no_others(db_session):
    ensure_partitions(db_session, [DAY])
    append_ticks(db_session, lines(quote()))

    assert db_session.scalar(text(f"SELECT count(*) FROM {partition_name(DAY)}")) == 1
    with pytest.raises(IntegrityError, match="no partition"):
        append_ticks(db_session, lines(quote(session_date=date(2032, 1, 1))))


def test_a_partition_has_the_identity_of_ticks_as_an_index_and_the_default_of_created_at(db_session):
    ensure_partitions(db_session, [DAY])

    made = db_session.scalar(
        text("SELECT indexdef FROM pg_indexes WHERE tablename = :name"), {"name": partition_name(DAY)}
    )
    append_ticks(db_session, lines(quote()))

    assert made.startswith("CREATE UNIQUE INDEX")
    assert made.endswith("(symbol, ts, source, seq, session_date)")
    assert db_session.scalar(text("SELECT created_at = now() FROM ticks"))


def test_two_makers_at_once_share_the_work(sessions):
    def make(_number):
        with sessions.begin() as session:
            return ensure_partitions(session, DAYS)

    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(make, range(4)))

    assert sorted(day for days in made for day in days) == DAYS


def test_what_was_made_in_a_transaction_that_failed_is_made_again(sessions):
    with sessions() as session:
        ensure_partitions(session, DAYS[:1])
        session.rollback()

    with sessions.begin() as session:
        assert ensure_partitions(session, DAYS[:1]) == {DAYS[0]}


def test_readers_and_writers_of_other_days_do_not_hold_up_a_new_partition(sessions):
    with sessions.begin() as session:
        ensure_partitions(session, [DAY])

    with sessions() as busy, sessions() as maker:
        append_ticks(busy, lines(quote()))
        count_by_day(busy)
        maker.execute(text("SET LOCAL lock_timeout = '100ms'"))

        assert ensure_partitions(maker, DAYS[:1]) == {DAYS[0]}


def test_a_state_tells_the_size_and_changes_with_the_rows(sessions):
    with sessions.begin() as session:
        ensure_partitions(session, DAYS[:2])
    empty = states(sessions)
    with sessions.begin() as session:
        append_ticks(session, lines(quote(session_date=DAYS[0])))
        session.execute(text("SELECT pg_stat_force_next_flush()"))

    after = states(sessions)

    assert (empty[DAYS[0]].size_bytes, after[DAYS[0]].size_bytes) == (0, 8192)
    assert after[DAYS[0]].mark != empty[DAYS[0]].mark
    assert after[DAYS[1]] == empty[DAYS[1]]


def test_a_partition_that_is_made_again_has_another_mark(sessions):
    with sessions.begin() as session:
        ensure_partitions(session, DAYS[:1])
    before = states(sessions)[DAYS[0]]
    with sessions.begin() as session:
        drop_partition(session, DAYS[0])
    with sessions.begin() as session:
        ensure_partitions(session, DAYS[:1])

    assert states(sessions)[DAYS[0]].mark != before.mark


def test_a_held_day_takes_no_ticks_while_other_days_do(sessions):
    with sessions.begin() as session:
        ensure_partitions(session, DAYS[:2])
    with sessions() as holder, sessions() as writer:
        hold_partition(holder, DAYS[0])
        writer.execute(text("SET lock_timeout = 50"))
        append_ticks(writer, lines(quote(session_date=DAYS[1])))

        with pytest.raises(OperationalError, match="lock timeout"):
            append_ticks(writer, lines(quote(session_date=DAYS[0])))


@pytest.mark.parametrize("take", [hold_partition, drop_partition])
def test_a_day_that_is_being_written_is_busy(sessions, take):
    with sessions.begin() as session:
        ensure_partitions(session, DAYS[:1])
    with sessions() as writer, sessions() as taker:
        append_ticks(writer, lines(quote(session_date=DAYS[0])))

        with pytest.raises(PartitionBusy, match="in use"):
            take(taker, DAYS[0])


@pytest.mark.parametrize("take", [require_partition, hold_partition])
def test_a_day_without_a_partition_is_absent(sessions, take):
    with sessions() as session, pytest.raises(PartitionAbsent, match="no partition of 2031-01-01"):
        take(session, DAYS[0])


def test_a_day_that_is_dropped_while_it_is_asked_for_is_absent(sessions):
    with sessions.begin() as session:
        ensure_partitions(session, DAYS[:1])
    with sessions() as first, sessions() as second, ThreadPoolExecutor(1) as pool:
        drop_partition(first, DAYS[0])
        taken = pool.submit(hold_partition, second, DAYS[0])
        until(lambda: first.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'relation'")))
        first.commit()

        with pytest.raises(PartitionAbsent):
            taken.result(20)


def test_a_dropped_day_is_back_when_the_transaction_fails(sessions):
    with sessions.begin() as session:
        ensure_partitions(session, DAYS[:1])
        append_ticks(session, lines(quote(session_date=DAYS[0])))
    with sessions() as session:
        drop_partition(session, DAYS[0])
        assert DAYS[0] not in existing_partitions(session)
        session.rollback()

    with sessions() as session:
        assert count_by_day(session)[DAYS[0]] == 1


def states(sessions):
    with sessions() as session:
        return partition_states(session)

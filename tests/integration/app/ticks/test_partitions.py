from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.ticks.partitions import ensure_partitions, existing_partitions, partition_name
from app.ticks.store import append_ticks, count_by_day
from tests.factories import DAY, lines, quote

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

import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal
from threading import Barrier

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DataError, IntegrityError

from app.ticks import store
from app.ticks.models import Tick
from app.ticks.partitions import ensure_partitions, partition_name
from app.ticks.store import (
    append_ticks,
    count_by_day,
    count_lines,
    find_conflicts,
    merge_by_key,
    merge_ticks,
    sources_on,
)
from tests.factories import DAY, MOMENT, lines, quote, quotes

SLOW = """
CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.005); RETURN NEW; END';
CREATE TRIGGER slowly BEFORE INSERT ON ticks FOR EACH ROW EXECUTE FUNCTION slowly();
"""


@pytest.fixture
def session(db_session):
    ensure_partitions(db_session, [DAY, DAY + timedelta(days=1)])
    return db_session


def seqs(session):
    return sorted(session.scalars(select(Tick.seq)))


@pytest.mark.parametrize("write", [append_ticks, merge_ticks])
def test_every_column_is_stored_exactly(session, write):
    full = quote(
        seq=2**63 - 1,
        ts=MOMENT + timedelta(microseconds=1),
        last=Decimal("-37.63"),
        bid=Decimal("999999999.999999999"),
        ask=Decimal("0.000000001"),
        change=None,
        volume=2**63 - 1,
        delayed=True,
        ts_origin="local",
    )

    assert write(session, lines(full)) == 1

    stored = session.scalars(select(Tick)).one()
    assert {name: getattr(stored, name) for name in full._fields if name != "v"} == {
        name: value for name, value in full._asdict().items() if name != "v"
    }


def test_appending_a_row_that_is_there_adds_nothing(session):
    append_ticks(session, lines(quote(seq=1)))
    session.commit()

    with pytest.raises(IntegrityError):
        append_ticks(session, lines(quote(seq=2), quote(seq=1)))
    session.rollback()

    assert seqs(session) == [1]


def test_merging_a_row_that_is_there_does_not_cost_its_neighbours(session):
    merge_ticks(session, lines(quote(seq=1)))

    assert merge_ticks(session, lines(quote(seq=1, last=Decimal(1)), quote(seq=2), quote(seq=2))) == 1
    assert seqs(session) == [1, 2]
    assert session.scalar(select(Tick.last).where(Tick.seq == 1)) == quote().last


def test_merging_the_same_rows_again_adds_nothing_and_leaves_nothing_dead(sessions):
    rows = lines(*quotes(500))
    with sessions.begin() as session:
        ensure_partitions(session, [DAY])
        merge_ticks(session, rows)

    with sessions.begin() as session:
        added = merge_ticks(session, rows)

    with sessions() as session:
        session.execute(text("CREATE EXTENSION IF NOT EXISTS pgstattuple"))
        dead = session.scalar(text("SELECT dead_tuple_count FROM pgstattuple('ticks_p20251009')"))
        session.rollback()
    assert (added, dead) == (0, 0)


def test_a_malformed_row_adds_nothing(session):
    bad = lines(quote(seq=2))[0].replace(b"6710.25", b"NaNNaN")

    with pytest.raises(DataError):
        append_ticks(session, [*lines(quote(seq=1)), bad])
    session.rollback()


def test_the_same_number_of_another_source_symbol_or_time_is_another_tick(session):
    others = [quote(), quote(source="SCHWAB"), quote(symbol="NQ"), quote(ts=MOMENT + timedelta(microseconds=1))]

    assert append_ticks(session, lines(*others)) == 4


def test_ticks_are_counted_by_day_and_their_sources_told(session):
    next_day = DAY + timedelta(days=1)
    append_ticks(session, lines(*quotes(3), quote(source="SCHWAB"), quote(session_date=next_day)))

    assert count_by_day(session) == {DAY: 4, next_day: 1}
    assert sources_on(session, DAY) == {"REPLAY", "SCHWAB"}
    assert sources_on(session, date(2000, 1, 3)) == set()


@pytest.fixture
def slow_inserts(sessions):
    with sessions.begin() as session:
        session.execute(text(SLOW))
    yield
    with sessions.begin() as session:
        session.execute(text("DROP FUNCTION slowly CASCADE"))


def test_writers_of_the_same_rows_in_other_orders_do_not_deadlock(sessions, slow_inserts):
    with sessions.begin() as session:
        ensure_partitions(session, [DAY])
    rows, together = lines(*quotes(30)), Barrier(2)

    def write(ordered):
        together.wait(10)
        with sessions.begin() as session:
            return merge_ticks(session, ordered)

    with ThreadPoolExecutor(2) as pool:
        added = list(pool.map(write, [rows, rows[::-1]]))

    assert sorted(added) == [0, 30]


def test_while_the_rows_are_on_their_way_the_caller_may_work(session):
    calls = []

    assert append_ticks(session, lines(*quotes(20_000)), lambda: calls.append("work")) == 20_000
    assert calls == ["work"]


def test_a_merge_tells_what_it_added_by_key(session):
    merge_ticks(session, lines(quote(seq=1)))
    some = [quote(seq=1), quote(seq=2), quote(seq=3), quote(seq=4, symbol="NQ"), quote(seq=5, source="EXCEL")]

    added = merge_by_key(session, lines(*some))

    assert added == {("REPLAY", "ES", DAY): 2, ("REPLAY", "NQ", DAY): 1, ("EXCEL", "ES", DAY): 1}
    assert count_lines(lines(*some)) == added + Counter({("REPLAY", "ES", DAY): 1})


def test_rows_with_other_content_than_the_stored_are_found_by_their_place(session):
    merge_ticks(session, lines(quote(seq=1), quote(seq=2)))

    some = [quote(seq=1, last=Decimal("6710.250")), quote(seq=2, last=None), quote(seq=3), quote(seq=3, volume=5)]
    merge_ticks(session, lines(*some))

    assert find_conflicts(session) == [1, 3]


def test_after_a_merge_without_conflicts_there_are_none(session):
    merge_ticks(session, lines(quote(seq=1), quote(seq=1, last=Decimal(1))))
    merge_ticks(session, lines(quote(seq=2), quote(seq=1)))

    assert find_conflicts(session) == []


def test_conflicts_are_looked_for_by_the_index_and_not_by_reading_everything(sessions):
    days = [DAY + timedelta(days=more) for more in range(5)]
    with sessions.begin() as session:
        ensure_partitions(session, days)
        for day in days:
            append_ticks(session, lines(*quotes(3_000, session_date=day)))
    with sessions() as session:
        merge_by_key(session, lines(*quotes(500)))

        plan = "\n".join(session.scalars(text(f"EXPLAIN {store._CONFLICTS}")))

    # One that is known to be empty is read as cheaply as its index.
    read_whole = set(re.findall(r"Seq Scan on (ticks_p\d+)", plan))
    assert read_whole.isdisjoint(partition_name(day) for day in days)

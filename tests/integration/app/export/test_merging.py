import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal

import pyarrow.parquet as pq
import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from app.errors import Conflict
from app.export.conflicts import ROWS_AT_ONCE
from app.export.merging import merge_day
from app.export.plan import Action, ExportOptions, plan_day
from app.export.purging import PurgeState, purge_day
from app.export.ticks import export_day, export_symbol
from app.history.ticks import read_ticks
from app.lake.inspection import inspect_file
from app.lake.layout import TICKS, Lake
from app.lake.locks import file_lock
from app.lake.manifest import check_bytes, find_file, list_files, verify_file
from app.lake.schemas import TICK_FILE
from app.ledger.models import DeadLetter, DuplicateCount
from app.market.markets import market
from app.ticks.models import Tick
from app.ticks.partitions import PartitionAbsent, existing_partitions
from tests.factories import DAY, quote, quotes
from tests.lake_days import waiting_writers
from tests.ticks import CLOSE, LATER, OPEN, store_quotes
from tests.tree import ROOT
from tests.waiting import until

NEXT = DAY + timedelta(days=1)
AGAIN = LATER + timedelta(days=1)
DEADLINE_S = 60
MERGER = """
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from sqlalchemy import create_engine
from sqlalchemy.orm import sessionmaker
from app.export.merging import merge_day
from app.lake.layout import Lake
merge_day(sessionmaker(create_engine(sys.argv[1])), Lake(Path(sys.argv[2])), date(2025, 10, 9),
    datetime(2025, 10, 12, tzinfo=UTC))
"""
FAIL_AT_COMMIT = """
CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'as the test wants'; END $$;
CREATE CONSTRAINT TRIGGER failing AFTER UPDATE OR INSERT ON lake_files DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION fail()
"""

# What would have every reader and writer of ticks wait for it.
FORBID_UNDER_THE_LOCK_OF_ALL_DAYS = """
CREATE FUNCTION forbid() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
IF EXISTS (SELECT FROM pg_locks WHERE pid = pg_backend_pid() AND relation = 'ticks'::regclass
    AND mode = 'AccessExclusiveLock') THEN RAISE '% changes while everybody waits', TG_TABLE_NAME; END IF;
RETURN NULL; END $$;
CREATE TRIGGER forbidding AFTER INSERT OR UPDATE ON dead_letters FOR EACH STATEMENT EXECUTE FUNCTION forbid();
CREATE TRIGGER forbidding AFTER INSERT OR UPDATE ON duplicate_counts FOR EACH STATEMENT EXECUTE FUNCTION forbid();
CREATE TRIGGER forbidding AFTER INSERT OR UPDATE ON lake_files FOR EACH STATEMENT EXECUTE FUNCTION forbid();
"""


def test_a_replay_of_a_purged_day_ends_with_the_same_rows(sessions, lake, purged):
    before = lake.ticks_file(DAY, "ES").read_bytes()
    store_quotes(sessions, quotes(5))

    (done,) = merge_day(sessions, lake, DAY, AGAIN)

    assert (done.late, done.added, done.conflicts, done.facts) == (5, 0, 0, None)
    assert lake.ticks_file(DAY, "ES").read_bytes() == before
    assert is_gone(sessions)
    assert duplicates(sessions) == [("REPLAY", "ES", 5)]


def test_late_ticks_are_sorted_into_the_file_and_leave_the_database(sessions, lake, purged):
    late = [quote(seq=2, source="EXCEL"), quote(seq=9), quote(ts=quote().ts - timedelta(seconds=1), seq=7)]
    store_quotes(sessions, [*late, *quotes(2)])

    (done,) = merge_day(sessions, lake, DAY, AGAIN)

    assert (done.late, done.added, done.facts.rows) == (5, 3, 8)
    assert keys(lake) == [(7, "REPLAY"), *[(s, "REPLAY") for s in (1,)], (2, "EXCEL"), (2, "REPLAY"), *rest(3, 4, 5, 9)]
    assert is_gone(sessions)
    assert duplicates(sessions) == [("REPLAY", "ES", 2)]
    with sessions() as session:
        row = find_file(session, TICKS, DAY, "ES")
    assert (row.rows, row.purged_at, row.verified_at, row.written_at) == (8, LATER, AGAIN, AGAIN)
    verify_file(lake, row)


def test_late_ticks_of_a_symbol_that_had_none_make_a_file(sessions, lake, purged):
    store_quotes(sessions, quotes(3, symbol="NQ"))

    (done,) = merge_day(sessions, lake, DAY, AGAIN)

    assert (done.symbol, done.added, done.facts.rows) == ("NQ", 3, 3)
    with sessions() as session:
        rows = list_files(session, DAY, NEXT)
    assert [(row.symbol, row.rows, row.purged_at) for row in rows] == [("ES", 5, LATER), ("NQ", 3, AGAIN)]
    assert is_gone(sessions)


def test_a_late_tick_that_contradicts_the_lake_becomes_a_dead_letter(sessions, lake, purged):
    store_quotes(sessions, [quote(seq=3, last=Decimal("1.5")), quote(seq=4), quote(seq=6)])

    (done,) = merge_day(sessions, lake, DAY, AGAIN)

    assert (done.late, done.added, done.conflicts) == (3, 1, 1)
    assert {row["last"] for row in rows_in(lake)} == {Decimal("6710.25")}
    assert duplicates(sessions) == [("REPLAY", "ES", 1)]
    with sessions() as session:
        (letter,) = session.scalars(select(DeadLetter))
    assert letter.reason.startswith("conflict: ")
    assert (letter.source, letter.symbol, letter.session_date, letter.state) == ("REPLAY", "ES", DAY, "open")
    assert (letter.fields["seq"], letter.fields["last"]) == ("3", "1.500000000")


def test_what_came_late_twice_is_counted_twice_and_kept_once(sessions, lake, purged):
    for _time in range(2):
        store_quotes(sessions, [quote(seq=3, last=Decimal(1)), quote(seq=4), quote(seq=9)])
        merge_day(sessions, lake, DAY, AGAIN + timedelta(seconds=_time))

    assert len(rows_in(lake)) == 6
    assert duplicates(sessions) == [("REPLAY", "ES", 3)]
    with sessions() as session:
        assert len(session.scalars(select(DeadLetter)).all()) == 2


def test_contradictions_of_two_days_at_one_instant_are_kept_apart(sessions, lake, purged):
    following = quote(session_date=NEXT, ts=quote().ts + timedelta(days=1))
    store_quotes(sessions, [following])
    export_day(sessions, lake, NEXT, LATER)
    purge_day(sessions, lake, NEXT, LATER)
    store_quotes(sessions, [quote(last=Decimal(1)), following._replace(last=Decimal(1))])

    for day in (DAY, NEXT):
        merge_day(sessions, lake, day, AGAIN)

    assert letters(sessions) == [1, 1]


def test_as_many_contradictions_as_may_come_are_all_kept(sessions, lake):
    early, late = (quotes(2 * ROWS_AT_ONCE + 3, last=Decimal(price)) for price in (1, 2))
    store_quotes(sessions, early)
    export_day(sessions, lake, DAY, LATER)
    purge_day(sessions, lake, DAY, LATER)
    store_quotes(sessions, late)

    (done,) = merge_day(sessions, lake, DAY, AGAIN)

    assert (done.conflicts, done.facts) == (len(late), None)
    assert letters(sessions) == [one.seq for one in late]
    assert list(lake.staging.iterdir()) == []


def test_what_is_written_to_the_database_is_written_while_others_read_and_write(sessions, lake, purged):
    store_quotes(sessions, [quote(seq=3, last=Decimal("1.5")), quote(seq=4), quote(seq=6)])
    with sessions.begin() as session:
        session.execute(text(FORBID_UNDER_THE_LOCK_OF_ALL_DAYS))
    try:
        (done,) = merge_day(sessions, lake, DAY, AGAIN)
    finally:
        with sessions.begin() as session:
            session.execute(text("DROP FUNCTION forbid CASCADE"))

    assert (done.added, letters(sessions), duplicates(sessions)) == (1, [3], [("REPLAY", "ES", 1)])


def test_a_merge_that_must_try_again_keeps_its_dead_letters_once(sessions, lake, purged):
    store_quotes(sessions, [quote(seq=3, last=Decimal("1.5"))])
    with sessions() as reader, ThreadPoolExecutor(1) as pool:
        reader.execute(text("LOCK TABLE ticks IN ACCESS SHARE MODE"))
        merge = pool.submit(merge_day, sessions, lake, DAY, AGAIN)
        until(lambda: asks_for_all_days(sessions))
        until(lambda: not asks_for_all_days(sessions))
        reader.rollback()
        merge.result(DEADLINE_S)

    assert letters(sessions) == [3]


def test_of_several_exports_at_once_one_merges_and_the_others_find_nothing_left(sessions, lake, purged):
    store_quotes(sessions, [quote(seq=9), *quotes(2)])
    with ThreadPoolExecutor(3) as pool:
        with file_lock(sessions, DAY, "ES"):
            exports = [pool.submit(export_day, sessions, lake, DAY, AGAIN) for _number in range(3)]
            until(lambda: waiting_writers(sessions) == 3)
        done = [export.result(DEADLINE_S).symbols for export in exports]

    assert sorted(len(symbols) for symbols in done) == [0, 0, 1]
    assert (len(rows_in(lake)), duplicates(sessions)) == (6, [("REPLAY", "ES", 2)])
    with pytest.raises(PartitionAbsent):
        merge_day(sessions, lake, DAY, AGAIN)


def test_what_comes_while_a_merge_waits_for_the_files_is_merged_with_the_rest(sessions, lake, purged):
    store_quotes(sessions, [quote(seq=9)])
    with ThreadPoolExecutor(1) as pool:
        with file_lock(sessions, DAY, "ES"):
            merge = pool.submit(merge_day, sessions, lake, DAY, AGAIN)
            until(lambda: waiting_writers(sessions) == 1)
            store_quotes(sessions, [quote(seq=10)])
        (done,) = merge.result(DEADLINE_S)

    assert (done.late, done.added, len(rows_in(lake)), is_gone(sessions)) == (2, 2, 7, True)


def test_a_symbol_that_comes_while_a_merge_waits_for_the_files_is_left_to_the_next_one(sessions, lake, purged):
    store_quotes(sessions, [quote(seq=9)])
    with ThreadPoolExecutor(1) as pool:
        with file_lock(sessions, DAY, "ES"):
            merge = pool.submit(merge_day, sessions, lake, DAY, AGAIN)
            until(lambda: waiting_writers(sessions) == 1)
            store_quotes(sessions, [quote(symbol="NQ")])
        with pytest.raises(Conflict, match="stored meanwhile: run it again"):
            merge.result(DEADLINE_S)

    assert (stored(sessions), len(merge_day(sessions, lake, DAY, AGAIN))) == (2, 2)


def test_a_merge_that_breaks_between_file_and_manifest_is_completed_and_counts_once(sessions, lake, purged):
    store_quotes(sessions, [quote(seq=4), quote(seq=9), quote(symbol="NQ")])
    break_a_merge(sessions, lake)
    assert (len(rows_in(lake)), stored(sessions)) == (6, 3)
    store_quotes(sessions, [quote(seq=10), quote(seq=5)])

    done = merge_day(sessions, lake, DAY, AGAIN)

    assert [(one.symbol, one.late, one.added) for one in done] == [("ES", 4, 2), ("NQ", 1, 1)]
    assert [seq for seq, _source in keys(lake)] == [1, 2, 3, 4, 5, 9, 10]
    assert duplicates(sessions) == [("REPLAY", "ES", 2)]
    with sessions() as session:
        assert [verify_file(lake, row).exists() for row in list_files(session, DAY, NEXT)] == [True, True]


def test_the_file_of_a_merge_that_broke_is_read_verified_and_merged_again_however_often_it_breaks(
    sessions, lake, purged
):
    for seq in (9, 10):
        store_quotes(sessions, [quote(seq=4)] * (seq == 9) + [quote(seq=seq)])
        before = history(sessions, lake)
        break_a_merge(sessions, lake)
        with sessions() as session:
            row = find_file(session, TICKS, DAY, "ES")

        assert len(rows_in(lake)) == before.num_rows == row.rows + seq - 8
        assert history(sessions, lake).equals(before)
        assert verify_file(lake, row) == check_bytes(lake, row) == lake.ticks_file(DAY, "ES")

    merge_day(sessions, lake, DAY, AGAIN)

    assert history(sessions, lake).equals(before)
    assert duplicates(sessions) == [("REPLAY", "ES", 1)]


def test_the_file_of_a_merge_that_broke_is_believed_no_more_when_any_byte_changes(sessions, lake, purged):
    store_quotes(sessions, [quote(seq=9)])
    break_a_merge(sessions, lake)
    path = lake.ticks_file(DAY, "ES")
    whole = path.read_bytes()
    with sessions() as session:
        row = find_file(session, TICKS, DAY, "ES")

    for at in range(0, len(whole), 41):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        for use in (verify_file, check_bytes):
            with pytest.raises(Conflict, match="damaged"):
                use(lake, row)
    with pytest.raises(Conflict, match="ES on 2025-10-09 is damaged"):
        history(sessions, lake)
    with pytest.raises(Conflict, match="restore it from a backup"):
        merge_day(sessions, lake, DAY, AGAIN)
    assert stored(sessions) == 1


def test_killed_mergers_lose_nothing_and_the_next_one_completes(sessions, lake, purged, database_url):
    store_quotes(sessions, quotes(3000, first_seq=4))
    for kill in range(4):
        merger = subprocess.Popen([sys.executable, "-c", MERGER, database_url, str(lake.root)], cwd=ROOT)
        wait_until_it_writes(merger, lake)
        time.sleep(kill * 0.02)  # Each kill meets the merge at another point.
        merger.send_signal(signal.SIGKILL)
        merger.wait(DEADLINE_S)

        inspect_file(lake.ticks_file(DAY, "ES"), TICK_FILE)
        assert stored(sessions) in (0, 3000)

    export_day(sessions, lake, DAY, AGAIN)

    assert keys(lake) == rest(*range(1, 3004))
    assert is_gone(sessions)
    assert list(lake.staging.iterdir()) == []
    assert duplicates(sessions) == [("REPLAY", "ES", 2)]


def test_a_damaged_file_keeps_its_late_ticks_in_the_database(sessions, lake, purged):
    store_quotes(sessions, [quote(seq=9)])
    path = lake.ticks_file(DAY, "ES")
    path.write_bytes(path.read_bytes()[:-1])

    with pytest.raises(Conflict, match="restore it from a backup"):
        merge_day(sessions, lake, DAY, AGAIN)

    assert stored(sessions) == 1


def test_late_ticks_of_a_file_that_is_gone_stay_in_the_database(sessions, lake, purged):
    store_quotes(sessions, [quote(seq=9)])
    lake.ticks_file(DAY, "ES").unlink()

    with pytest.raises(Conflict, match="restore it from a backup"):
        merge_day(sessions, lake, DAY, AGAIN)

    assert stored(sessions) == 1


def test_exporting_a_purged_day_merges_whatever_the_options_are(sessions, lake, purged):
    assert export_day(sessions, lake, DAY, AGAIN, ExportOptions(overwrite=True)).symbols == ()
    store_quotes(sessions, [quote(seq=9), quote(symbol="NQ")])

    done = export_day(sessions, lake, DAY, AGAIN, ExportOptions(["ES"], overwrite=True))

    assert [(one.plan.symbol, one.plan.action, one.merged) for one in done.symbols] == [
        ("ES", Action.MERGE, 1),
        ("NQ", Action.MERGE, 1),
    ]
    assert (done.counts()["ticks"], done.counts()["files"]) == (2, 2)
    assert is_gone(sessions)


def test_purging_a_purged_day_again_merges_its_late_ticks(sessions, lake, purged):
    store_quotes(sessions, [quote(seq=9)])

    assert purge_day(sessions, lake, DAY, AGAIN, dry_run=True).state is PurgeState.MERGED
    assert stored(sessions) == 1
    assert purge_day(sessions, lake, DAY, AGAIN).state is PurgeState.MERGED

    assert (len(rows_in(lake)), is_gone(sessions)) == (6, True)


def test_a_purged_day_is_not_exported_in_part_to_another_folder(sessions, lake, purged, tmp_path):
    store_quotes(sessions, [quote(seq=9)])

    with pytest.raises(Conflict, match="in the lake alone"):
        export_day(sessions, Lake(tmp_path / "own"), DAY, AGAIN, ExportOptions(recorded=False))


def test_an_export_that_was_planned_before_the_purge_replaces_nothing(sessions, lake):
    store_quotes(sessions, quotes(5))
    options = ExportOptions(overwrite=True)
    export_day(sessions, lake, DAY, LATER)
    with sessions() as session:
        (plan,) = plan_day(session, lake, DAY, options)
    purge_day(sessions, lake, DAY, LATER)
    store_quotes(sessions, [quote(seq=9)])

    done = export_symbol(sessions, lake, plan, AGAIN, options)

    assert (done.plan.action, done.facts) == (Action.MERGE, None)
    assert len(rows_in(lake)) == 5


def break_a_merge(sessions, lake):
    with sessions.begin() as session:
        session.execute(text(FAIL_AT_COMMIT))
    with pytest.raises(DBAPIError, match="as the test wants"):
        merge_day(sessions, lake, DAY, AGAIN)
    with sessions.begin() as session:
        session.execute(text("DROP FUNCTION fail CASCADE"))


def history(sessions, lake):
    with sessions() as session:
        return read_ticks(session, lake, market("CME_Futures"), "ES", OPEN, CLOSE).combine_chunks()


def rows_in(lake):
    return pq.read_table(lake.ticks_file(DAY, "ES"), partitioning=None).to_pylist()


def keys(lake):
    return [(row["seq"], row["source"]) for row in rows_in(lake)]


def rest(*seqs):
    return [(seq, "REPLAY") for seq in seqs]


def stored(sessions):
    with sessions() as session:
        return len(session.scalars(select(Tick.seq)).all())


def is_gone(sessions):
    with sessions() as session:
        return DAY not in existing_partitions(session)


def duplicates(sessions):
    with sessions() as session:
        return [(row.source, row.symbol, row.count) for row in session.scalars(select(DuplicateCount))]


def letters(sessions):
    with sessions() as session:
        return [int(found["seq"]) for found in session.scalars(select(DeadLetter.fields).order_by(DeadLetter.id))]


def asks_for_all_days(sessions):
    with sessions() as session:
        return session.scalar(
            text(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                "AND query LIKE 'SELECT drop_tick_partition%' AND state = 'active'"
            )
        )


def wait_until_it_writes(process, lake):
    deadline = time.monotonic() + DEADLINE_S
    while process.poll() is None and not list(lake.staging.glob("*.part")):
        assert time.monotonic() < deadline
        time.sleep(0.002)


@pytest.fixture
def purged(sessions, lake):
    store_quotes(sessions, quotes(5))
    export_day(sessions, lake, DAY, LATER)
    purge_day(sessions, lake, DAY, LATER)


@pytest.fixture
def lake(tmp_path):
    return Lake(tmp_path / "lake")

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from shutil import copyfile

import pytest
from sqlalchemy import delete, select, text, update

from app.errors import Conflict
from app.export import purging
from app.export.purging import PurgeState, purge_day
from app.export.ticks import ExportOptions, export_day
from app.lake.layout import TICKS, Lake
from app.lake.locks import file_lock
from app.lake.manifest import find_file, list_files
from app.lake.models import LakeFile
from app.ticks.models import Tick
from app.ticks.partitions import ensure_partitions, existing_partitions, partition_name
from app.ticks.store import append_ticks
from tests.factories import DAY, lines, quote, quotes
from tests.lake_days import purge as move_to_lake
from tests.lake_days import waiting_writers
from tests.ticks import LATER, store_quotes
from tests.tree import ROOT
from tests.waiting import until

NEXT = DAY + timedelta(days=1)
DEADLINE_S = 20

END_HOLDERS = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE locktype = 'advisory' AND granted
AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
PURGER = """
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from sqlalchemy import create_engine
from sqlalchemy.orm import sessionmaker
from app.export.purging import purge_day
from app.lake.layout import Lake
print("begins", flush=True)
purge_day(sessionmaker(create_engine(sys.argv[1])), Lake(Path(sys.argv[2])), date(2025, 10, 9),
    datetime(2025, 10, 12, tzinfo=UTC))
"""


def test_a_proved_day_leaves_the_database_and_its_files_stay(sessions, lake, exported):
    proved = []

    done = purge_day(sessions, lake, DAY, LATER, tell=proved.append)

    assert (done.state, done.ticks, done.symbols) == (PurgeState.PURGED, 7, 2)
    assert proved == ["ES", "NQ"]
    assert is_gone(sessions)
    with sessions() as session:
        rows = list_files(session, DAY, NEXT)
    assert [(row.symbol, row.rows, row.purged_at, row.verified_at) for row in rows] == [
        ("ES", 5, LATER, LATER),
        ("NQ", 2, LATER, LATER),
    ]
    assert all((lake.root / row.path).is_file() for row in rows)


def test_a_dry_run_proves_and_changes_nothing(sessions, lake, exported):
    proved = []

    done = purge_day(sessions, lake, DAY, LATER, dry_run=True, tell=proved.append)

    assert (done.state, proved) == (PurgeState.PURGED, ["ES", "NQ"])
    assert stored(sessions) == 7
    with sessions() as session:
        assert find_file(session, TICKS, DAY, "ES").purged_at is None


def test_other_days_are_left_alone(sessions, lake, exported):
    store_quotes(sessions, [quote(session_date=NEXT)])

    purge_day(sessions, lake, DAY, LATER)

    assert stored(sessions) == 1


def test_a_day_without_a_partition_is_told_apart_and_one_without_ticks_is_dropped(sessions, lake):
    assert purge_day(sessions, lake, DAY, LATER).state is PurgeState.ABSENT
    with sessions.begin() as session:
        ensure_partitions(session, [DAY])

    done = purge_day(sessions, lake, DAY, LATER)

    assert (done.state, done.ticks) == (PurgeState.PURGED, 0)
    assert is_gone(sessions)


def flip(path):
    whole = path.read_bytes()
    at = len(whole) // 2
    path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])


HARMS = {
    "a flipped bit": (lambda _s, path: flip(path), "damaged"),
    "a cut file": (lambda _s, path: path.write_bytes(path.read_bytes()[:-9]), "damaged"),
    "no file": (lambda _s, path: path.unlink(), "gone"),
    "an empty file": (lambda _s, path: path.write_bytes(b""), "damaged"),
    "the file of another symbol": (
        lambda _s, path: copyfile(path.parents[1] / "symbol=NQ/ticks.parquet", path),
        "damaged",
    ),
    "no record": (lambda s, _p: s.execute(delete(LakeFile).where(LakeFile.symbol == "ES")), "no file of ES"),
    "one tick more": (lambda s, _p: append_ticks(s, lines(quote(seq=99))), "differs from its file in rows"),
    "one tick fewer": (lambda s, _p: s.execute(delete(Tick).where(Tick.seq == 3)), "PostgreSQL only 4"),
    "no tick at all": (
        lambda s, _p: s.execute(delete(Tick).where(Tick.symbol == "ES")),
        "holds 5 ticks and PostgreSQL only 0",
    ),
    "a tick of a symbol without a file": (
        lambda s, _p: append_ticks(s, lines(quote(symbol="YM"))),
        "no file of YM",
    ),
    "another price": (
        lambda s, _p: s.execute(update(Tick).where(Tick.seq == 3).values(last=Decimal("6710.250000001"))),
        "differ in the column last",
    ),
    "another seq in the middle": (
        lambda s, _p: s.execute(update(Tick).where(Tick.seq == 3).values(ts=Tick.ts, source="EXCEL")),
        "differ in",
    ),
    "another hash in the manifest": (
        lambda s, _p: s.execute(update(LakeFile).where(LakeFile.symbol == "ES").values(sha256="0" * 64)),
        "damaged",
    ),
    "another number of rows in the manifest": (
        lambda s, _p: s.execute(update(LakeFile).where(LakeFile.symbol == "ES").values(rows=4)),
        "differs from its file in rows",
    ),
    "another first number in the manifest": (
        lambda s, _p: s.execute(update(LakeFile).where(LakeFile.symbol == "ES").values(min_seq=0)),
        "differs from its file in min_seq",
    ),
}


@pytest.mark.parametrize("harm", HARMS)
def test_nothing_is_dropped_when_anything_is_wrong(sessions, lake, exported, harm):
    do, reason = HARMS[harm]
    with sessions.begin() as session:
        do(session, lake.ticks_file(DAY, "ES"))
    before = stored(sessions)

    with pytest.raises(Conflict, match=reason):
        purge_day(sessions, lake, DAY, LATER)

    assert stored(sessions) == before
    with sessions() as session:
        assert session.scalars(select(LakeFile.purged_at)).unique().all() == [None]


def test_a_file_that_is_found_damaged_is_written_again_by_the_next_export(sessions, lake, exported):
    flip(lake.ticks_file(DAY, "ES"))
    with pytest.raises(Conflict, match="damaged"):
        purge_day(sessions, lake, DAY, LATER)

    assert export_day(sessions, lake, DAY, LATER).counts()["files"] == 1
    assert purge_day(sessions, lake, DAY, LATER).state is PurgeState.PURGED


def test_a_running_export_of_one_symbol_forbids_it(sessions, lake, exported):
    with file_lock(sessions, DAY, "NQ"), pytest.raises(Conflict, match="another process is writing the files of NQ"):
        purge_day(sessions, lake, DAY, LATER)

    assert stored(sessions) == 7


def test_of_several_purges_at_once_one_drops_the_day_and_the_others_find_none(sessions, lake, exported, monkeypatch):
    monkeypatch.setattr(purging, "LOCK_WAIT_S", DEADLINE_S)
    with ThreadPoolExecutor(3) as pool:
        with file_lock(sessions, DAY, "ES"):
            purges = [pool.submit(purge_day, sessions, lake, DAY, LATER) for _number in range(3)]
            until(lambda: waiting_writers(sessions) == 3)
        done = [purge.result(DEADLINE_S).state for purge in purges]

    assert sorted(done) == [PurgeState.ABSENT, PurgeState.ABSENT, PurgeState.PURGED]


def test_late_ticks_of_a_day_that_another_process_just_purged_are_merged(sessions, lake, exported, monkeypatch):
    monkeypatch.setattr(purging, "LOCK_WAIT_S", DEADLINE_S)
    with ThreadPoolExecutor(1) as pool:
        with file_lock(sessions, DAY, "ES"):
            purge = pool.submit(purge_day, sessions, lake, DAY, LATER)
            until(lambda: waiting_writers(sessions) == 1)
            move_to_lake(sessions, DAY, "ES", "NQ")
            store_quotes(sessions, [quote(seq=77)])
        done = purge.result(DEADLINE_S)

    assert (done.state, done.ticks, done.symbols) == (PurgeState.MERGED, 1, 1)
    assert is_gone(sessions)


def test_of_several_purges_of_an_empty_partition_one_drops_it_and_the_others_find_none(sessions, lake):
    with sessions.begin() as session:
        ensure_partitions(session, [DAY])
    with sessions() as writer, ThreadPoolExecutor(3) as pool:
        writer.execute(text(f"LOCK TABLE {partition_name(DAY)} IN ROW EXCLUSIVE MODE"))
        purges = [pool.submit(purge_day, sessions, lake, DAY, LATER) for _number in range(3)]
        until(lambda: waiters(sessions) == 3)
        writer.rollback()
        done = [purge.result(DEADLINE_S).state for purge in purges]

    assert sorted(done) == [PurgeState.ABSENT, PurgeState.ABSENT, PurgeState.PURGED]


def test_a_tick_that_comes_while_the_day_is_proved_forbids_it(sessions, lake, exported):
    def store_late(symbol):
        if symbol == "NQ":
            store_quotes(sessions, [quote(seq=77)])

    with pytest.raises(Conflict, match="stored meanwhile"):
        purge_day(sessions, lake, DAY, LATER, tell=store_late)

    assert stored(sessions) == 8


def test_a_tick_in_an_open_transaction_is_waited_for_and_forbids_it(sessions, lake, exported):
    with sessions() as session, ThreadPoolExecutor(1) as pool:
        append_ticks(session, lines(quote(seq=77)))
        purge = pool.submit(purge_day, sessions, lake, DAY, LATER)
        until(lambda: waiters(sessions))
        session.commit()

        with pytest.raises(Conflict, match="stored meanwhile"):
            purge.result(DEADLINE_S)

    assert stored(sessions) == 8


def test_a_reader_is_waited_for_and_sees_the_day_while_writers_of_other_days_go_on(sessions, lake, exported):
    store_quotes(sessions, [quote(session_date=NEXT)])
    with sessions() as session, ThreadPoolExecutor(1) as pool:
        session.execute(text("LOCK TABLE ticks IN ACCESS SHARE MODE"))
        purge = pool.submit(purge_day, sessions, lake, DAY, LATER)
        until(lambda: waiters(sessions))
        store_quotes(sessions, quotes(20, first_seq=100, session_date=NEXT))
        seen = session.scalar(text("SELECT count(*) FROM ticks WHERE session_date = '2025-10-09'"))
        was_done = purge.done()
        session.commit()
        purge.result(DEADLINE_S)

    assert (seen, was_done) == (7, False)
    assert stored(sessions) == 21


def test_the_ingest_path_stores_late_ticks_of_a_purged_day(sessions, lake, exported):
    purge_day(sessions, lake, DAY, LATER)

    store_quotes(sessions, [quote(seq=50)])

    assert stored(sessions) == 1


def test_a_lock_that_is_lost_while_the_day_is_proved_forbids_it(sessions, lake, exported):
    def lose(_symbol):
        with sessions() as session:
            session.execute(text(END_HOLDERS))

    with pytest.raises(Conflict, match="was lost"):
        purge_day(sessions, lake, DAY, LATER, tell=lose)

    assert stored(sessions) == 7


def test_killed_purges_drop_all_of_a_day_or_nothing_and_the_next_one_completes(sessions, lake, database_url):
    store_quotes(sessions, quotes(3000))
    export_day(sessions, lake, DAY, LATER)
    for kill in range(4):
        purge = subprocess.Popen(
            [sys.executable, "-c", PURGER, database_url, str(lake.root)], cwd=ROOT, stdout=subprocess.PIPE
        )
        purge.stdout.readline()
        time.sleep(kill * 0.02)  # Each kill meets the purge at another point.
        purge.kill()
        purge.communicate(timeout=DEADLINE_S)

        with sessions() as session:
            is_purged = find_file(session, TICKS, DAY, "ES").purged_at is not None
        assert (stored(sessions), is_purged) in ((3000, False), (0, True))

    purge_day(sessions, lake, DAY, LATER)
    assert is_gone(sessions)


def test_a_file_that_vanishes_at_the_last_moment_forbids_it(sessions, lake, exported):
    def remove(symbol):
        if symbol == "NQ":
            lake.ticks_file(DAY, "ES").unlink()

    with pytest.raises(Conflict, match="was changed while it was verified"):
        purge_day(sessions, lake, DAY, LATER, tell=remove)

    assert stored(sessions) == 7


def stored(sessions):
    with sessions() as session:
        return session.scalar(text("SELECT count(*) FROM ticks"))


def is_gone(sessions):
    with sessions() as session:
        return DAY not in existing_partitions(session)


def waiters(sessions):
    with sessions() as session:
        return session.scalar(
            text(
                "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'relation' "
                "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            )
        )


@pytest.fixture
def exported(sessions, lake):
    store_quotes(sessions, [*quotes(5), *quotes(2, symbol="NQ")])
    return export_day(sessions, lake, DAY, LATER, ExportOptions())


@pytest.fixture
def lake(tmp_path):
    return Lake(tmp_path / "lake")

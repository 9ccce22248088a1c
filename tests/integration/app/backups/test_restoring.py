import os
import random
import re
from collections import Counter
from contextlib import suppress
from threading import Event

import pytest
from sqlalchemy import text

from app.backups import bus as stream
from app.backups import restoring
from app.backups.manifest import read_manifest
from app.backups.restoring import restore_lake
from app.backups.tables import UNFINISHED
from app.backups.target import Target
from app.bus import keys
from app.errors import Conflict, NotFound, ThorError, Unavailable
from app.export.plan import ExportOptions
from app.export.ticks import export_day
from app.ingest.run import Ingestor, IngestPlan
from app.lake.facts import file_digest
from app.models import TABLES
from app.operations.migrating import known_revisions, migrate_database, move_to
from tests.backups import back_up, quietly, restore
from tests.factories import quotes
from tests.faults.harness.filling import DAY, LATER, fill_day
from tests.old_rows import ROWS, add_old_rows

NAMES = [model.__tablename__ for model in TABLES]


def test_every_row_of_every_table_and_every_file_comes_back(filled, elsewhere, tmp_path):
    made = back_up(filled, tmp_path / "shelf")

    done = restore(elsewhere, made)

    assert done.differences == []
    assert contents(elsewhere) == contents(filled)
    assert files(elsewhere) == files(filled) != {}
    assert elsewhere.redis.xlen(keys.STREAM) == filled.redis.xlen(keys.STREAM) == 5


def test_numbers_go_on_after_those_that_were_given(filled, elsewhere, tmp_path):
    restore(elsewhere, back_up(filled, tmp_path / "shelf"))

    new = "INSERT INTO alerts (rule, severity, detail, raised_at, seen_at) VALUES ('x', 'info', 'x', now(), now())"
    ids = []
    for one in (filled, elsewhere):
        with one.sessions.begin() as session:
            ids.append(session.scalar(text(f"{new} RETURNING id")))

    assert ids == [7001, 7001]


@pytest.mark.parametrize("revision", sorted(ROWS))
def test_a_backup_of_an_older_thor_goes_forward(servers, worker_id_or_main, elsewhere, tmp_path, revision):
    with elsewhere.sessions.begin() as session:
        move_to(session.connection(), revision)
        add_old_rows(session.connection(), revision, but=["lake_files"])
        before = contents(elsewhere, session)
    made = back_up(elsewhere, tmp_path / "shelf")

    done = restore(elsewhere, made, replace=True)
    migrate_database(elsewhere, 1)

    assert (done.revision, done.now_at, done.differences) == (revision, known_revisions()[-1], [])
    after = contents(elsewhere)
    assert {name: len(rows) for name, rows in before.items() if len(after[name]) < len(rows)} == {}
    with elsewhere.sessions() as session:
        assert session.scalar(text("SELECT count(*) FROM ticks WHERE bid = 999999999.999999999")) == 300


def test_a_backup_of_a_newer_thor_is_refused(filled, elsewhere, tmp_path):
    made = back_up(filled, tmp_path / "shelf")
    newer = made.manifest.model_copy(update={"revision": "9999"})

    with pytest.raises(Conflict, match="newer than this Thor"):
        restoring.look_before(elsewhere, newer, replace=True)


def test_a_flipped_byte_of_any_part_is_refused_before_anything_is_touched(filled, elsewhere, tmp_path):
    made = back_up(filled, tmp_path / "shelf")
    chance = random.Random(7)

    for part in made.manifest.parts:
        path = made.folder / part.path
        whole = path.read_bytes()
        place = chance.randrange(len(whole))
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(Conflict, match=re.escape(part.path)):
            restore(elsewhere, made)
        path.write_bytes(whole)

    assert is_untouched(elsewhere)
    assert restore(elsewhere, made).differences == []


@pytest.mark.parametrize("harm", ["cut", "gone", "manifest"])
def test_a_backup_that_lost_something_is_refused(filled, elsewhere, tmp_path, harm):
    made = back_up(filled, tmp_path / "shelf")
    part = made.folder / made.manifest.tables[-1].part.path
    if harm == "cut":
        os.truncate(part, part.stat().st_size - 1)
    elif harm == "gone":
        part.unlink()
    else:
        manifest = made.folder / "manifest.json"
        manifest.write_text(manifest.read_text().replace('"rows": 5', '"rows": 4'))

    with pytest.raises(Conflict):
        read_manifest(made.folder)
        restore(elsewhere, made)
    assert is_untouched(elsewhere)


def test_a_machine_that_has_rows_is_refused_unless_they_may_go(filled, elsewhere, tmp_path):
    made = back_up(filled, tmp_path / "shelf")
    migrate_database(elsewhere, 1)
    fill_day(elsewhere.sessions, "NQ", 3)

    with pytest.raises(Conflict, match=r"no empty machine \(rows in ticks_p20251009\)"):
        restore(elsewhere, made)
    assert restore(elsewhere, made, replace=True).differences == []
    assert contents(elsewhere) == contents(filled)


def test_a_database_of_a_newer_thor_gives_way_when_it_may_go(filled, elsewhere, tmp_path):
    made = back_up(filled, tmp_path / "shelf")
    migrate_database(elsewhere, 1)
    with elsewhere.sessions.begin() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        session.execute(text("CREATE TABLE of_tomorrow (id bigint)"))

    with pytest.raises(Conflict, match="newer than this Thor"):
        restore(elsewhere, made)
    assert restore(elsewhere, made, replace=True).differences == []
    assert contents(elsewhere) == contents(filled)


def test_a_database_that_goes_away_is_told_and_changes_nothing(filled, elsewhere, tmp_path, monkeypatch):
    made = back_up(filled, tmp_path / "shelf")

    def cut(cursor, *_more):
        with filled.sessions.begin() as session:
            session.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": cursor.connection.info.backend_pid})
        cursor.execute("SELECT 1")

    with monkeypatch.context() as patch:
        patch.setattr(restoring, "write_sequences", cut)
        with pytest.raises(Unavailable, match="PostgreSQL went away"):
            restore(elsewhere, made)
    assert restore(elsewhere, made).differences == []


def test_a_machine_whose_stream_has_quotes_is_refused(filled, elsewhere, tmp_path):
    made = back_up(filled, tmp_path / "shelf")
    elsewhere.redis.xadd(keys.STREAM, {"a": "b"})

    with pytest.raises(Conflict, match="the quote stream in Redis"):
        restore(elsewhere, made)


def test_a_lake_with_other_files_is_refused_or_put_aside(filled, elsewhere, tmp_path):
    made = back_up(filled, tmp_path / "shelf")
    stray = elsewhere.lake.root / "ticks/date=2025-10-01/symbol=ES/ticks.parquet"
    stray.parent.mkdir(parents=True)
    stray.write_bytes(b"mine")

    with pytest.raises(Conflict, match="1 files that the backup has not"):
        restore(elsewhere, made)
    restore(elsewhere, made, replace=True)

    assert files(elsewhere) == files(filled)
    assert not stray.exists()
    aside = elsewhere.lake.root / ".replaced/ticks/date=2025-10-01/symbol=ES/ticks.parquet"
    assert aside.read_bytes() == b"mine"


def test_others_at_work_are_a_reason_to_refuse(filled, elsewhere, tmp_path):
    made = back_up(filled, tmp_path / "shelf")

    with elsewhere.sessions() as busy:
        busy.execute(text("SELECT 1"))
        with pytest.raises(Conflict, match="1 others are connected"):
            restore(elsewhere, made)


@pytest.mark.parametrize(
    "point", ["_put_lake", "_restore_tables", "table_digest", "_finish", "bus.clear", "bus.put", "write_sequences"]
)
def test_a_restore_that_broke_off_anywhere_is_finished_by_the_next(filled, elsewhere, tmp_path, monkeypatch, point):
    made = back_up(filled, tmp_path / "shelf")
    owner, name = (stream, point.removeprefix("bus.")) if point.startswith("bus.") else (restoring, point)
    with monkeypatch.context() as patch, suppress(BrokenOff):
        patch.setattr(owner, name, break_off)
        restore(elsewhere, made)

    assert restore(elsewhere, made).differences == []
    assert contents(elsewhere) == contents(filled)
    assert elsewhere.redis.xlen(keys.STREAM) == 5


def test_thor_does_not_start_on_what_was_half_restored(filled, elsewhere, tmp_path, monkeypatch):
    made = back_up(filled, tmp_path / "shelf")
    with monkeypatch.context() as patch, suppress(BrokenOff):
        patch.setattr(stream, "put", break_off)
        restore(elsewhere, made)

    with pytest.raises(Conflict, match="was not finished"):
        migrate_database(elsewhere, 1)
    restore(elsewhere, made)
    migrate_database(elsewhere, 1)


def test_rows_that_a_table_does_not_take_leave_nothing_behind(filled, elsewhere, tmp_path):
    made = back_up(filled, tmp_path / "shelf")
    wrong = [
        table.model_copy(update={"name": "markets"}) if table.name == "alerts" else table
        for table in made.manifest.tables
        if table.name != "markets"
    ]

    with pytest.raises(ThorError, match="does not take the backup's rows"):
        restoring._restore_tables(
            elsewhere, made.folder, made.manifest.model_copy(update={"tables": tuple(wrong)}), Target(None), quietly
        )
    assert is_untouched(elsewhere)


def test_files_of_the_lake_alone_come_back_where_the_catalog_knows_them_so(filled, tmp_path):
    made = back_up(filled, tmp_path / "shelf")
    sound, damaged, gone = sorted(filled.lake.root.glob("ticks/**/*.parquet"))
    damaged.write_bytes(b"x" * damaged.stat().st_size)
    gone.unlink()

    looked = restore_lake(filled, made.folder, made.manifest, quietly, dry_run=True)
    done = restore_lake(filled, made.folder, made.manifest, quietly)

    assert (looked.lake_files, done.lake_files, done.lake_kept, done.differences) == (2, 2, 0, [])
    assert {path: file_digest(path) for path in (sound, damaged, gone)} == {
        filled.lake.root / part.path.removeprefix("lake/"): part.sha256 for part in made.manifest.lake
    }


def test_a_file_that_was_written_again_since_is_left_as_it_is(filled, tmp_path):
    made = back_up(filled, tmp_path / "shelf")
    fill_day(filled.sessions, "ES", 60, first=51)
    export_day(filled.sessions, filled.lake, DAY, LATER, ExportOptions(overwrite=True))
    newer = file_digest(filled.lake.ticks_file(DAY, "ES"))

    done = restore_lake(filled, made.folder, made.manifest, quietly)

    assert done.lake_kept >= 1
    assert file_digest(filled.lake.ticks_file(DAY, "ES")) == newer


def test_what_a_backup_lacks_is_told_as_a_difference(filled, elsewhere, tmp_path):
    lost = filled.lake.ticks_file(DAY, "ES")
    lost.unlink()
    made = back_up(filled, tmp_path / "shelf")

    assert [lacking.reason for lacking in made.manifest.lacking] == ["is gone"]
    assert restore(elsewhere, made).differences == [
        "ticks/date=2025-10-09/symbol=ES/ticks.parquet is gone since before the backup"
    ]


def test_entries_are_stored_once_on_the_other_machine(rt, publisher, drain, elsewhere, tmp_path):
    publisher.publish(quotes(4))
    drain()
    publisher.publish(quotes(5, first_seq=5))
    made = back_up(rt, tmp_path / "shelf")
    assert made.manifest.bus.entries == 5
    restore(elsewhere, made)

    stores = (elsewhere.raw_redis, elsewhere.redis, elsewhere.sessions)
    totals = Ingestor(*stores, elsewhere.market, elsewhere.clock, IngestPlan("one")).run(Event(), until_drained=True)

    with elsewhere.sessions() as session:
        found = session.scalars(text("SELECT seq FROM ticks ORDER BY seq")).all()
        assert session.scalar(text("SELECT count(*) FROM duplicate_counts")) == 0
    assert (found, totals.written) == (list(range(1, 10)), 5)


def test_a_table_that_somebody_added_is_told_and_does_not_keep_the_others_from_coming(elsewhere, tmp_path):
    migrate_database(elsewhere, 1)
    with elsewhere.sessions.begin() as session:
        session.execute(text("CREATE TABLE notes (id bigserial, line text)"))
        session.execute(text("INSERT INTO notes (line) VALUES ('mine')"))
    made = back_up(elsewhere, tmp_path / "shelf")
    with elsewhere.sessions.begin() as session:
        session.execute(text("DROP TABLE notes"))

    done = restore(elsewhere, made)

    assert done.differences == ["notes is no table of this Thor: its 1 rows are in the backup alone"]


def test_a_backup_needs_a_prepared_database(elsewhere, tmp_path):
    with pytest.raises(Conflict, match="never prepared"):
        back_up(elsewhere, tmp_path / "shelf")
    assert [path.name for path in (tmp_path / "shelf").iterdir() if path.is_dir()] == []


def test_a_backup_that_is_not_there_is_told(tmp_path):
    with pytest.raises(NotFound):
        read_manifest(tmp_path)


class BrokenOff(BaseException):
    pass


def break_off(*_arguments, **_options):
    raise BrokenOff


def contents(rt, session=None):
    if session is None:
        with rt.sessions() as own:
            return contents(rt, own)
    there = [name for name in NAMES if session.scalar(text("SELECT to_regclass(:name)"), {"name": name}) is not None]
    return {name: Counter(session.scalars(text(f"SELECT one::text FROM {name} AS one"))) for name in there}


def files(rt):
    return {
        path.relative_to(rt.lake.root).as_posix(): file_digest(path) for path in rt.lake.root.glob("ticks/**/*.parquet")
    }


def is_untouched(rt):
    with rt.sessions() as session:
        tables = session.scalars(text("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace")).all()
    return (tables, list(rt.redis.scan_iter()), files(rt)) == ([], [], {}) and UNFINISHED not in tables


@pytest.fixture
def filled(rt, publisher):
    for symbol in ("ES", "NQ", "GC"):
        fill_day(rt.sessions, symbol, 50)
    export_day(rt.sessions, rt.lake, DAY, LATER)
    with rt.sessions.begin() as session:
        but = ("ticks", "lake_files", "trading_instruments", "markets")
        add_old_rows(session.connection(), "9999", but=but)
        session.execute(text("SELECT setval(pg_get_serial_sequence('alerts', 'id'), 7000)"))
    publisher.publish(quotes(5))
    return rt

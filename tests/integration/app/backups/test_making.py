import itertools
import json
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from app.backups import making, tables
from app.backups.manifest import SUMS, find_damage, read_manifest
from app.backups.shelf import Shelf
from app.bus import keys
from app.errors import Conflict, Unavailable
from app.export.plan import ExportOptions
from app.export.ticks import export_day
from app.lake.facts import file_digest
from app.ticks.partitions import drop_partition, ensure_partitions
from tests.backups import back_up
from tests.factories import quotes
from tests.fakes import FixedClock
from tests.faults.harness.filling import DAY, LATER, fill_day

NEXT_DAY = DAY + timedelta(days=1)


class Ticking(FixedClock):
    def __init__(self):
        self._seconds = itertools.count()

    def now(self):
        return datetime(2026, 11, 27, 3, 15, tzinfo=UTC) + timedelta(seconds=next(self._seconds))


@pytest.fixture
def clock():
    return Ticking()


def test_the_manifest_tells_all_that_is_in_it(filled, tmp_path):
    made = back_up(filled, tmp_path / "shelf")

    manifest = read_manifest(made.folder)

    assert manifest == made.manifest
    assert (manifest.rows["ticks_p20251009"], manifest.rows["lake_files"]) == (100, 2)
    assert [part.path for part in manifest.lake] == [
        "lake/ticks/date=2025-10-09/symbol=ES/ticks.parquet",
        "lake/ticks/date=2025-10-09/symbol=NQ/ticks.parquet",
    ]
    assert (manifest.bus.entries, manifest.lacking) == (3, ())
    assert manifest.settings == {"MARKET": "CME_Futures"}
    assert [fault for _part, fault in find_damage(made.folder, manifest) if fault] == []
    there = {path.relative_to(made.folder).as_posix() for path in made.folder.rglob("*") if path.is_file()}
    assert there - {part.path for part in manifest.parts} == {"manifest.json", SUMS}


def test_nobody_else_can_read_a_backup(filled, tmp_path):
    made = back_up(filled, tmp_path / "shelf")

    modes = {path.stat().st_mode & 0o777 for path in (tmp_path / "shelf").rglob("*")}

    assert modes == {0o600, 0o700}
    assert made.folder.parent.stat().st_mode & 0o777 == 0o700


def test_a_second_backup_costs_only_what_is_new(filled, tmp_path):
    first = back_up(filled, tmp_path / "shelf")
    fill_day(filled.sessions, "ES", 40, day=NEXT_DAY)
    export_day(filled.sessions, filled.lake, NEXT_DAY, LATER)

    second = back_up(filled, tmp_path / "shelf")

    own = {part.path for part in second.manifest.parts if (second.folder / part.path).stat().st_nlink == 1}
    assert own == {
        "database/lake_files.copy.zst",
        "database/ticks_p20251010.copy.zst",
        "lake/ticks/date=2025-10-10/symbol=ES/ticks.parquet",
    }
    assert second.linked_bytes > 0 == first.linked_bytes


def test_a_full_backup_shares_nothing(filled, tmp_path):
    back_up(filled, tmp_path / "shelf")

    made = back_up(filled, tmp_path / "shelf", full=True)

    assert {(made.folder / part.path).stat().st_nlink for part in made.manifest.parts} == {1}


def test_old_ones_go_once_the_new_one_is_proved(filled, tmp_path, monkeypatch):
    names = [back_up(filled, tmp_path / "shelf").folder.name for _ in range(3)]
    with monkeypatch.context() as patch:
        patch.setattr(making, "file_digest", lambda _path: "0" * 64)
        with pytest.raises(Unavailable, match="reads otherwise than it was written"):
            back_up(filled, tmp_path / "shelf", keep=1, full=True)
    assert kept(tmp_path) == names

    made = back_up(filled, tmp_path / "shelf", keep=2)

    assert (made.removed, kept(tmp_path)) == (names[:2], [names[2], made.folder.name])


def test_a_file_that_is_damaged_here_comes_from_an_earlier_backup(filled, tmp_path):
    whole = back_up(filled, tmp_path / "shelf")
    path = filled.lake.ticks_file(DAY, "ES")
    path.write_bytes(b"x" * path.stat().st_size)

    made = back_up(filled, tmp_path / "shelf")

    assert made.manifest.lacking == ()
    assert made.manifest.lake == whole.manifest.lake


def test_what_no_backup_has_is_lacking_and_keeps_old_ones(filled, tmp_path):
    old = back_up(filled, tmp_path / "shelf").folder.name
    fill_day(filled.sessions, "ES", 40, day=NEXT_DAY)
    export_day(filled.sessions, filled.lake, NEXT_DAY, LATER)
    filled.lake.ticks_file(NEXT_DAY, "ES").write_bytes(b"damaged")

    made = back_up(filled, tmp_path / "shelf", keep=1)

    assert [(one.path, one.reason) for one in made.manifest.lacking] == [
        ("ticks/date=2025-10-10/symbol=ES/ticks.parquet", "is not what was published")
    ]
    assert (made.removed, kept(tmp_path)) == ([], [old, made.folder.name])


def test_a_file_that_is_written_again_after_it_was_copied_is_copied_again(filled, tmp_path, monkeypatch):
    once = only_once(lambda: write_again(filled))
    monkeypatch.setattr(making.StreamEnd, "read_ahead", before(once, making.StreamEnd.read_ahead))

    made = back_up(filled, tmp_path / "shelf")

    assert once.calls == 1
    assert made.manifest.lake[0].sha256 == file_digest(filled.lake.ticks_file(DAY, "ES"))
    assert made.manifest.rows["ticks_p20251009"] == 110


def test_a_file_that_is_written_again_after_the_snapshot_makes_for_another_snapshot(filled, tmp_path, monkeypatch):
    once = only_once(lambda: write_again(filled))
    # Nothing was copied before, as if the file were new.
    monkeypatch.setattr(making._Maker, "_recorded_now", lambda _maker: [])
    monkeypatch.setattr(making.StreamEnd, "finish", before(once, making.StreamEnd.finish))

    made = back_up(filled, tmp_path / "shelf")

    assert (once.calls, made.manifest.lacking) == (1, ())
    assert made.manifest.rows["ticks_p20251009"] == 110
    assert made.manifest.lake[0].sha256 == file_digest(filled.lake.ticks_file(DAY, "ES"))


def test_a_day_that_is_dropped_at_that_very_moment_makes_for_another_snapshot(filled, tmp_path, monkeypatch):
    with filled.sessions.begin() as session:
        ensure_partitions(session, [NEXT_DAY])

    def drop():
        with filled.sessions.begin() as session:
            drop_partition(session, NEXT_DAY)

    once = only_once(drop)
    listing = tables.list_tables

    def listed(cursor):
        found = listing(cursor)
        once()
        return found

    monkeypatch.setattr(tables, "list_tables", listed)
    monkeypatch.setattr(making._Maker, "_recorded_now", lambda _maker: [])

    made = back_up(filled, tmp_path / "shelf")

    assert once.calls == 1
    assert "ticks_p20251010" not in made.manifest.rows


def test_a_stream_that_is_trimmed_at_that_very_moment_is_read_again(filled, tmp_path, publisher, monkeypatch):
    def come_and_go():
        publisher.publish(quotes(2, first_seq=50))
        filled.redis.xtrim(keys.STREAM, maxlen=1, approximate=False)

    once = only_once(come_and_go)
    monkeypatch.setattr(making.StreamEnd, "finish", before(once, making.StreamEnd.finish))

    made = back_up(filled, tmp_path / "shelf")

    assert (once.calls, made.manifest.bus.entries) == (1, 1)


def test_a_moment_that_never_comes_is_told_and_nothing_is_left(filled, tmp_path, publisher, monkeypatch):
    def come_and_go(*_arguments):
        raise making.StreamTrimmed("the stream was trimmed meanwhile: run it again")

    monkeypatch.setattr(making.StreamEnd, "finish", come_and_go)

    with pytest.raises(Conflict, match="no moment was quiet enough"):
        back_up(filled, tmp_path / "shelf")
    assert [path.name for path in (tmp_path / "shelf").iterdir()] == [".lock"]


def test_ticks_that_are_stored_while_tables_are_copied_are_of_the_next_backup(filled, tmp_path, monkeypatch):
    once = only_once(lambda: fill_day(filled.sessions, "GC", 25))
    monkeypatch.setattr(making, "copy_out", before(once, making.copy_out))

    assert back_up(filled, tmp_path / "shelf").manifest.rows["ticks_p20251009"] == 100
    assert back_up(filled, tmp_path / "shelf").manifest.rows["ticks_p20251009"] == 125


def test_a_disk_that_is_full_leaves_nothing_behind(filled, tmp_path, monkeypatch):
    @contextmanager
    def full(*_arguments):
        raise OSError(28, "No space left on device")
        yield

    monkeypatch.setattr(making.Folder, "packed", full)

    with pytest.raises(Unavailable, match="No space left on device"):
        back_up(filled, tmp_path / "shelf")
    assert kept(tmp_path) == []


def test_a_backup_while_another_is_made_is_refused(filled, tmp_path):
    with Shelf(tmp_path / "shelf").held(), pytest.raises(Conflict, match="another backup"):
        back_up(filled, tmp_path / "shelf")


def test_the_sums_are_read_by_others_too(filled, tmp_path):
    made = back_up(filled, tmp_path / "shelf")

    told = json.loads((made.folder / "manifest.json").read_text())

    assert told["sequences"].keys() >= {"alerts_id_seq", "lake_files_id_seq"}
    assert len((made.folder / SUMS).read_text().splitlines()) == 1 + len(made.manifest.parts)


def kept(tmp_path):
    return [one.name for one in Shelf(tmp_path / "shelf").kept()]


def write_again(rt):
    fill_day(rt.sessions, "ES", 60, first=51)
    export_day(rt.sessions, rt.lake, DAY, LATER, ExportOptions(overwrite=True))


def only_once(deed):
    def once():
        if not once.calls:
            once.calls += 1
            deed()

    once.calls = 0
    return once


def before(deed, function):
    def both(*arguments):
        deed()
        return function(*arguments)

    return both


@pytest.fixture
def filled(rt, publisher):
    for symbol in ("ES", "NQ"):
        fill_day(rt.sessions, symbol, 50)
    export_day(rt.sessions, rt.lake, DAY, LATER)
    publisher.publish(quotes(3))
    return rt

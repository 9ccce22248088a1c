from dataclasses import replace
from datetime import timedelta
from shutil import copyfile

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.errors import Conflict, NotFound
from app.lake.layout import BARS, TICKS, Lake
from app.lake.manifest import (
    check_bytes,
    find_file,
    is_known,
    list_files,
    mark_purged,
    mark_verified,
    purged_at,
    record_file,
    verify_file,
)
from app.lake.models import LakeFile
from tests.factories import DAY, quotes
from tests.ticks import LATER, write_ticks

NEXT = DAY + timedelta(days=1)
ES = "ticks/date=2025-10-09/symbol=ES/ticks.parquet"


def test_a_file_is_recorded_with_all_that_is_known_of_it(db_session, facts):
    record_file(db_session, TICKS, DAY, "ES", ES, facts, LATER)

    row = find_file(db_session, TICKS, DAY, "ES")
    assert (row.path, row.timeframe, row.schema_version, row.written_at) == (ES, "", 1, LATER)
    assert (row.rows, row.min_ts, row.max_ts, row.min_seq, row.max_seq) == (5, facts.min_ts, facts.max_ts, 1, 5)
    assert (row.bytes, row.sha256) == (facts.bytes, facts.sha256)


def test_a_newer_file_in_the_same_place_replaces_the_row(db_session, facts):
    record_file(db_session, TICKS, DAY, "ES", ES, facts, LATER)

    record_file(db_session, TICKS, DAY, "ES", ES, replace(facts, rows=9), LATER + timedelta(hours=1))

    (row,) = db_session.scalars(select(LakeFile))
    assert (row.rows, row.written_at) == (9, LATER + timedelta(hours=1))


def test_nothing_is_committed(sessions, facts):
    with sessions() as session:
        record_file(session, TICKS, DAY, "ES", ES, facts, LATER)
        session.rollback()

    with sessions() as session:
        assert find_file(session, TICKS, DAY, "ES") is None


def test_files_are_listed_by_kind_day_symbol_and_timeframe(db_session, facts):
    for day in (NEXT, DAY):
        for symbol in ("NQ", "ES"):
            record_file(db_session, TICKS, day, symbol, "t", facts, LATER)
            for timeframe in ("5m", "1m"):
                record_file(db_session, BARS, day, symbol, "b", facts, LATER, timeframe)

    def listed(*arguments, **options):
        return [(f.session_date.day, f.symbol, f.timeframe) for f in list_files(db_session, *arguments, **options)]

    assert listed(DAY, NEXT) == [(9, "ES", ""), (9, "NQ", "")]
    assert listed(DAY, NEXT, BARS, symbols=["NQ"]) == [(9, "NQ", "1m"), (9, "NQ", "5m")]
    assert listed(DAY, NEXT + timedelta(days=1), BARS, symbols=["ES"], timeframe="1m") == [
        (9, "ES", "1m"),
        (10, "ES", "1m"),
    ]


def test_the_database_knows_ticks_and_bars_only(db_session, facts):
    with pytest.raises(IntegrityError, match="ck_lake_files_kind"):
        record_file(db_session, "quotes", DAY, "ES", ES, facts, LATER)


def test_a_file_that_is_as_published_is_verified(lake, row):
    assert verify_file(lake, row) == lake.ticks_file(DAY, "ES")


@pytest.mark.parametrize("check", [verify_file, check_bytes])
def test_a_flipped_bit_anywhere_is_found(lake, row, check):
    path = lake.ticks_file(DAY, "ES")
    whole = path.read_bytes()

    for at in range(0, len(whole), 37):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])

        with pytest.raises(Conflict, match="--overwrite"):
            check(lake, row)


@pytest.mark.parametrize(
    ("column", "value"), [("rows", 4), ("min_ts", LATER), ("max_ts", LATER), ("min_seq", 0), ("max_seq", 6)]
)
def test_a_file_that_is_not_as_its_row_says_is_refused(lake, row, column, value):
    setattr(row, column, value)

    with pytest.raises(Conflict, match=f"other {column} than"):
        verify_file(lake, row)


def test_a_file_of_another_partition_is_refused_although_its_bytes_are_recorded(lake, db_session, facts):
    wrong = lake.ticks_file(DAY, "NQ")
    wrong.parent.mkdir(parents=True)
    copyfile(lake.ticks_file(DAY, "ES"), wrong)
    record_file(db_session, TICKS, DAY, "NQ", lake.relative(wrong), facts, LATER)

    with pytest.raises(Conflict, match="does not hold NQ"):
        verify_file(lake, find_file(db_session, TICKS, DAY, "NQ"))


def test_what_to_do_depends_on_where_else_the_ticks_are(lake, row):
    lake.ticks_file(DAY, "ES").write_bytes(b"")

    with pytest.raises(Conflict, match="export 2025-10-09 again with --overwrite"):
        verify_file(lake, row)
    row.purged_at = LATER
    with pytest.raises(Conflict, match="restore it from a backup"):
        verify_file(lake, row)


def test_a_verification_is_noted_until_the_file_is_replaced(db_session, facts, row):
    mark_verified(db_session, row, LATER, "a bit flipped")
    db_session.refresh(row)
    assert (row.damage, row.verified_at) == ("a bit flipped", None)

    mark_verified(db_session, row, LATER)
    db_session.refresh(row)
    assert (row.damage, row.verified_at) == (None, LATER)

    record_file(db_session, TICKS, DAY, "ES", ES, replace(facts, sha256="1" * 64), LATER)
    mark_verified(db_session, row, LATER, "of the file before")
    db_session.refresh(row)
    assert (row.damage, row.verified_at) == (None, None)


def test_a_purge_is_noted_once_and_outlives_a_new_file(db_session, facts, row):
    assert purged_at(db_session, DAY) is None

    mark_purged(db_session, DAY, ["ES"], LATER)
    mark_purged(db_session, DAY, ["ES"], LATER + timedelta(days=1))
    record_file(db_session, TICKS, DAY, "ES", ES, replace(facts, rows=9), LATER)

    assert purged_at(db_session, DAY) == LATER
    assert purged_at(db_session, NEXT) is None


def test_a_symbol_is_known_by_its_ticks(db_session, facts, row):
    record_file(db_session, BARS, DAY, "NQ", "b", facts, LATER, "1m")

    assert (is_known(db_session, "ES"), is_known(db_session, "NQ")) == (True, False)


def test_a_file_that_is_gone_is_missed(lake, row):
    lake.ticks_file(DAY, "ES").unlink()

    with pytest.raises(NotFound, match="gone"):
        verify_file(lake, row)


@pytest.fixture
def lake(tmp_path):
    return Lake(tmp_path / "lake")


@pytest.fixture
def facts(lake):
    return write_ticks(lake, quotes(5))


@pytest.fixture
def row(db_session, facts):
    record_file(db_session, TICKS, DAY, "ES", ES, facts, LATER)
    return find_file(db_session, TICKS, DAY, "ES")

from datetime import date, timedelta

import pytest

from app.analysis.data import reading
from app.analysis.data.cache import Cache
from app.analysis.data.reading import FileOfSession, read_files
from app.errors import Conflict
from app.lake.layout import Lake
from app.market.sessions import Session
from tests.tick_days import input_of, sessions, steady

FIRST, SECOND, THIRD = sessions(date(2025, 10, 8), 3)
LATER = THIRD.close


def test_the_minutes_come_by_file_with_its_digest(lake, files):
    found = read_files(lake, files, LATER, None, ignore)

    assert [one.minutes["close"].to_list() for one in found] == [[1, 2], [3], [4]]
    assert [one.sha256 for one in found] == [one.file.sha256 for one in files]


def test_many_sessions_are_read_some_at_a_time(lake, files, monkeypatch):
    whole, told = read_files(lake, files, LATER, None, ignore), []
    monkeypatch.setattr(reading, "_TOGETHER", 2)

    found = read_files(lake, files, LATER, None, lambda text, part: told.append((text, round(part, 2))))

    assert all(one.minutes.equals(other.minutes) for one, other in zip(found, whole, strict=True))
    assert told == [("2 of 3 sessions of ES are read", 0.67), ("3 of 3 sessions of ES are read", 1.0)]


def test_only_what_is_not_kept_is_read(lake, files, cache, monkeypatch):
    read_files(lake, files[:2], LATER, cache, ignore)
    asked, verify = [], reading.verify
    monkeypatch.setattr(reading, "verify", lambda symbol, file: asked.append(file.day) or verify(symbol, file))

    found = read_files(lake, files, LATER, cache, ignore)

    assert asked == [THIRD.day]
    assert [one.minutes["close"].to_list() for one in found] == [[1, 2], [3], [4]]


def test_a_session_that_is_not_over_is_not_kept(lake, files, cache):
    within = THIRD.open + timedelta(hours=1)
    read_files(lake, files, within, cache, ignore)

    files[2].file.path.unlink()

    with pytest.raises(Conflict, match=f"ES on {THIRD.day} is missing"):
        read_files(lake, files, within, cache, ignore)


def test_a_session_that_was_kept_whole_is_not_taken_for_its_beginning(lake, files, cache):
    read_files(lake, files, LATER, cache, ignore)

    found = read_files(lake, files[:1], FIRST.open + timedelta(minutes=1), cache, ignore)

    assert found[0].minutes["close"].to_list() == [1]


def test_the_beginning_of_a_session_is_not_taken_for_the_whole(lake, files, cache):
    read_files(lake, files[:1], FIRST.open + timedelta(minutes=1), cache, ignore)

    assert read_files(lake, files[:1], LATER, cache, ignore)[0].minutes["close"].to_list() == [1, 2]


def test_what_is_kept_is_of_the_same_hours_only(lake, files, cache):
    read_files(lake, files[:1], LATER, cache, ignore)
    shorter = FileOfSession("ES", files[0].file, Session(FIRST.day, FIRST.open, FIRST.open + timedelta(minutes=1)))

    assert read_files(lake, [shorter], LATER, cache, ignore)[0].minutes["close"].to_list() == [1]


def test_a_damaged_value_of_the_cache_is_made_again(lake, files, cache, tmp_path):
    expected = read_files(lake, files, LATER, cache, ignore)
    for path in (tmp_path / "cache").rglob("*"):
        if path.is_file():
            path.write_bytes(path.read_bytes()[:-9])

    found = read_files(lake, files, LATER, cache, ignore)

    assert all(one.minutes.equals(other.minutes) for one, other in zip(found, expected, strict=True))


def test_no_files_need_no_database(lake, cache):
    assert read_files(lake, [], LATER, cache, ignore) == []


def ignore(_, __):
    pass


@pytest.fixture
def files(lake):
    made = {FIRST: steady(FIRST, [1, 2]), SECOND: steady(SECOND, [3]), THIRD: steady(THIRD, [4])}
    wanted = input_of(lake, made)
    return [FileOfSession("ES", file, hours) for file, hours in zip(wanted.files, wanted.hours, strict=True)]


@pytest.fixture
def cache(tmp_path):
    return Cache(tmp_path / "cache", 10**8)


@pytest.fixture
def lake(tmp_path):
    return Lake(tmp_path / "lake")

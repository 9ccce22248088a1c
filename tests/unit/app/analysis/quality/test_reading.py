from dataclasses import replace
from datetime import timedelta

import pyarrow.parquet as pq
import pytest

from app.analysis.quality.checking import check_quality
from app.analysis.quality.reading import read_counts
from app.errors import Conflict
from app.lake.layout import Lake
from app.market.sessions import Session as Hours
from tests.nulls.paths import hours_of, weekdays
from tests.quality_ticks import ES, RememberingCache, after, given, sound_quotes, write_as_is
from tests.ticks import CLOSE, HOURS, LATER, OPEN

TICK = timedelta(microseconds=1)


def test_a_second_run_over_the_same_files_opens_none(lake):
    hours = [hours_of(day) for day in weekdays(3)]
    files = [write_as_is(lake, sound_quotes(one), one) for one in hours]
    wanted, cache = given(files, hours), RememberingCache()
    first = check_quality(lake, wanted, LATER, "SIMULATED", cache)
    for file in files:
        file.path.unlink()

    second = check_quality(lake, wanted, LATER, "SIMULATED", cache)

    assert second == first
    assert cache.hits == 3


def test_only_a_new_file_is_read(lake):
    hours = [hours_of(day) for day in weekdays(2)]
    old, new = (write_as_is(lake, sound_quotes(one), one) for one in hours)
    cache = RememberingCache()
    check_quality(lake, given([old], hours), LATER, "SIMULATED", cache)
    old.path.unlink()

    quality = check_quality(lake, given([old, new], hours), LATER, "SIMULATED", cache)

    assert (quality.verdict, len(cache.kept)) == ("ok", 2)


@pytest.mark.parametrize(
    "change",
    [
        {"terms": replace(ES, tick_size=0.5)},
        {"terms": None},
        {"hours": (Hours(HOURS.day, OPEN, CLOSE - timedelta(hours=1)),)},
    ],
    ids=["another tick size", "no tick size", "other hours"],
)
def test_counts_are_made_again_when_what_they_depend_on_changes(lake, change):
    wanted, cache = given([write_as_is(lake, sound_quotes())]), RememberingCache()
    check_quality(lake, wanted, LATER, "SIMULATED", cache)

    found = check_quality(lake, replace(wanted, **change), LATER, "SIMULATED", cache)

    assert found == check_quality(lake, replace(wanted, **change), LATER, "SIMULATED")
    assert cache.hits == 0


def test_the_source_and_the_regular_hours_belong_to_what_is_remembered(lake):
    wanted, cache = given([write_as_is(lake, sound_quotes())]), RememberingCache()
    regular = Hours(HOURS.day, after(HOURS, 3_600), after(HOURS, 7_200))
    check_quality(lake, wanted, LATER, "SIMULATED", cache)

    other = check_quality(lake, wanted, LATER, "EXCEL", cache)
    strict = check_quality(lake, replace(wanted, regular=(regular,)), LATER, "SIMULATED", cache)

    assert other.verdict == "reject"
    assert strict.tree["rules"]["longest_regular_gap"].value == 20.0
    assert cache.hits == 0


def test_a_running_session_is_remembered_for_its_as_of_alone(lake):
    wanted, cache = given([write_as_is(lake, sound_quotes())]), RememberingCache()
    rows = [
        read_counts(lake, wanted, after(HOURS, seconds), "SIMULATED", cache, {})[HOURS.day].rows
        for seconds in (600, 1_200, 600)
    ]

    assert rows == [30, 60, 30]
    assert cache.hits == 1


def test_a_tick_stamped_after_the_as_of_does_not_count_though_the_session_is_over(lake):
    last = sound_quotes()[-1]
    stray = last._replace(seq=10**6, ts=CLOSE + timedelta(hours=2), recv_ts=CLOSE)
    wanted, cache = given([write_as_is(lake, [*sound_quotes(), stray])]), RememberingCache()
    read_counts(lake, wanted, LATER, "SIMULATED", cache, {})

    before = read_counts(lake, wanted, CLOSE + timedelta(hours=2), "SIMULATED", cache, {})[HOURS.day]
    from_then = read_counts(lake, wanted, CLOSE + timedelta(hours=2) + TICK, "SIMULATED", cache, {})[HOURS.day]

    assert (before.rows, before.outside, before.future) == (4_140, 0, 0)
    assert (from_then.rows, from_then.outside, from_then.future) == (4_141, 1, 1)


@pytest.mark.parametrize("is_recorded", [True, False])
def test_a_damaged_file_is_a_conflict_that_names_symbol_and_day(lake, is_recorded):
    file = write_as_is(lake, sound_quotes())
    data = bytearray(file.path.read_bytes())
    data[len(data) // 2] ^= 1
    file.path.write_bytes(data)
    known = file if is_recorded else replace(file, sha256=None)

    with pytest.raises(Conflict, match="the ticks of ES on 2025-10-09 is damaged"):
        check_quality(lake, given([known]), LATER, "SIMULATED")


def test_a_missing_file_is_a_conflict_that_names_symbol_and_day(lake):
    file = write_as_is(lake, sound_quotes())
    file.path.unlink()

    with pytest.raises(Conflict, match="the ticks of ES on 2025-10-09 is missing"):
        check_quality(lake, given([file]), LATER, "SIMULATED")


def test_a_file_with_other_columns_is_a_conflict_that_names_symbol_and_day(lake):
    file = write_as_is(lake, sound_quotes())
    pq.write_table(pq.read_table(file.path, columns=["ts", "last"], partitioning=None), file.path)

    with pytest.raises(Conflict, match="the ticks of ES on 2025-10-09 cannot be read as ticks"):
        check_quality(lake, given([replace(file, sha256=None)]), LATER, "SIMULATED")


def test_without_a_recorded_hash_the_file_as_it_is_counts(lake):
    file = replace(write_as_is(lake, sound_quotes()), sha256=None, rows=None)
    cache = RememberingCache()
    check_quality(lake, given([file]), LATER, "SIMULATED", cache)
    write_as_is(lake, sound_quotes()[:2_000])

    quality = check_quality(lake, given([file]), LATER, "SIMULATED", cache)

    assert quality.tree["by_session"][0]["rows"] == 2_000


@pytest.fixture
def lake(tmp_path):
    """A lake without a file."""
    return Lake(tmp_path)

from datetime import timedelta

import pytest

from app.analysis.data.loading import load_symbol
from app.analysis.findings import to_plain
from app.analysis.quality.checking import check_quality
from app.errors import Conflict
from app.lake.layout import Lake
from tests.bar_files import damage, with_bars
from tests.nulls.paths import hours_of, weekdays
from tests.quality_ticks import RememberingCache, altered, given, sound_quotes, write_as_is
from tests.ticks import LATER

DAYS = weekdays(4)
ONE = DAYS[1].isoformat()


def test_a_session_of_bars_is_covered_by_its_minutes_and_said_to_be_known_by_them_alone(lake, wanted):
    damage(wanted.files[1].path)

    quality = check(lake, wanted)

    assert quality.verdict == "degraded"
    assert quality.reasons == (f"1 of 4 sessions are known by their bars alone: {ONE}",)
    assert quality.from_bars == (DAYS[1],)
    row = to_plain(quality.tree)["by_session"][1]
    assert row == {"day": ONE, "rows": 4_140, "coverage": 1.0, "longest_gap_s": 0.0, "complete": True}
    assert to_plain(quality.tree)["sessions"]["status"] == "degraded_data"


def test_ticks_that_could_not_be_checked_make_no_rule_look_better(lake):
    hours = [hours_of(day) for day in DAYS]
    faulty = altered(sound_quotes(hours[0]), lambda one: one._replace(bid=one.ask + 1), *range(3))
    files = [write_as_is(lake, faulty, hours[0]), *(write_as_is(lake, sound_quotes(one), one) for one in hours[1:])]
    wanted = with_bars(lake, given(files, hours))
    for file in wanted.files[1:]:
        damage(file.path)

    rules = to_plain(check(lake, wanted).tree)["rules"]

    assert (rules["crossed"]["value"], rules["crossed"]["n"]) == (3, 4_140)
    assert rules["longest_stale_run"]["n"] == 1
    assert (rules["row_count"]["value"], rules["row_count"]["n"]) == (0, 1)
    assert rules["coverage"]["n"] == 4 * 1_380


def test_a_session_that_was_left_out_is_a_hole_that_was_damaged(lake, wanted):
    damage(wanted.files[1].path)
    damage(wanted.files[1].bars.path)

    quality = check(lake, wanted)

    assert quality.verdict == "reject"
    assert quality.reasons == (
        f"1 of 4 sessions have no ticks of SIMULATED: {ONE}",
        f"1 of 4 sessions were damaged or lost and left out: {ONE}",
    )
    assert quality.from_bars == ()


def test_a_running_session_that_was_left_out_is_told_though_it_is_no_hole(lake, wanted):
    wanted.files[-1].path.unlink()
    wanted.files[-1].bars.path.unlink()

    quality = check(lake, wanted, wanted.hours[-1].open + timedelta(hours=2))

    assert quality.reasons == (f"1 of 4 sessions were damaged or lost and left out: {DAYS[-1]}",)


def test_with_bars_alone_nothing_was_checked(lake, wanted):
    for file in wanted.files:
        file.path.unlink()

    quality = check(lake, wanted)

    rules = to_plain(quality.tree)["rules"]
    assert quality.reasons[0].startswith("4 of 4 sessions are known by their bars alone: ")
    assert {rules[name]["reason"] for name in ("crossed", "longest_stale_run", "stored_p99")} == {
        "all sessions are known by their bars alone"
    }
    assert rules["coverage"]["value"] == 1.0


def test_a_session_whose_ticks_are_lost_while_their_minutes_were_kept_counts_by_those(lake, wanted):
    cache = RememberingCache()
    load_symbol(lake, wanted, LATER, cache=cache)
    wanted.files[1].path.unlink()
    wanted.files[1].bars.path.unlink()

    data = load_symbol(lake, wanted, LATER, cache=cache, fallback=True)
    quality = check_quality(lake, wanted, LATER, data.source, cache, data)

    assert (data.from_bars, data.left_out) == ((), ())
    assert quality.reasons == (f"1 of 4 sessions are known by their bars alone: {ONE}",)
    assert quality.from_bars == (DAYS[1],)


def test_counts_that_were_kept_do_not_make_bars_into_ticks(lake, wanted):
    cache = RememberingCache()
    check_quality(lake, wanted, LATER, "SIMULATED", cache)
    damage(wanted.files[1].path)

    data = load_symbol(lake, wanted, LATER, fallback=True)
    quality = check_quality(lake, wanted, LATER, data.source, cache, data)

    assert quality.from_bars == data.from_bars == (DAYS[1],)


def test_whole_files_are_judged_alike_with_and_without_the_fallback(lake, wanted):
    assert check(lake, wanted) == check_quality(lake, wanted, LATER, "SIMULATED")


def test_without_the_fallback_a_damaged_file_is_a_conflict(lake, wanted):
    damage(wanted.files[1].path)

    with pytest.raises(Conflict, match=f"the ticks of ES on {ONE} is damaged"):
        check_quality(lake, wanted, LATER, "SIMULATED")


def check(lake, wanted, asof=LATER):
    data = load_symbol(lake, wanted, asof, fallback=True)
    return check_quality(lake, wanted, asof, data.source, None, data)


@pytest.fixture
def wanted(lake):
    hours = [hours_of(day) for day in DAYS]
    return with_bars(lake, given([write_as_is(lake, sound_quotes(one), one) for one in hours], hours))


@pytest.fixture
def lake(tmp_path):
    return Lake(tmp_path)

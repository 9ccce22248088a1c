from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.analysis.bars import TIMEFRAMES
from app.analysis.data.cache import Cache
from app.analysis.data.loading import load_symbol
from app.errors import Conflict, Unavailable
from app.lake.layout import Lake
from tests.bar_files import damage, with_bars
from tests.tick_days import input_of, sessions, steady

FIRST, SECOND, THIRD = DAYS = sessions(date(2025, 10, 8), 3)
LATER = THIRD.close
PRICED = ("t_open", "t_close", "open", "high", "low", "close", "volume", "segment")


@pytest.mark.parametrize("lose", [damage, lambda path: path.unlink()], ids=["damaged", "missing"])
def test_bars_stand_in_for_ticks_and_give_the_same_bars_of_every_timeframe(lake, wanted, lose):
    whole = load_symbol(lake, wanted, LATER)
    lose(wanted.files[1].path)

    found = load_symbol(lake, wanted, LATER, fallback=True)

    assert (found.from_bars, found.left_out) == ((SECOND.day,), ())
    assert all(found.frame(name).select(PRICED).equals(whole.frame(name).select(PRICED)) for name in TIMEFRAMES)
    assert (found.source, found.ticks) == (whole.source, whole.ticks)


def test_without_the_fallback_a_damaged_file_ends_it_though_there_are_bars(lake, wanted):
    damage(wanted.files[1].path)

    with pytest.raises(Conflict, match=f"ES on {SECOND.day} is not the one that was recorded: export that day again"):
        load_symbol(lake, wanted, LATER)


@pytest.mark.parametrize("bars", ["damaged", "gone", "not recorded"])
def test_where_the_bars_are_no_better_the_day_is_left_out(lake, wanted, bars):
    file = wanted.files[1]
    damage(file.path)
    if bars == "damaged":
        damage(file.bars.path)
    elif bars == "gone":
        file.bars.path.unlink()
    else:
        wanted = replace(wanted, files=(wanted.files[0], replace(file, bars=None), wanted.files[2]))

    found = load_symbol(lake, wanted, LATER, fallback=True)

    assert (found.from_bars, found.left_out) == ((), (SECOND.day,))
    assert found.frame("session")["session_date"].to_list() == [FIRST.day, THIRD.day]
    assert len(found.hours) == 3


def test_with_all_files_lost_there_is_nothing_and_it_is_told_of_which_days(lake, wanted):
    for file in wanted.files:
        file.path.unlink()
        file.bars.path.unlink()

    found = load_symbol(lake, wanted, LATER, fallback=True)

    assert (found.source, found.ticks, found.left_out) == ("", 0, tuple(one.day for one in DAYS))


def test_of_a_running_session_bars_count_up_to_the_asof_though_their_file_goes_on(lake, wanted):
    asof = THIRD.open + timedelta(minutes=2, seconds=30)
    expected = load_symbol(lake, wanted, asof)
    damage(wanted.files[2].path)

    found = load_symbol(lake, wanted, asof, fallback=True)

    assert found.from_bars == (THIRD.day,)
    assert found.frame("1m")["t_close"].to_list()[-1] == THIRD.open + timedelta(minutes=2)
    assert found.frame("1m").select(PRICED).equals(expected.frame("1m").select(PRICED))


def test_bars_after_the_asof_do_not_change_the_hash(lake):
    asof = THIRD.open + timedelta(minutes=2, seconds=30)
    hashes = []
    for later in ([7, 8], [9, 10]):
        wanted = with_bars(lake, input_of(lake, {THIRD: steady(THIRD, [5, 6, *later])}))
        damage(wanted.files[0].path)
        hashes.append(load_symbol(lake, wanted, asof, fallback=True).data_hash)

    assert hashes[0] == hashes[1]


@pytest.mark.parametrize("asof", [LATER, THIRD.open + timedelta(minutes=2)], ids=["over", "running"])
def test_the_hash_tells_ticks_bars_and_a_day_that_was_left_out(lake, wanted, asof):
    of_ticks = load_symbol(lake, wanted, asof, fallback=True).data_hash
    sound = wanted.files[2].path.read_bytes()
    damage(wanted.files[2].path)
    of_bars = load_symbol(lake, wanted, asof, fallback=True).data_hash
    bars = wanted.files[2].bars.path.read_bytes()
    damage(wanted.files[2].bars.path)
    left_out = load_symbol(lake, wanted, asof, fallback=True).data_hash
    wanted.files[2].bars.path.write_bytes(bars)
    wanted.files[2].path.write_bytes(sound)

    assert len({of_ticks, of_bars, left_out}) == 3
    assert load_symbol(lake, wanted, asof, fallback=True).data_hash == of_ticks


def test_minutes_of_bars_are_not_kept_as_those_of_ticks(lake, wanted, tmp_path):
    cache = Cache(tmp_path / "cache", 10**8)
    sound = wanted.files[1].path.read_bytes()
    damage(wanted.files[1].path)
    load_symbol(lake, wanted, LATER, cache=cache, fallback=True)
    wanted.files[1].path.write_bytes(sound)

    found = load_symbol(lake, wanted, LATER, cache=cache, fallback=True)

    assert found.from_bars == ()
    assert found.frame("1m")["contract"].null_count() == 0


def test_a_lake_that_is_away_is_not_taken_for_lost_files(lake, wanted, tmp_path):
    (lake.root / "ticks").rename(tmp_path / "elsewhere")

    with pytest.raises(Unavailable, match="folder of ticks is not there"):
        load_symbol(lake, wanted, LATER, fallback=True)


def test_a_file_that_cannot_be_read_still_ends_it(lake, wanted):
    wanted.files[1].path.unlink()
    wanted.files[1].path.symlink_to(wanted.files[1].path)

    with pytest.raises(Unavailable, match=f"ES on {SECOND.day} cannot be read"):
        load_symbol(lake, wanted, LATER, fallback=True)


@settings(max_examples=10, deadline=None)
@given(
    days=st.lists(st.lists(st.integers(-400, 400), max_size=6), min_size=3, max_size=3),
    after_s=st.integers(1, 4 * 86_400),
    recorded=st.booleans(),
)
def test_whole_files_give_the_same_with_and_without_the_fallback(tmp_path_factory, days, after_s, recorded):
    lake = Lake(tmp_path_factory.mktemp("lake"))
    ticks = {hours: steady(hours, [at / 4 for at in walk]) for hours, walk in zip(DAYS, days, strict=True)}
    wanted = with_bars(lake, input_of(lake, ticks))
    if not recorded:
        wanted = replace(wanted, files=tuple(replace(file, sha256=None, rows=None) for file in wanted.files))
    asof = FIRST.open + timedelta(seconds=after_s)

    one, other = (load_symbol(lake, wanted, asof, fallback=fallback) for fallback in (False, True))

    assert replace(one, bars={}) == replace(other, bars={})
    assert all(one.frame(name).equals(other.frame(name)) for name in TIMEFRAMES)


@pytest.fixture
def wanted(lake):
    days = {hours: steady(hours, [5 + place, 6, 7, 9, 8 - place]) for place, hours in enumerate(DAYS)}
    return with_bars(lake, input_of(lake, days))


@pytest.fixture
def lake(tmp_path):
    return Lake(tmp_path / "lake")

import random
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.analysis.bars import BAR_SCHEMA, TIMEFRAMES, log_returns
from app.analysis.data.cache import Cache
from app.analysis.data.loading import load_symbol
from app.analysis.inputs import Terms
from app.errors import Conflict, Rejected, Unavailable
from app.instruments.rolls import Break
from app.lake.layout import Lake
from tests.bar_files import damage, with_bars
from tests.tick_days import input_of, rewritten, sessions, steady, tick

FIRST, SECOND, THIRD = sessions(date(2025, 10, 8), 3)
LATER = THIRD.close + timedelta(days=1)
PRICED = ("t_open", "open", "high", "low", "close", "volume")
BARS = (*PRICED, "t_close", "segment")


def test_bars_of_every_timeframe_are_of_the_files_ticks(lake):
    wanted = input_of(lake, {FIRST: steady(FIRST, range(1, 121)), SECOND: steady(SECOND, [200, 201])})

    data = load_symbol(lake, replace(wanted, terms=Terms(0.25, 50)), LATER)

    assert (data.symbol, data.source, data.ticks, data.others) == ("ES", "REPLAY", 122, {})
    assert (data.hours, data.asof, data.terms) == ((FIRST, SECOND), LATER, Terms(0.25, 50))
    assert {name: len(data.frame(name)) for name in TIMEFRAMES} == {
        "1m": 122,
        "5m": 25,
        "15m": 9,
        "1h": 3,
        "session": 2,
    }
    assert data.frame("session")["close"].to_list() == [120, 201]
    assert data.frame("session")["volume"].to_list() == [120, 2]
    assert all(bars.schema == pl.Schema(dict(BAR_SCHEMA)) for bars in data.bars.values())


def test_without_any_file_the_frames_are_empty(lake):
    data = load_symbol(lake, input_of(lake, {FIRST: [], SECOND: []}), LATER, "SCHWAB")

    assert (data.source, data.ticks, data.others, data.hours) == ("", 0, {}, (FIRST, SECOND))
    assert all(bars.is_empty() and bars.schema == pl.Schema(dict(BAR_SCHEMA)) for bars in data.bars.values())


def test_a_session_whose_file_has_no_ticks_in_it_is_a_hole(lake):
    outside = [tick(SECOND, -60, 10, 1)]
    wanted = input_of(lake, {FIRST: steady(FIRST, [1]), SECOND: outside, THIRD: steady(THIRD, [3])})

    data = load_symbol(lake, wanted, LATER)

    assert data.frame("session")["session_date"].to_list() == [FIRST.day, THIRD.day]
    assert len(data.hours) == 3


@pytest.mark.parametrize(
    ("after_s", "minutes", "fives", "ticks"),
    [(0, 0, 0, 0), (59.9, 0, 0, 0), (60, 1, 0, 2), (299.9, 4, 0, 8), (300, 5, 1, 10), (100_000, 10, 2, 20)],
)
def test_only_minutes_that_were_over_count(lake, after_s, minutes, fives, ticks):
    wanted = input_of(lake, {FIRST: steady(FIRST, range(1, 21), every_s=30)})

    data = load_symbol(lake, wanted, FIRST.open + timedelta(seconds=after_s))

    assert (len(data.frame("1m")), len(data.frame("5m")), data.ticks) == (minutes, fives, ticks)


def test_a_session_that_had_not_begun_is_not_there(lake):
    wanted = input_of(lake, {FIRST: steady(FIRST, [1]), SECOND: steady(SECOND, [2])})

    assert load_symbol(lake, wanted, SECOND.open).hours == (FIRST,)
    assert load_symbol(lake, wanted, SECOND.open + timedelta(seconds=1)).hours == (FIRST, SECOND)


@pytest.mark.parametrize(
    "later",
    [
        [(2, 99, 1, {"trade": False})],
        [(2, 99, 1, {"contract": "ESH26"})],
        [(2, 1, 5, {}), (3, 1, 0, {})],
        [(2, 50, 5, {"source": "EXCEL"}), (90, 51, 6, {"source": "EXCEL"})],
    ],
    ids=["trades no more flagged", "a roll", "a counter that restarts", "another source"],
)
def test_nothing_that_comes_after_the_asof_changes_what_was_known(lake, later):
    asof = SECOND.open + timedelta(hours=2)
    before = {
        FIRST: steady(FIRST, [1, 2]),
        SECOND: [*steady(SECOND, [10, 11], trade=False), tick(SECOND, 7_199, 12, 9)],
    }
    expected = load_symbol(lake, input_of(lake, before), asof)
    after = [tick(SECOND, 7_200 + 3_600 * hour, price, volume, **parts) for hour, price, volume, parts in later]

    found = load_symbol(lake, input_of(lake, {**before, SECOND: before[SECOND] + after}), asof)

    assert all(found.frame(name).equals(expected.frame(name)) for name in TIMEFRAMES)
    assert (found.source, found.ticks, found.others) == (expected.source, expected.ticks, expected.others)


def test_the_weeks_in_which_clocks_change_have_whole_sessions(lake):
    for first in (date(2025, 3, 7), date(2025, 10, 31)):
        days = sessions(first, 2)
        wanted = input_of(lake, {hours: steady(hours, [5.0] * 1_380) for hours in days})

        data = load_symbol(lake, wanted, days[-1].close)

        assert data.frame("1m")["session_date"].value_counts(sort=False)["count"].to_list() == [1_380, 1_380]
        assert (days[0].open.hour, days[1].open.hour) in {(23, 22), (22, 23)}
        assert data.frame("session")["t_open"].to_list() == [hours.open for hours in days]
        assert data.frame("session")["t_close"].to_list() == [hours.close for hours in days]


def test_prices_below_nothing_are_prices(lake):
    data = load_symbol(lake, input_of(lake, {FIRST: steady(FIRST, [1, -37.63, -10])}), LATER)

    assert data.frame("1m")["close"].to_list() == [1, -37.63, -10]
    assert data.frame("session")["low"].to_list() == [-37.63]


def test_the_source_with_the_most_sessions_is_taken_and_not_the_one_with_the_most_ticks(lake):
    schwab = {hours: steady(hours, [1, 2], source="SCHWAB") for hours in (FIRST, SECOND)}
    excel = steady(FIRST, [9] * 50, every_s=1, source="EXCEL")

    data = load_symbol(lake, input_of(lake, {**schwab, FIRST: schwab[FIRST] + excel}), LATER)

    assert (data.source, data.ticks, data.others) == ("SCHWAB", 4, {"EXCEL": 50})
    assert data.frame("1m")["close"].to_list() == [1, 2, 1, 2]


def test_of_sources_with_as_many_sessions_the_one_with_more_ticks_is_taken(lake):
    ticks = steady(FIRST, [1, 2], source="SCHWAB") + steady(FIRST, [7, 8, 9], source="EXCEL")

    assert load_symbol(lake, input_of(lake, {FIRST: ticks}), LATER).source == "EXCEL"


def test_a_source_without_prices_is_not_taken_for_its_many_ticks(lake):
    blind = [found._replace(last=None) for found in steady(FIRST, [0] * 9, source="EXCEL")]

    assert load_symbol(lake, input_of(lake, {FIRST: blind + steady(FIRST, [1])}), LATER).source == "REPLAY"


def test_the_asked_source_is_taken_or_refused_with_the_names_of_those_there_are(lake):
    ticks = steady(FIRST, [1, 2], source="SCHWAB") + steady(FIRST, [7, 8, 9], source="EXCEL")
    wanted = input_of(lake, {FIRST: ticks})

    assert load_symbol(lake, wanted, LATER, "SCHWAB").frame("1m")["close"].to_list() == [1, 2]
    with pytest.raises(Rejected, match="REPLAY has no ticks of ES in that range: there are those of EXCEL, SCHWAB"):
        load_symbol(lake, wanted, LATER, "REPLAY")


def test_a_change_of_contract_begins_a_segment_and_the_minute_of_both_falls_away(lake):
    old, new = steady(FIRST, [10, 11, 12]), steady(FIRST, [60, 61], contract="ESH26")
    rolled = [found._replace(ts=found.ts + timedelta(seconds=150)) for found in new]

    bars = load_symbol(lake, input_of(lake, {FIRST: old + rolled}), LATER).frame("1m")

    assert bars.select("close", "contract", "segment").rows() == [(10, "ESZ25", 0), (11, "ESZ25", 0), (61, "ESH26", 1)]
    assert np.isfinite(log_returns(bars)).tolist() == [False, True, False]


def test_a_break_that_ticks_do_not_tell_begins_a_segment(lake):
    ticks = steady(FIRST, [10, 11, 60, 61], contract=None)
    breaks = (Break(ticks[1].ts, ticks[2].ts),)

    data = load_symbol(lake, input_of(lake, {FIRST: ticks}, breaks=breaks), LATER)

    assert data.frame("1m")["segment"].to_list() == [0, 0, 1, 1]
    assert data.frame("5m").is_empty()
    assert data.frame("session")["open"].to_list() == [60]


@pytest.mark.parametrize("seed", range(3))
def test_shuffled_late_and_tied_rows_give_the_same_bars(lake, seed):
    dice = random.Random(seed)
    ticks = wild(FIRST, dice)
    wanted = input_of(lake, {FIRST: ticks})
    expected = load_symbol(lake, wanted, LATER)
    dice.shuffle(ticks)

    found = load_symbol(lake, replace(wanted, files=(rewritten(wanted.files[0], ticks),)), LATER)

    assert all(found.frame(name).equals(expected.frame(name)) for name in TIMEFRAMES)
    assert found.ticks == expected.ticks == 400


def test_rows_that_are_there_twice_change_no_price_and_no_volume(lake):
    ticks = wild(FIRST, random.Random(7))
    wanted = input_of(lake, {FIRST: ticks})
    expected = load_symbol(lake, wanted, LATER)

    found = load_symbol(lake, replace(wanted, files=(rewritten(wanted.files[0], ticks + ticks[50:200]),)), LATER)

    assert all(found.frame(name).select(PRICED).equals(expected.frame(name).select(PRICED)) for name in TIMEFRAMES)


def test_one_thread_and_two_give_the_same_bits(lake):
    wanted = input_of(lake, {hours: wild(hours, random.Random(3)) for hours in (FIRST, SECOND)})

    one, two = (load_symbol(lake, wanted, LATER, threads=threads) for threads in (1, 2))

    assert all(one.frame(name).equals(two.frame(name)) for name in TIMEFRAMES)
    assert one.data_hash == two.data_hash


def test_the_hash_is_of_the_files_the_source_the_breaks_and_an_asof_within_a_session(lake):
    both = steady(FIRST, [1, 2]) + steady(FIRST, [3], source="EXCEL")
    wanted = input_of(lake, {FIRST: both, SECOND: []})
    within, over = FIRST.open + timedelta(hours=1), FIRST.close
    broken = replace(wanted, breaks=(Break(FIRST.open, FIRST.open + timedelta(seconds=1)),))
    known = [
        load_symbol(lake, wanted, over).data_hash,
        load_symbol(lake, wanted, over, "EXCEL").data_hash,
        load_symbol(lake, broken, over).data_hash,
        load_symbol(lake, wanted, within).data_hash,
        load_symbol(lake, wanted, within + timedelta(seconds=1)).data_hash,
    ]
    unchanged = load_symbol(lake, wanted, over + timedelta(minutes=1)).data_hash
    changed = load_symbol(lake, input_of(lake, {FIRST: [*both, tick(FIRST, 90, 4)], SECOND: []}), over).data_hash

    assert len({*known, changed}) == 6
    assert unchanged == known[0]
    assert all(len(one) == 64 for one in known)


def test_a_missing_file_is_refused_with_its_day(lake):
    wanted = input_of(lake, {FIRST: steady(FIRST, [1])})
    wanted.files[0].path.unlink()

    with pytest.raises(Conflict, match="ES on 2025-10-08 is missing"):
        load_symbol(lake, wanted, LATER)


def test_a_second_load_needs_no_tick_file_and_gives_the_same(lake, tmp_path):
    rolled = steady(SECOND, [20, 21], contract="ESH26")
    wanted = input_of(lake, {FIRST: wild(FIRST, random.Random(1)), SECOND: rolled, THIRD: [tick(THIRD, -9, 1)]})
    cache = Cache(tmp_path / "cache", 10**8)
    first = load_symbol(lake, wanted, LATER, cache=cache)
    for file in wanted.files:
        file.path.unlink()

    second = load_symbol(lake, wanted, LATER, cache=cache)

    assert all(second.frame(name).equals(first.frame(name)) for name in TIMEFRAMES)
    assert replace(second, bars={}) == replace(first, bars={})


def test_other_sources_are_found_in_what_was_kept(lake, tmp_path):
    ticks = steady(FIRST, [1, 2], source="SCHWAB") + steady(FIRST, [7, 8, 9], source="EXCEL")
    wanted, cache = input_of(lake, {FIRST: ticks}), Cache(tmp_path / "cache", 10**8)
    load_symbol(lake, wanted, LATER, "EXCEL", cache)
    wanted.files[0].path.unlink()

    assert load_symbol(lake, wanted, LATER, "SCHWAB", cache).frame("1m")["close"].to_list() == [1, 2]


def test_it_is_told_how_far_the_reading_is(lake):
    told = []
    wanted = input_of(lake, {FIRST: steady(FIRST, [1]), SECOND: steady(SECOND, [2])})

    load_symbol(lake, wanted, LATER, say=lambda text, part: told.append((text, part)))

    assert told == [("2 of 2 sessions of ES are read", 1.0)]


@pytest.mark.parametrize("lose", [damage, lambda path: path.unlink()], ids=["damaged", "missing"])
def test_bars_stand_in_for_ticks_and_give_the_same_bars_of_every_timeframe(lake, wanted, lose):
    whole = load_symbol(lake, wanted, LATER)
    lose(wanted.files[1].path)

    found = load_symbol(lake, wanted, LATER, fallback=True)

    assert (found.from_bars, found.left_out) == ((SECOND.day,), ())
    assert all(found.frame(name).select(BARS).equals(whole.frame(name).select(BARS)) for name in TIMEFRAMES)
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

    assert (found.source, found.ticks, found.left_out) == ("", 0, tuple(one.day for one in (FIRST, SECOND, THIRD)))


def test_of_a_running_session_bars_count_up_to_the_asof_though_their_file_goes_on(lake, wanted):
    asof = THIRD.open + timedelta(minutes=2, seconds=30)
    expected = load_symbol(lake, wanted, asof)
    damage(wanted.files[2].path)

    found = load_symbol(lake, wanted, asof, fallback=True)

    assert found.from_bars == (THIRD.day,)
    assert found.frame("1m")["t_close"].to_list()[-1] == THIRD.open + timedelta(minutes=2)
    assert found.frame("1m").select(BARS).equals(expected.frame("1m").select(BARS))


def test_bars_after_the_asof_do_not_change_the_hash(lake):
    asof = THIRD.open + timedelta(minutes=2, seconds=30)
    hashes = []
    for later in ([7, 8], [9, 10]):
        wanted = with_bars(lake, input_of(lake, {THIRD: steady(THIRD, [5, 6, *later])}))
        damage(wanted.files[0].path)
        hashes.append(load_symbol(lake, wanted, asof, fallback=True).data_hash)

    assert hashes[0] == hashes[1]


@pytest.mark.parametrize("asof", [LATER, THIRD.open + timedelta(minutes=2)], ids=["over", "running"])
def test_the_hash_tells_ticks_bars_and_a_day_that_was_left_out(lake, asof):
    # Of ticks that tell no contract the minutes are those of the bars to the last bit.
    days = {hours: steady(hours, [5, 6, 7], contract=None) for hours in (FIRST, SECOND, THIRD)}
    wanted = with_bars(lake, input_of(lake, days))
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
    ticks = {
        hours: steady(hours, [at / 4 for at in walk]) for hours, walk in zip((FIRST, SECOND, THIRD), days, strict=True)
    }
    wanted = with_bars(lake, input_of(lake, ticks))
    if not recorded:
        wanted = replace(wanted, files=tuple(replace(file, sha256=None, rows=None) for file in wanted.files))
    asof = FIRST.open + timedelta(seconds=after_s)

    one, other = (load_symbol(lake, wanted, asof, fallback=fallback) for fallback in (False, True))

    assert replace(one, bars={}) == replace(other, bars={})
    assert all(one.frame(name).equals(other.frame(name)) for name in TIMEFRAMES)


def wild(hours, dice):
    ticks, volume = [], 0
    for seq in range(400):
        at_s = dice.choice([60.0 * dice.randint(0, 20), 1_200 * dice.random()])
        ticks.append(tick(hours, at_s, 100 + dice.randint(-9, 9), seq=seq, trade=dice.random() < 0.5))
    ticks.sort(key=lambda found: (found.ts, found.seq))
    for place, found in enumerate(ticks):
        volume += dice.randint(0, 5) - 3 * (place % 97 == 96)
        ticks[place] = found._replace(volume=volume)
    return ticks


@pytest.fixture
def wanted(lake):
    days = {hours: steady(hours, [5 + place, 6, 7, 9, 8 - place]) for place, hours in enumerate((FIRST, SECOND, THIRD))}
    return with_bars(lake, input_of(lake, days))


@pytest.fixture
def lake(tmp_path):
    return Lake(tmp_path / "lake")

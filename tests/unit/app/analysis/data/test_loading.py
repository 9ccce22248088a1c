import random
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from app.analysis.bars import BAR_SCHEMA, TIMEFRAMES, log_returns
from app.analysis.data.cache import Cache
from app.analysis.data.loading import load_symbol
from app.analysis.inputs import Terms
from app.errors import Conflict, Rejected
from app.instruments.rolls import Break
from app.lake.layout import Lake
from tests.tick_days import input_of, rewritten, sessions, steady, tick

FIRST, SECOND, THIRD = sessions(date(2025, 10, 8), 3)
LATER = THIRD.close + timedelta(days=1)
PRICED = ("t_open", "open", "high", "low", "close", "volume")


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
def lake(tmp_path):
    return Lake(tmp_path / "lake")

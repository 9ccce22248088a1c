import random
from dataclasses import replace
from datetime import date, timedelta

import polars as pl
import pytest

from app.analysis.data.bar_minutes import minutes_of_bars, unsure_breaks
from app.analysis.data.loading import load_symbol
from app.analysis.data.reading import FileOfSession, read_files
from app.analysis.data.tick_days import MINUTES, known_part
from app.errors import Unavailable
from app.instruments.rolls import Break
from app.lake.layout import Lake
from tests.bar_files import damage, with_bars
from tests.tick_days import input_of, sessions, steady, tick

FIRST, SECOND, THIRD = sessions(date(2025, 10, 8), 3)
LATER = THIRD.close
BARS = ["source", "t_open", "t_close", "open", "high", "low", "close", "volume"]


@pytest.mark.parametrize("seed", range(4))
def test_the_minutes_of_bars_are_those_of_the_ticks_that_they_were_made_of(lake, seed):
    dice = random.Random(seed)
    ticks = wild(dice) + [one._replace(source="EXCEL", trade=False) for one in wild(dice)]
    wanted = with_bars(lake, input_of(lake, {FIRST: ticks}))
    (of_ticks,) = read_files(lake, [FileOfSession("ES", wanted.files[0], FIRST)], LATER, None, lambda *_: None)

    of_bars = minutes_of_bars(wanted.files[0].bars, "ES", FIRST)

    priced = of_ticks.minutes.filter(pl.col("open").is_not_null())
    assert len(priced) > 50
    assert of_bars.schema == MINUTES
    assert of_bars.select(BARS).equals(priced.sort("source", "t_open").select(BARS))
    assert of_bars["tick_count"].to_list() == priced["tick_count"].to_list()
    assert of_bars["contract"].null_count() == len(of_bars)


@pytest.mark.parametrize(("after_s", "closes"), [(0, []), (59.9, []), (60, [1]), (179, [1, 2]), (10**6, [1, 2, 3, 4])])
def test_bars_count_from_their_close_on(bars, after_s, closes):
    part = known_part(FIRST, FIRST.open + timedelta(seconds=after_s))

    assert minutes_of_bars(bars, "ES", part)["close"].to_list() == closes


@pytest.mark.parametrize(("symbol", "hours"), [("NQ", FIRST), ("ES", SECOND), ("ES", replace(FIRST, day=SECOND.day))])
def test_bars_of_another_symbol_or_session_are_not_its_own(bars, symbol, hours):
    assert minutes_of_bars(bars, symbol, hours).is_empty()


def test_a_file_that_is_gone_or_another_gives_no_minutes(bars):
    damage(bars.path)
    other = minutes_of_bars(bars, "ES", FIRST)
    bars.path.unlink()

    assert (other, minutes_of_bars(bars, "ES", FIRST)) == (None, None)


def test_a_file_that_cannot_be_read_is_unavailable(bars, tmp_path):
    with pytest.raises(Unavailable, match="the bars of ES on 2025-10-08 cannot be read: Is a directory"):
        minutes_of_bars(replace(bars, path=tmp_path), "ES", FIRST)


@pytest.mark.parametrize(("later", "is_new"), [("ESZ25", False), ("ESH26", True), (None, False)])
def test_where_the_contract_is_another_afterwards_a_day_of_bars_is_a_stretch_of_its_own(lake, later, is_new):
    days = {FIRST: steady(FIRST, [1, 2]), SECOND: steady(SECOND, [3]), THIRD: steady(THIRD, [4], contract=later)}
    wanted = with_bars(lake, input_of(lake, days))
    damage(wanted.files[1].path)
    minutes = load_symbol(lake, wanted, LATER, fallback=True).frame("1m")

    breaks = list(unsure_breaks(minutes, [SECOND.day]))

    last = FIRST.open + timedelta(minutes=2) - timedelta(microseconds=1)
    assert breaks == ([Break(last, SECOND.open)] if is_new else [])
    assert minutes["segment"].to_list() == ([0, 0, 1, 2] if is_new else [0, 0, 0, 0])
    assert minutes["close"].to_list() == [1, 2, 3, 4]


def wild(dice):
    ticks, volume = [], 0
    for seq in range(400):
        at_s = dice.choice([60.0 * dice.randint(0, 20), 7_200 * dice.random()])
        ticks.append(tick(FIRST, at_s, 100 + 0.25 * dice.randint(-9, 9), seq=seq, trade=dice.random() < 0.5))
    ticks.sort(key=lambda found: (found.ts, found.seq))
    for place, found in enumerate(ticks):
        volume += dice.randint(0, 5) - 3 * (place % 97 == 96)
        ticks[place] = found._replace(volume=volume)
    return ticks


@pytest.fixture
def bars(lake):
    (file,) = with_bars(lake, input_of(lake, {FIRST: steady(FIRST, [1, 2, 3, 4])})).files
    return file.bars


@pytest.fixture
def lake(tmp_path):
    return Lake(tmp_path / "lake")

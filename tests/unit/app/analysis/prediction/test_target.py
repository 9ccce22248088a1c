from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from app.analysis.prediction.target import next_moves, outcomes_of, target_of
from app.market.sessions import Session
from tests.nulls.paths import frame, hours_of, sessions_of, weekdays

WEEK = [hours_of(day) for day in weekdays(6)]


def test_a_move_is_the_return_of_the_bar_after():
    moves, same = moved(frame(np.array([100.0, 101.0, 99.0]), "1h"))

    assert moves == pytest.approx([np.log(1.01), np.log(99 / 101), np.nan], nan_ok=True)
    assert list(same) == [True, True, False]


def test_the_move_into_the_next_session_is_told_apart():
    closes = np.linspace(100, 110, 24)

    moves, same = moved(frame(closes, "1h"))

    assert np.isfinite(moves[22])
    assert not same[22]


def test_a_hole_in_the_session_and_a_change_of_the_contract_have_no_move():
    segment = np.array([0, 0, 0, 0, 1], np.int32)
    bars = frame(np.linspace(100, 105, 6), "1h")
    holed, rolled = bars[[0, 1, 3, 4, 5]], frame(np.linspace(100, 105, 5), "1h", segment=segment)

    assert list(np.isnan(moved(holed)[0])) == [False, True, False, False, True]
    assert list(np.isnan(moved(rolled)[0])) == [False, False, False, True, True]


@pytest.mark.parametrize("count", [0, 1])
def test_hardly_any_bars_have_no_move(count):
    moves, same = moved(frame(np.array([100.0]), "1h")[:count])

    assert np.isnan(moves).all()
    assert not same.any()


def test_an_unchanged_price_is_on_neither_side():
    found = outcomes_of(np.array([0.01, -0.01, 0.0, np.nan]))

    assert found == pytest.approx([1.0, 0.0, np.nan, np.nan], nan_ok=True)


def test_within_a_session_the_next_bar_follows_at_once():
    newest = datetime(2025, 1, 7, 15, tzinfo=UTC)

    assert target_of(newest, WEEK[:2], "1h") == newest + timedelta(hours=1)


def test_the_last_bar_of_a_half_day_ends_with_it():
    close = datetime(2025, 1, 7, 18, 15, tzinfo=UTC)
    half = Session(date(2025, 1, 7), close - timedelta(hours=19), close)

    assert target_of(datetime(2025, 1, 7, 18, tzinfo=UTC), [half], "1h") == close


def test_after_a_session_comes_the_first_bar_of_the_next():
    assert target_of(WEEK[0].close, WEEK, "1h") == WEEK[1].open + timedelta(hours=1)


def test_a_first_bar_is_no_longer_than_its_session():
    short = Session(WEEK[1].day, WEEK[1].open, WEEK[1].open + timedelta(minutes=15))

    assert target_of(WEEK[0].close, [WEEK[0], short], "1h") == short.close


def test_after_the_last_session_that_is_known_nothing_is_guessed():
    assert target_of(WEEK[-1].close, WEEK, "5m") is None
    assert target_of(WEEK[-1].close, [], "5m") is None


def test_what_comes_later_than_the_next_bar_of_the_sessions_is_no_outcome():
    bars = frame(np.linspace(100, 110, 30), "1h")
    no_last, no_first = bars.filter(np.arange(30) != 22), bars.filter(np.arange(30) != 23)

    assert np.isfinite(moved(bars)[0][:-1]).all()
    assert list(np.flatnonzero(np.isnan(moved(no_last)[0]))) == [21, 28]
    assert list(np.flatnonzero(np.isnan(moved(no_first)[0]))) == [22, 28]


def test_over_a_session_without_data_there_is_no_outcome():
    bars = frame(np.linspace(100, 110, 69), "1h")
    holed = bars.filter(pl.col("session_date") != WEEK[1].day)

    assert list(np.flatnonzero(np.isnan(next_moves(holed, WEEK[:3])[0]))) == [22, 45]
    assert list(np.flatnonzero(np.isnan(next_moves(holed, (WEEK[0], WEEK[2]))[0]))) == [45]


def moved(bars):
    return next_moves(bars, sessions_of(bars))

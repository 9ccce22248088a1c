from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from app.analysis.bars import BAR_SCHEMA
from app.analysis.series.places import UNKNOWN, after_hole, next_place, places_of, seconds_since_open, session_returns
from app.market.sessions import Session
from tests.nulls.paths import symbol_data


def test_places_count_from_the_open_of_each_session():
    assert places_of(hours(46), "1h").tolist() == list(range(23)) * 2
    assert places_of(hours(46), "session").tolist() == [0, 0]


def test_places_are_the_same_in_summer_and_winter():
    winter, summer = (
        Session(
            day,
            datetime(day.year, day.month, day.day - 1, opened, tzinfo=UTC),
            datetime(day.year, day.month, day.day, opened - 1, tzinfo=UTC),
        )
        for day, opened in ((date(2025, 1, 7), 23), (date(2025, 7, 8), 22))
    )
    frame = pl.concat([hours(23).frame("1h").head(1)] * 2).with_columns(
        session_date=pl.Series([winter.day, summer.day]),
        t_open=pl.Series([one.open + timedelta(hours=3) for one in (winter, summer)]),
    )
    data = replace(hours(23), hours=(winter, summer), bars={"1h": frame})

    assert places_of(data, "1h").tolist() == [3, 3]


def test_a_bar_outside_of_the_sessions_has_no_place():
    data = hours(46)
    data = replace(data, hours=data.hours[1:])

    assert places_of(data, "1h").tolist() == [UNKNOWN] * 23 + list(range(23))
    assert seconds_since_open(data, data.frame("1h"))[-1] == 22 * 3600


@pytest.mark.parametrize(("count", "following"), [(1, 1), (22, 22), (23, 0), (24, 1)])
def test_after_the_last_bar_of_a_session_comes_the_first_of_the_next(count, following):
    assert next_place(hours(count), "1h") == following


def test_an_early_close_ends_the_session():
    data = hours(5)
    early = replace(data.hours[0], close=data.frame("1h")["t_close"][-1])

    assert next_place(replace(data, hours=(early,)), "1h") == 0


def test_without_bars_or_session_nothing_is_next():
    assert next_place(hours(5), "5m") == UNKNOWN
    assert next_place(replace(hours(5), hours=()), "1h") == UNKNOWN


def test_the_first_return_of_a_session_is_from_its_own_open():
    bars = hours(24).frame("1h").with_columns(open=pl.col("open") * 2)

    found = session_returns(bars)

    closes = bars["close"].to_numpy()
    assert found[[0, 23]] == pytest.approx(np.log(closes[[0, 23]] / bars["open"].to_numpy()[[0, 23]]))
    assert found[1:23] == pytest.approx(np.diff(np.log(closes[:23])))


@pytest.mark.parametrize(("place", "missing"), [(10, [10]), (23, [])])
def test_a_change_of_contract_has_no_return_unless_a_session_begins_with_it(place, missing):
    segment = np.repeat(np.array([0, 1], np.int32), [place, 33 - place])
    bars = hours(33).frame("1h").with_columns(segment=pl.Series(segment))

    assert np.flatnonzero(np.isnan(session_returns(bars))).tolist() == missing


def test_a_price_that_is_not_positive_has_no_return():
    bars = hours(6).frame("1h").with_columns(close=pl.Series([50.0, -37.0, 10.0, 0.0, 12.0, 13.0]))

    assert np.isnan(session_returns(bars)).tolist() == [False, True, True, True, True, False]


def test_a_return_over_a_hole_is_none():
    bars = hours(30).frame("1h")
    bars = bars.filter(~pl.int_range(pl.len()).is_in([5, 23]))

    assert np.flatnonzero(after_hole(bars)).tolist() == [5]
    assert np.flatnonzero(np.isnan(session_returns(bars))).tolist() == [5]


def test_minutes_without_a_trade_are_no_hole_until_they_are_thirty():
    minutes = symbol_data(path(120), "1m").frame("1m")
    kept = pl.int_range(pl.len())

    assert not after_hole(minutes.filter(~kept.is_between(10, 38))).any()
    assert np.flatnonzero(after_hole(minutes.filter(~kept.is_between(10, 39)))).tolist() == [10]


def test_no_bars_have_no_returns():
    bars = pl.DataFrame(schema=dict(BAR_SCHEMA))

    assert session_returns(bars).tolist() == []
    assert after_hole(bars).tolist() == []
    assert seconds_since_open(hours(5), bars).tolist() == []


def hours(count):
    return symbol_data(path(count), "1h")


def path(count):
    return 5_000 + np.arange(count) ** 2 / 7

from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from app.analysis.inputs import SymbolData
from app.analysis.series.half_hours import clock_text, half_hour_returns
from tests.nulls.paths import garch_returns, prices, symbol_data


def test_a_half_hour_is_the_sum_of_its_bars():
    data = quarters(3)

    grid = half_hour_returns(data)

    bars = data.frame("15m")
    closes, first = bars["close"].to_numpy(), bars["open"][0]
    assert grid.timeframe == "15m"
    assert grid.returns.shape == (3, 46)
    assert grid.returns[0, 0] == pytest.approx(np.log(closes[1] / first))
    assert grid.returns[1, 7] == pytest.approx(np.log(closes[92 + 15] / closes[92 + 13]))


def test_shorter_bars_give_the_same():
    returns = garch_returns(np.random.default_rng(1), 2, 276)
    data = symbol_data(prices(returns), "5m")

    coarse = half_hour_returns(data)
    fine = half_hour_returns(replace(data, bars={"5m": data.frame("5m")}))

    assert fine.timeframe == "5m"
    assert fine.returns == pytest.approx(coarse.returns, abs=1e-12)


def test_what_is_not_over_by_the_as_of_is_left_out():
    data = quarters(2)
    late = replace(data, asof=data.asof - timedelta(minutes=20))

    assert np.isnan(half_hour_returns(late).returns[1]).tolist() == [False] * 45 + [True]


def test_a_session_with_an_early_close_lacks_its_last_half_hours():
    data = quarters(2)
    early = replace(data.hours[0], close=data.hours[0].open + timedelta(hours=19, minutes=15))
    bars = data.frame("15m").filter(pl.col("t_close") <= early.close, pl.col("session_date") == early.day)
    data = replace(data, hours=(early, data.hours[1]), bars={"15m": pl.concat([bars, data.frame("15m").tail(92)])})

    missing = np.isnan(half_hour_returns(data).returns)

    assert missing[0].tolist() == [False] * 39 + [True] * 7
    assert not missing[1].any()


def test_the_last_half_hour_before_an_early_close_is_over_with_it():
    data = quarters(1)
    early = replace(data.hours[0], close=data.hours[0].open + timedelta(hours=19, minutes=15))
    bars = data.frame("15m").filter(pl.col("t_close") <= early.close)

    grid = half_hour_returns(replace(data, hours=(early,), bars={"15m": bars}, asof=early.close))

    assert grid.returns.shape == (1, 39)
    assert np.isfinite(grid.returns).all()


def test_a_roll_or_a_hole_in_a_half_hour_leaves_it_out():
    data = quarters(1)
    bars = data.frame("15m").with_columns(segment=(pl.int_range(pl.len()) >= 21).cast(pl.Int32))
    bars = bars.filter(~pl.int_range(pl.len()).is_between(60, 63))

    missing = np.isnan(half_hour_returns(replace(data, bars={"15m": bars})).returns[0])

    # The roll is in the tenth; the thirtieth and the next have no bars, and the return after them is of an hour more.
    assert np.flatnonzero(missing).tolist() == [10, 30, 31, 32]


def test_bars_of_no_known_session_are_left_out():
    data = quarters(3)
    kept = replace(data, hours=data.hours[1:])

    assert half_hour_returns(kept).returns == pytest.approx(half_hour_returns(data).returns[1:])


def test_without_bars_all_is_missing():
    data = quarters(2)
    nothing = SymbolData("ES", "SIMULATED", data.asof, (), 252.0, {})

    assert np.isnan(half_hour_returns(replace(data, bars={})).returns).all()
    assert half_hour_returns(nothing).returns.size == 0


def test_half_hours_are_named_by_the_time_since_the_open():
    assert [clock_text(bucket) for bucket in (0, 1, 45)] == ["+00:00", "+00:30", "+22:30"]


def quarters(sessions):
    return symbol_data(prices(garch_returns(np.random.default_rng(1), sessions, 92)), "15m")

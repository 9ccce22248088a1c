from dataclasses import replace

import numpy as np
import polars as pl
import pytest
import statsmodels.api as sm

from app.analysis.bars import TIMEFRAMES
from app.analysis.findings import figures, to_plain
from app.analysis.single.trend import combine_trends, measure_trend
from app.analysis.single.windows import window_of
from tests.nulls.paths import garch_returns, prices, symbol_data

HOURS = 23


def test_the_t_of_a_timeframe_is_that_of_statsmodels():
    data = market(30)
    returns = np.diff(np.log(data.frame("1h")["close"].to_numpy()))[-500:]

    found = measure_trend(data)["1h"]["t"]

    oracle = sm.OLS(returns, np.ones(500)).fit(cov_type="HAC", cov_kwds={"maxlags": 5, "use_correction": False})
    assert found.value == pytest.approx(oracle.tvalues[0])
    assert found.p_value == pytest.approx(oracle.pvalues[0])


def test_a_strong_drift_is_a_strong_trend_on_every_timeframe_and_together():
    steps = np.random.default_rng(1).standard_normal(92 * 120) * 0.001 + 0.0003
    found = measure_trend(symbol_data(prices(steps, start=100.0, tick=None), "15m"))

    for timeframe in ("15m", "1h", "session"):
        assert found[timeframe]["score"].label == "Strong Bullish"
        assert found[timeframe]["score"].value > 0.859
    assert found["combined"].label == "Strong Bullish"
    assert found["15m"]["efficiency_z"].status == "ok"


def test_prices_turned_upside_down_have_the_opposite_trend():
    data = market(30)
    bars = {name: inverted(frame) for name, frame in data.bars.items()}

    found, mirrored = measure_trend(data), measure_trend(replace(data, bars=bars))

    assert mirrored["1h"]["score"].value == pytest.approx(-found["1h"]["score"].value, abs=1e-9)
    assert mirrored["1h"]["variance_ratio_2"].value == pytest.approx(found["1h"]["variance_ratio_2"].value)


def test_persistent_and_reverting_returns_are_told_apart():
    dice = np.random.default_rng(7)
    noise = dice.standard_normal(HOURS * 30) * 0.002
    persistent = noise + 0.5 * np.concatenate(([0.0], noise[:-1]))
    reverting = noise - 0.5 * np.concatenate(([0.0], noise[:-1]))

    up, down = (
        measure_trend(symbol_data(prices(path), "1h"))["1h"]["variance_ratio_2"] for path in (persistent, reverting)
    )

    assert (up.label, up.status) == ("Momentum", "ok")
    assert (down.label, down.status) == ("Reversion", "ok")
    assert down.reason == "a bounce between bid and ask gives a ratio below 1 too"


@pytest.mark.parametrize(
    ("bars", "t", "efficiency", "ratio"), [(30, 0, 0, 0), (31, 0, 1, 0), (81, 0, 1, 1), (101, 1, 1, 1)]
)
def test_a_figure_needs_its_bars(bars, t, efficiency, ratio):
    data = market(10)

    found = measure_trend(replace(data, bars={"1h": data.frame("1h").tail(bars)}))["1h"]

    assert (found["t"].value is not None) == (found["score"].value is not None) == t
    assert (found["efficiency_ratio"].value is not None) == efficiency
    assert (found["variance_ratio_4"].value is not None) == ratio


def test_a_reason_says_how_much_there_is_and_how_much_is_needed():
    found = measure_trend(market(2))["session"]["score"]

    assert found.reason == "1 session returns, 100 are needed"


def test_one_timeframe_is_not_combined():
    found = measure_trend(market(10))["combined"]

    assert found.reason == "1 timeframes have a trend, 2 are needed"


def test_two_timeframes_of_the_same_returns_are_no_more_than_one():
    window = window_of(market(30), "1h")

    found = combine_trends([window, window])

    assert found.value == pytest.approx(measure_trend(market(30))["1h"]["score"].value)


def test_a_price_that_stands_still_has_no_trend():
    found = measure_trend(symbol_data(np.full(HOURS * 10, 5_000.0), "1h"))

    assert {found["1h"][name].status for name in found["1h"]} == {"degraded_data"}
    assert {found["1h"][name].value for name in found["1h"]} == {None}


def test_a_trend_over_a_roll_is_not_the_jump():
    data = market(30)
    new = pl.int_range(pl.len()) >= 600
    dearer = pl.col("open", "high", "low", "close") + pl.when(new).then(400.0).otherwise(0.0)
    rolled = data.frame("1h").with_columns(dearer, segment=new.cast(pl.Int32))

    found = measure_trend(replace(data, bars={"1h": rolled}))["1h"]

    assert found["t"].n == 499
    assert found["t"].value == pytest.approx(measure_trend(data)["1h"]["t"].value, abs=0.25)


def test_negative_prices_have_an_efficiency_and_no_t():
    data = market(10)
    bars = data.frame("1h").with_columns(pl.col("open", "high", "low", "close") - 6_000)

    found = measure_trend(replace(data, bars={"1h": bars}))["1h"]

    assert found["t"].status == "insufficient_data"
    assert found["efficiency_ratio"].value is not None


def test_nothing_gives_a_tree_of_reasons():
    found = list(figures(to_plain(measure_trend(replace(market(1), bars={})))))

    assert len(found) == 6 * len(TIMEFRAMES) + 1 + 6
    assert all(figure["reason"] and figure["value"] is None for _, figure in found)


def market(sessions):
    return symbol_data(prices(garch_returns(np.random.default_rng(2), sessions, HOURS)), "1h")


def inverted(bars):
    return bars.with_columns(
        open=1 / pl.col("open"), high=1 / pl.col("low"), low=1 / pl.col("high"), close=1 / pl.col("close")
    )

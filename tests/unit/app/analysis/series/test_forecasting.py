from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from scipy.stats import norm
from statsmodels.stats.proportion import proportion_confint

from app.analysis.findings import figures, to_plain
from app.analysis.series.forecasting import forecast
from app.analysis.series.intervals import filter_volatility
from tests.nulls.paths import garch_returns, prices, symbol_data

PARTS = {"base", "interval", "coverage", "score", "point", "dm"}


def test_each_horizon_has_all_parts():
    told = forecast(fives(3), ("5m", "1h"))

    assert set(told) == {"5m", "1h"}
    assert set(told["5m"]) == set(told["1h"]) == PARTS


def test_the_interval_holds_the_last_close_and_has_its_record():
    told = forecast(fives(6), ("5m",))["5m"]

    low, high = told["interval"].ci
    assert low < told["base"].value < high
    assert told["interval"].value == pytest.approx(high - low)
    assert told["interval"].ci_level == 0.90
    assert told["interval"].status == "ok"
    assert told["coverage"].n == 1_656 - 1 - 30 - 250
    held = round(told["coverage"].value * told["coverage"].n)
    assert told["coverage"].ci == pytest.approx(proportion_confint(held, told["coverage"].n, method="wilson"))
    assert told["coverage"].label == "as stated"


def test_the_interval_is_as_wide_as_the_next_bar_is_volatile():
    # The quietest hours of the made market are the first ones, the busiest around the sixteenth.
    data = symbol_data(prices(garch_returns(np.random.default_rng(5), 60, 23), tick=None), "1h")
    widths = {}
    for last in (3, 16):
        bars = data.frame("1h").head(59 * 23 + last)
        told = forecast(replace(data, bars={"1h": bars}), ("1h",))["1h"]
        widths[last] = told["interval"].value / filter_volatility(np.diff(np.log(bars["close"].to_numpy()))).ahead

    assert widths[16] > 2 * widths[3]


def test_the_first_bar_of_a_session_is_expected_to_move_as_it_does_after_the_pause():
    sizes = np.tile(np.where(np.arange(276) == 0, 40.0, 1.0), 24)
    data = symbol_data(prices(1e-4 * sizes * np.random.default_rng(7).standard_normal(len(sizes)), tick=None), "5m")

    def width(count):
        cut = replace(data, bars={"5m": data.frame("5m").head(count)})
        return forecast(cut, ("5m",))["5m"]["interval"].value

    before_the_pause, at_the_first, later = width(23 * 276 - 1), width(23 * 276), width(23 * 276 + 1)

    assert at_the_first > 10 * before_the_pause
    assert at_the_first > 5 * later


def test_the_score_is_that_of_the_normal_distribution_where_returns_are_normal():
    # Hours are quiet and busy by turns. The score of N(0, 1) is 2 * density(1.645) / .05, its mean size sqrt(2 / pi).
    sizes = np.tile(1e-4 * np.where(np.arange(23) % 2, 5.0, 1.0), 80)
    data = symbol_data(prices(sizes * np.random.default_rng(8).standard_normal(len(sizes)), tick=None), "1h")
    ideal = 2 * norm.pdf(norm.ppf(0.95)) / 0.05 / np.sqrt(2 / np.pi)

    told = forecast(data, ("1h",))["1h"]["score"]

    assert told.n == 80 * 23 - 1 - 30 - 250
    # What has to be learnt on the way costs something.
    assert ideal < told.value < 1.15 * ideal


def test_280_returns_are_enough_for_residuals_and_279_are_not():
    data = symbol_data(prices(garch_returns(np.random.default_rng(5), 13, 23), tick=None), "1h")
    enough, short = (replace(data, bars={"1h": data.frame("1h").tail(count)}) for count in (281, 280))

    assert forecast(enough, ("1h",))["1h"]["interval"].status == "ok"
    assert forecast(enough, ("1h",))["1h"]["coverage"].reason == "0 forecasts, 30 needed"
    told = forecast(short, ("1h",))["1h"]
    assert told["interval"].status == "low_history"
    assert told["interval"].reason == "249 filtered returns, 250 needed"
    assert told["interval"].ci[0] < told["base"].value < told["interval"].ci[1]
    assert told["coverage"].value is None


def test_30_returns_are_needed_for_any_interval():
    returns = garch_returns(np.random.default_rng(5), 31, 1)

    assert forecast(symbol_data(prices(returns), "session"), ("session",))["session"]["interval"].n == 30
    told = forecast(symbol_data(prices(returns[:30]), "session"), ("session",))["session"]["interval"]
    assert told.reason == "29 returns, 30 needed"


def test_a_random_walk_has_no_point_forecast():
    told = forecast(fives(6), ("5m",))["5m"]

    assert told["point"].value is None
    assert told["point"].status == "not_significant"
    assert told["point"].reason.startswith("no forecast beats the random walk")
    assert told["dm"].status == "not_significant"
    assert told["dm"].p_value > 0.05


def test_a_forecast_that_beats_the_random_walk_is_shown():
    dice = np.random.default_rng(0)
    closes = 5_000 * np.exp(0.001 * dice.standard_normal(529))

    told = forecast(symbol_data(closes, "1h"), ("1h",))["1h"]

    assert told["point"].label == told["dm"].label == "exponential smoothing"
    assert told["point"].value == pytest.approx(5_000, rel=0.0005)
    assert told["point"].p_value == told["dm"].p_value < 0.05
    assert told["dm"].status == "ok"


def test_what_lies_between_contracts_is_no_return():
    data = symbol_data(prices(garch_returns(np.random.default_rng(5), 23, 23), tick=None), "1h")
    rolled = (
        data.frame("1h")
        .with_row_index("row")
        .with_columns(
            segment=(pl.col("row") >= 300).cast(pl.Int32),
            close=pl.when(pl.col("row") >= 300).then(pl.col("close")).otherwise(pl.col("close") * 1.5),
        )
    )

    plain = forecast(data, ("1h",))["1h"]
    told = forecast(replace(data, bars={"1h": rolled.drop("row")}), ("1h",))["1h"]

    assert told["interval"].n == plain["interval"].n - 1
    assert told["interval"].value == pytest.approx(plain["interval"].value, rel=0.05)


def test_what_a_price_did_over_a_hole_is_no_return_of_a_bar():
    data = symbol_data(prices(garch_returns(np.random.default_rng(5), 23, 23), tick=None), "1h")
    holed = data.frame("1h").filter(~pl.int_range(pl.len()).is_between(300, 302))

    plain = forecast(data, ("1h",))["1h"]
    told = forecast(replace(data, bars={"1h": holed}), ("1h",))["1h"]

    # Three bars are not there, and the one after them is not used.
    assert told["interval"].n == plain["interval"].n - 4


def test_a_price_below_0_cannot_be_forecast():
    closes = np.linspace(20.0, -37.0, 300)

    told = forecast(symbol_data(closes, "1h"), ("1h",))["1h"]

    assert {one.reason for one in told.values()} == {"returns need a price above 0"}
    assert {one.status for one in told.values()} == {"insufficient_data"}


def test_a_price_below_0_in_the_past_is_left_out():
    closes = np.concatenate(([40.0, -37.0, 10.0], np.linspace(12.0, 20.0, 297)))

    assert forecast(symbol_data(closes, "1h"), ("1h",))["1h"]["interval"].n == 297 - 30


def test_a_price_that_never_moved_has_no_interval():
    told = forecast(symbol_data(np.full(529, 100.0), "1h"), ("1h",))["1h"]

    assert told["interval"].reason == "the price never moved"
    assert told["point"].value is None


def test_without_bars_or_session_all_parts_say_so():
    data = fives(2)

    without = forecast(replace(data, bars={}), ("5m",))["5m"]
    unknown = forecast(replace(data, hours=()), ("5m",))["5m"]

    assert {one.reason for one in without.values()} == {"there are no bars"}
    assert {one.reason for one in unknown.values()} == {"the calendar has no session for the last bar"}
    assert set(without) == set(unknown) == PARTS


@pytest.mark.parametrize("sessions", [1, 2, 22])
def test_every_figure_is_plain_whatever_there_is(sessions):
    plain = to_plain(forecast(fives(sessions), ("5m", "15m", "1h", "session")))

    assert len(list(figures(plain))) == 24


def test_a_horizon_must_be_a_timeframe():
    with pytest.raises(ValueError, match="no timeframes: 2d"):
        forecast(fives(1), ("5m", "2d"))


def fives(sessions):
    return symbol_data(prices(garch_returns(np.random.default_rng(6), sessions, 276), tick=None), "5m")

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from app.analysis.bars import log_returns
from app.analysis.prediction.features import scaled_returns
from app.analysis.prediction.predicted import written
from app.analysis.prediction.predicting import KIND, params_hash, predict_direction
from app.analysis.question import Parameters
from tests.nulls.paths import garch_returns, prices, symbol_data

PARAMETERS = Parameters.model_validate({})
CLOSES = prices(garch_returns(np.random.default_rng(11), 64, 23), tick=None)


@pytest.mark.parametrize(
    ("sessions", "reason"),
    [
        (0, "there are no bars of 1h"),
        (1, "0 bars of 1h with features and an outcome, 500 needed"),
        (22, "480 bars of 1h with features and an outcome, 500 needed"),
    ],
)
def test_with_too_little_history_nothing_is_said(sessions, reason):
    data = data_of(23 * max(sessions, 1))
    data = data if sessions else replace(data, bars={})

    found = predict_direction(data, "1h", PARAMETERS)

    assert found.forecast is None
    assert found.reason == reason


def test_thirty_days_of_hours_are_on_the_edge():
    found = predict_direction(data_of(529), "1h", PARAMETERS)

    assert (found.usable, found.scored) == (503, 253)
    assert found.forecast is not None


def test_unchanged_prices_are_no_outcomes():
    found = predict_direction(symbol_data(np.repeat(CLOSES, 2)[:1_400], "1h"), "1h", PARAMETERS)

    assert found.usable == pytest.approx(1_400 / 2, abs=15)


def test_prices_that_never_move_are_insufficient():
    found = predict_direction(symbol_data(np.full(1_000, 5_000.0), "1h"), "1h", PARAMETERS)

    assert (found.forecast, found.usable) == (None, 0)


def test_a_fresh_contract_cannot_be_predicted_yet():
    segment = np.zeros(1_000, np.int32)
    segment[-5:] = 1
    data = data_of(1_000)
    bars = data.frame("1h").with_columns(segment=segment)

    found = predict_direction(replace(data, bars={"1h": bars}), "1h", PARAMETERS)

    assert found.forecast is None
    assert "the contract changed" in found.reason


def test_the_forecast_is_of_the_bar_after_the_newest():
    data = data_of(1_000)

    found = predict_direction(data, "1h", PARAMETERS)

    forecast, newest = found.forecast, data.frame("1h")["t_close"][-1]
    assert found.target_ts == newest + timedelta(hours=1)
    assert forecast.base_price == CLOSES[999]
    assert 0 < forecast.p < 1
    assert forecast.p == forecast.series.p[-1] == pytest.approx(1 / (1 + np.exp(-forecast.logit)))
    assert np.isnan(forecast.series.moves[-1])
    assert forecast.skill.n == 1_000 - 25 - 250 - 1
    assert forecast.n_train == 250 + 700 - 1


def test_the_expected_move_is_that_of_the_past_at_the_volatility_of_now():
    data = data_of(1_000)
    bars = data.frame("1h")
    days = bars["session_date"].to_numpy()
    within = np.abs(log_returns(bars)[1:])[days[1:] == days[:-1]]
    volatility = scaled_returns(bars).volatility[1:]

    forecast = predict_direction(data, "1h", PARAMETERS).forecast

    expected = within.mean() * volatility[-1] / volatility.mean() * CLOSES[999]
    assert forecast.move == pytest.approx(expected, rel=1e-12)


def test_over_a_weekend_the_first_bar_of_the_next_session_is_predicted():
    data = data_of(23 * 40)

    found = predict_direction(data, "1h", PARAMETERS)

    assert found.target_ts == data.asof + timedelta(days=2, hours=2)
    assert found.forecast is not None


def test_without_a_session_to_come_there_is_no_forecast():
    data = replace(data_of(23 * 40), following=())

    found = predict_direction(data, "1h", PARAMETERS)

    assert (found.forecast, found.target_ts) == (None, None)
    assert found.reason == "the calendar does not tell when the next bar ends"


def test_bars_that_never_follow_one_another_are_insufficient():
    data = symbol_data(prices(garch_returns(np.random.default_rng(1), 700, 1)), "session")

    found = predict_direction(replace(data, bars={"1h": data.frame("session")}), "1h", PARAMETERS)

    assert found.forecast is None
    assert found.reason == "no session has two bars, one after the other"


def test_only_the_newest_bars_are_used():
    few = Parameters.model_validate({"most_bars": 800})
    data = data_of(1_400)
    tail = replace(data, bars={"1h": data.frame("1h").tail(800)})

    found, expected = predict_direction(data, "1h", few), predict_direction(tail, "1h", PARAMETERS)

    assert same(found, expected)


def test_the_same_bars_are_predicted_the_same():
    assert same(predict_direction(data_of(900), "1h", PARAMETERS), predict_direction(data_of(900), "1h", PARAMETERS))


def test_a_day_later_the_past_predictions_are_the_same():
    early, late = (predict_direction(data_of(count), "1h", PARAMETERS).forecast.series for count in (900, 923))

    rows = len(early.p)
    assert np.array_equal(late.p[:rows], early.p)
    assert np.array_equal(late.base[:rows], early.base)
    assert np.array_equal(late.times[:rows], early.times)


def test_what_is_kept_is_read_back_the_same():
    kept = Kept()

    first, second = (predict_direction(data_of(900), "1h", PARAMETERS, kept) for _ in range(2))

    assert same(first, second)
    assert same(first, predict_direction(data_of(900), "1h", PARAMETERS))
    assert (len(kept.values), kept.puts) == (1, 1)


@pytest.mark.parametrize("damaged", [b"", b"{}", b"[1]", b"\xff", b'{"forecast": null, "asof": "never"}'])
def test_what_was_damaged_is_computed_again(damaged):
    kept = Kept()
    first = predict_direction(data_of(900), "1h", PARAMETERS, kept)
    kept.values = dict.fromkeys(kept.values, damaged)

    assert same(predict_direction(data_of(900), "1h", PARAMETERS, kept), first)


def test_other_data_and_other_parameters_are_kept_apart():
    kept = Kept()
    few = Parameters.model_validate({"most_bars": 800})
    costly = Parameters.model_validate({"fee": 99.0})

    for data, parameters in (
        (data_of(900), PARAMETERS),
        (data_of(899), PARAMETERS),
        (replace(data_of(900), data_hash="1" * 64), PARAMETERS),
        (data_of(900), few),
        (data_of(900), costly),
    ):
        predict_direction(data, "1h", parameters, kept)

    assert kept.puts == 4
    assert params_hash(costly) == params_hash(PARAMETERS) != params_hash(few)


def closes_of(seed):
    return prices(garch_returns(np.random.default_rng(seed), 64, 23), tick=None)


def data_of(count):
    return symbol_data(CLOSES[:count], "1h")


def same(one, two):
    return written(one) == written(two)


class Kept:
    def __init__(self):
        self.values, self.puts = {}, 0

    def get(self, kind, key):
        return self.values.get((kind, key))

    def put(self, kind, key, value):
        assert kind == KIND
        self.values[kind, key] = value
        self.puts += 1

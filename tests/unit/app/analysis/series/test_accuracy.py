import numpy as np
import pytest

from app.analysis.series.accuracy import mase, mean_interval_score, msis, seasonal_scale, smape

ACTUAL = np.array([10.0, 20.0, 30.0])
FORECAST = np.array([12.0, 20.0, 24.0])
PAST = np.array([1.0, 4.0, 3.0, 7.0, 5.0])


def test_smape_is_twice_the_error_over_the_sum_in_percent():
    # 2 * 2 / 22, 0 and 2 * 6 / 54, averaged.
    assert smape(ACTUAL, FORECAST) == pytest.approx(100 * (4 / 22 + 0 + 12 / 54) / 3)


def test_smape_of_nothing_forecast_as_nothing_is_0():
    assert smape(np.array([0.0, 1.0]), np.array([0.0, -1.0])) == pytest.approx(100.0)


def test_mase_measures_errors_in_changes_of_the_past():
    # Errors 2, 0 and 6; changes of the past 3, 1, 4 and 2.
    assert mase(ACTUAL, FORECAST, PAST) == pytest.approx((8 / 3) / 2.5)


def test_mase_of_a_season_takes_changes_over_a_season():
    # Changes over two: 2, 3 and 2.
    assert mase(ACTUAL, FORECAST, PAST, season=2) == pytest.approx((8 / 3) / (7 / 3))


def test_msis_adds_forty_times_the_miss_at_95_percent():
    low, high = np.array([9.0, 21.0, 20.0]), np.array([11.0, 25.0, 29.5])

    # Widths 2, 4 and 9.5; missed by 0, 1 and .5.
    assert msis(ACTUAL, low, high, PAST) == pytest.approx((15.5 + 40 * 1.5) / 3 / 2.5)


def test_the_interval_score_follows_the_level():
    one = np.array([1.0])

    assert mean_interval_score(one, one * 2, one * 3, 0.90) == pytest.approx(1 + 20)
    assert mean_interval_score(one, one * -3, one * 0.5, 0.80) == pytest.approx(3.5 + 10 * 0.5)


@pytest.mark.parametrize(("past", "said"), [(PAST[:1], "no change"), (np.ones(9), "repeats itself")])
def test_a_past_without_changes_measures_nothing(past, said):
    with pytest.raises(ValueError, match=said):
        seasonal_scale(past, 1)


@pytest.mark.parametrize("forecast", [FORECAST[:2], np.empty(0)])
def test_as_many_forecasts_as_values_are_needed(forecast):
    with pytest.raises(ValueError, match="forecasts for 3 values"):
        smape(ACTUAL, forecast)

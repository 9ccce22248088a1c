import numpy as np
import pytest
from scipy.stats import ttest_1samp

from app.analysis.series.point import (
    compare,
    diebold_mariano,
    drift_forecasts,
    seasonal_forecasts,
    ses_forecast,
    ses_forecasts,
)


def test_the_drift_is_the_mean_of_what_was_before():
    assert drift_forecasts(np.array([2.0, 4.0, -3.0])).tolist() == [0.0, 2.0, 3.0, 1.0]


def test_smoothing_moves_its_level_towards_each_value():
    # From 10: 10 + .5 * (14 - 10) = 12, then 12 + .5 * (8 - 12) = 10.
    assert ses_forecast(np.array([10.0, 14.0, 8.0]), 0.5) == pytest.approx(10.0)
    assert ses_forecast(np.array([10.0, 14.0, 8.0]), 0.25) == pytest.approx(10.25)


def test_smoothing_with_weight_1_is_the_random_walk():
    assert ses_forecast(np.array([10.0, 14.0, 8.0]), 1.0) == 8.0


def test_smoothing_goes_by_the_weight_that_was_best_until_then():
    values = np.random.default_rng(2).standard_normal(60)
    weights = np.linspace(0.05, 1, 20)

    found = ses_forecasts(values)

    for now in (0, 1, 2, 30, 59):
        lost = [sum((values[i + 1] - ses_forecast(values[: i + 1], w)) ** 2 for i in range(now)) for w in weights]
        best = max(w for w, one in zip(weights, lost, strict=True) if one <= min(lost) + 1e-12)
        assert found[now] == pytest.approx(ses_forecast(values[: now + 1], best) - values[now])


def test_the_seasonal_forecast_is_the_return_at_the_same_place_of_the_session_before():
    returns, places = np.array([1.0, 2.0, 3.0, 4.0, 5.0]), np.array([0, 1, 2, 0, 2])

    assert seasonal_forecasts(returns, np.append(places, 0)).tolist() == [0, 0, 0, 1, 3, 4]
    assert seasonal_forecasts(returns, np.append(places, 1)).tolist() == [0, 0, 0, 1, 3, 2]


@pytest.mark.parametrize("method", [drift_forecasts, lambda r: ses_forecasts(np.concatenate(([0.0], np.cumsum(r))))])
def test_a_forecast_does_not_know_what_comes_after(method):
    returns = np.random.default_rng(1).standard_normal(200)
    other = np.concatenate((returns[:120], -3 * returns[120:]))

    assert np.array_equal(method(returns)[:121], method(other)[:121])
    assert not np.array_equal(method(returns)[121:], method(other)[121:])


def test_one_step_ahead_the_statistic_is_that_of_a_t_test():
    gains = np.random.default_rng(4).standard_normal(40) + 0.3
    expected = ttest_1samp(gains, 0, alternative="greater")

    assert diebold_mariano(gains) == pytest.approx((expected.statistic, expected.pvalue))


def test_further_ahead_covariances_and_the_correction_count():
    # Mean 2.5, covariances 6.75/4 = 1.25 at 0 and 1.25/4 at 1; variance 1.25 + 2 * .3125 = 1.875.
    statistic, _ = diebold_mariano(np.array([1.0, 2.0, 3.0, 4.0]), horizon=2)

    correction = (4 + 1 - 4 + 2 * 1 / 4) / 4
    assert statistic == pytest.approx(2.5 / np.sqrt(1.875 / 4) * np.sqrt(correction))


def test_a_variance_below_0_falls_back_to_weights():
    gains = np.array([1.0, -0.9] * 10)
    by_hand = gains - gains.mean()
    weighted = (by_hand @ by_hand + 2 * 0.5 * by_hand[1:] @ by_hand[:-1]) / 20

    statistic, _ = diebold_mariano(gains, horizon=2)

    assert statistic == pytest.approx(0.05 / np.sqrt(weighted / 20) * np.sqrt((20 + 1 - 4 + 2 / 20) / 20))


def test_gains_that_do_not_vary_prove_nothing():
    assert diebold_mariano(np.zeros(50)) == (0.0, 1.0)
    assert diebold_mariano(np.full(50, 0.1)) == (0.0, 1.0)


def test_prices_that_return_to_a_level_are_forecast_by_smoothing():
    dice = np.random.default_rng(0)
    returns = np.diff(dice.standard_normal(400))

    best = compare(returns, np.arange(399) % 23, 0)[0]

    assert best.name == "exponential smoothing"
    assert best.p < 1e-6
    assert best.mean_gain > 0
    assert best.n == 299


def test_a_pattern_that_repeats_each_session_is_forecast_by_the_session_before():
    dice = np.random.default_rng(0)
    pattern = np.tile(dice.standard_normal(23), 20)
    returns = pattern + 0.3 * dice.standard_normal(len(pattern))

    best = compare(returns, np.arange(len(returns)) % 23, 5)[0]

    assert best.name == "seasonal naive"
    assert best.ahead == returns[-23 + 5]


def test_too_few_returns_are_refused():
    with pytest.raises(ValueError, match="249 returns, 250 needed"):
        compare(np.ones(249), np.zeros(249, int), 0)

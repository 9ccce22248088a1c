import numpy as np
import pytest
from scipy import stats

from app.analysis.findings import Basis
from app.analysis.risk.value_at_risk import (
    cornish_fisher,
    cornish_fisher_quantile,
    ewma_volatility,
    filtered_historical,
    forecasts,
    historical,
    is_monotone,
    measure_tails,
)
from tests.nulls.paths import hours_of, weekdays

BASIS = Basis("window", hours_of(weekdays(1)[0]).close)
# Moments and lowest values of the first 100 returns of R's edhec[, 1]; the answers are PerformanceAnalytics'.
MEAN, DEVIATION, SKEW, KURTOSIS = 0.007547, 0.01196460158133149, -0.8925105886315027, 1.3048400638649609
LOWEST = (-0.0319, -0.0316, -0.0214, -0.0196, -0.0159, -0.014)


def test_the_historical_tail_is_that_of_performance_analytics():
    returns = np.array([*LOWEST, *[0.01] * 94])

    tail = historical(returns, 0.95)

    assert tail.value_at_risk == pytest.approx(0.014095, abs=1e-6)
    assert tail.expected_shortfall == pytest.approx(0.024080, abs=1e-6)


@pytest.mark.parametrize(("skew", "kurtosis", "answer"), [(0.0, 0.0, -0.012133), (SKEW, KURTOSIS, -0.014674)])
def test_the_gaussian_and_the_modified_tail_are_those_of_performance_analytics(skew, kurtosis, answer):
    quantile = cornish_fisher_quantile(0.05, skew, kurtosis)

    assert MEAN + DEVIATION * quantile == pytest.approx(answer, abs=1e-6)


@pytest.mark.parametrize(
    ("probability", "skew", "kurtosis", "answer"),
    [(0.05, 0, 0, -1.644854), (0.05, -0.5, 3, -1.721744), (0.01, -0.5, 3, -3.301284)],
)
def test_the_expansion_gives_the_published_quantiles(probability, skew, kurtosis, answer):
    assert cornish_fisher_quantile(probability, skew, kurtosis) == pytest.approx(answer, abs=1e-6)


def test_the_modified_shortfall_of_a_normal_sample_is_the_gaussian_one():
    returns = stats.norm.ppf((np.arange(20_000) + 0.5) / 20_000)

    tail = cornish_fisher(returns, 0.95)

    assert tail.expected_shortfall == pytest.approx(2.0627128, abs=0.01)


def test_the_modified_shortfall_is_the_mean_of_the_quantiles_beyond():
    returns = np.random.default_rng(4).standard_t(9, 5_000) * 0.01 - 0.002
    skew, kurtosis = float(stats.skew(returns)), float(stats.kurtosis(returns))
    beyond = [cornish_fisher_quantile(p, skew, kurtosis) for p in (np.arange(20_000) + 0.5) / 20_000 * 0.05]

    tail = cornish_fisher(returns, 0.95)

    assert tail.expected_shortfall == pytest.approx(-(returns.mean() + returns.std() * np.mean(beyond)), rel=1e-3)


@pytest.mark.parametrize(
    ("skew", "kurtosis", "monotone"),
    [
        (0, 0, True),
        (-0.5, 3, True),
        (0, 7.9, True),
        (0, 8.1, False),
        (1, 0, False),
        (0.8, 2, True),
        (0, -0.1, True),
        (0, -1.5, False),
        (-2, 3, False),
    ],
)
def test_the_domain_is_where_quantiles_grow_with_the_probability(skew, kurtosis, monotone):
    quantiles = [cornish_fisher_quantile(p, skew, kurtosis) for p in stats.norm.cdf(np.linspace(-4.75, 4.75, 4_001))]

    assert is_monotone(skew, kurtosis) == monotone
    assert bool(np.all(np.diff(quantiles) > -1e-9)) == monotone


def test_a_sample_beyond_the_domain_has_no_modified_tail():
    returns = np.concatenate((np.full(300, 0.001), np.full(3, -0.2)))

    assert cornish_fisher(returns, 0.99) is None
    assert measure_tails(returns, BASIS, "session returns")["var_99"]["cornish_fisher"].status == "not_significant"


def test_the_volatility_of_a_return_does_not_know_it():
    calm = np.full(60, 0.01)
    shaken = np.append(calm, 0.5)

    assert ewma_volatility(shaken)[60] == pytest.approx(0.01)
    assert ewma_volatility(shaken)[61] == pytest.approx(np.sqrt(0.94 * 0.0001 + 0.06 * 0.25))


def test_the_filtered_tail_follows_the_volatility_of_today():
    returns = np.random.default_rng(1).standard_normal(600) * 0.01
    doubled = np.concatenate((returns, returns[-200:] * 2))

    later, earlier = filtered_historical(doubled, 0.95), filtered_historical(returns, 0.95)

    assert later.value_at_risk == pytest.approx(2 * earlier.value_at_risk, rel=0.1)
    assert earlier.value_at_risk == pytest.approx(1.645 * ewma_volatility(returns)[-1], rel=0.15)
    assert earlier.low < earlier.value_at_risk < earlier.high


def test_the_interval_of_a_quantile_holds_the_true_one_in_95_of_100_samples():
    dice = np.random.default_rng(2)

    tails = [historical(dice.standard_normal(1_000), 0.95) for _ in range(400)]

    assert 0.92 <= np.mean([tail.low <= 1.644854 <= tail.high for tail in tails]) <= 0.98


def test_a_forecast_is_what_the_returns_before_it_say():
    returns = np.random.default_rng(3).standard_t(5, 400) * 0.01

    made = forecasts(returns, 0.95)

    assert np.isnan(made[:145]).all()
    assert made[300] == pytest.approx(filtered_historical(returns[:300], 0.95).value_at_risk, rel=1e-12)


def test_a_forecast_does_not_change_with_what_comes_after():
    returns = np.random.default_rng(3).standard_t(5, 400) * 0.01
    other = np.concatenate((returns[:300], returns[300:] * 3))

    assert np.array_equal(forecasts(returns, 0.95)[:301], forecasts(other, 0.95)[:301], equal_nan=True)


@pytest.mark.parametrize(
    ("count", "name", "method", "status"),
    [
        (124, "var_95", "historical", "insufficient_data"),
        (125, "var_95", "historical", "ok"),
        (144, "es_95", "fhs", "insufficient_data"),
        (145, "es_95", "fhs", "ok"),
        (249, "var_99", "historical", "insufficient_data"),
        (250, "es_99", "historical", "ok"),
        (0, "var_95", "fhs", "insufficient_data"),
    ],
)
def test_a_tail_needs_enough_observations(count, name, method, status):
    returns = np.random.default_rng(5).standard_normal(count) * 0.01

    found = measure_tails(returns, BASIS, "session returns")[name][method]

    assert found.status == status
    assert (found.value is None) == (status != "ok")


def test_returns_that_are_no_numbers_do_not_count():
    returns = np.random.default_rng(5).standard_normal(300) * 0.01
    holed = np.insert(returns, [0, 50, 299], np.nan)

    assert measure_tails(holed, BASIS, "u") == measure_tails(returns, BASIS, "u")


def test_a_price_that_stands_still_has_no_tail():
    found = measure_tails(np.zeros(600), BASIS, "session returns")

    assert {one.status for figures in found.values() for one in figures.values()} == {"insufficient_data"}
    assert "did not move" in found["var_95"]["fhs"].reason

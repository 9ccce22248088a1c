import arch.data.sp500
import numpy as np
import pytest
import statsmodels.api as sm
from scipy.stats import t

from app.analysis.statistics.means import bandwidth, hac_mean, hac_stderr, hac_t, small_sample


@pytest.fixture(scope="module")
def stocks():
    """Daily log prices of the S&P 500, 1999 to 2018."""
    return np.log(arch.data.sp500.load()["Adj Close"].to_numpy())


@pytest.mark.parametrize(("count", "lags"), [(10, 2), (100, 4), (500, 5), (5_030, 9)])
def test_the_number_of_lags(count, lags):
    assert bandwidth(count) == lags


@pytest.mark.parametrize("count", [120, 1_000, 5_000])
def test_the_hac_t_is_that_of_statsmodels(stocks, count):
    returns = np.diff(stocks)[-count:]

    fitted = sm.OLS(returns, np.ones(count)).fit(
        cov_type="HAC", cov_kwds={"maxlags": bandwidth(count), "kernel": "bartlett", "use_correction": False}
    )

    assert hac_t(returns) == pytest.approx(fitted.tvalues[0], rel=1e-9)
    assert hac_stderr(returns) == pytest.approx(fitted.bse[0], rel=1e-9)


@pytest.mark.parametrize("value", [0.0, 0.001])
def test_returns_that_do_not_vary_have_no_t(value):
    assert hac_t(np.full(200, value)) is None


@pytest.mark.parametrize("n", [30, 100, 1_000])
def test_the_mean_and_its_error_are_those_of_statsmodels(n):
    values = np.convolve(np.random.default_rng(n).normal(size=n + 4), np.ones(5), "valid") + 0.2
    oracle = sm.OLS(values, np.ones(n)).fit(cov_type="HAC", cov_kwds={"maxlags": bandwidth(n), "use_correction": False})

    assert hac_mean(values) == pytest.approx((oracle.params[0], oracle.bse[0]), rel=1e-9)


def test_the_error_of_few_values_is_as_large_as_it_is_on_average():
    # With two lags of weights 2/3 and 1/3 over five values.
    freedom, shortfall = small_sample(5)

    assert freedom == pytest.approx(5 / (1 + 2 * (4 / 9 + 1 / 9)))
    assert shortfall**2 == pytest.approx(1 / (1 - (1 + 2 * (2 / 3 * 4 / 5 + 1 / 3 * 3 / 5)) / 5))


@pytest.mark.parametrize("count", [5, 10, 23])
def test_intervals_of_few_values_hold_as_often_as_they_say(count):
    dice, runs = np.random.default_rng(count), 1_000
    freedom, shortfall = small_sample(count)
    reach = t.ppf(0.975, freedom) * shortfall

    held = np.mean([abs(x.mean()) <= reach * hac_stderr(x) for x in dice.standard_normal((runs, count))])

    assert 0.92 <= held <= 0.98


def test_many_values_need_no_correction():
    freedom, shortfall = small_sample(5_000)

    assert freedom > 500
    assert shortfall == pytest.approx(1, abs=2e-3)

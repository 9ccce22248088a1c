import math

import arch.data.sp500
import numpy as np
import pytest
from arch.unitroot import VarianceRatio as Oracle

from app.analysis.single.walks import efficiency, stouffer, two_sided, variance_ratio


@pytest.fixture(scope="module")
def stocks():
    """Daily log prices of the S&P 500, 1999 to 2018."""
    return np.log(arch.data.sp500.load()["Adj Close"].to_numpy())


@pytest.mark.parametrize(("z", "p"), [(1.959964, 0.05), (-1.644854, 0.10), (2.575829, 0.01), (0.0, 1.0)])
def test_a_two_sided_p_is_the_tables(z, p):
    assert two_sided(z) == pytest.approx(p, abs=1e-6)


@pytest.mark.parametrize("q", [2, 4, 10])
@pytest.mark.parametrize("count", [200, 5_000])
def test_the_variance_ratio_is_that_of_arch(stocks, q, count):
    prices = stocks[-count - 1 :]
    oracle = Oracle(prices, lags=q, robust=True, debiased=True, overlap=True)

    found = variance_ratio(np.diff(prices), q)

    assert found.ratio == pytest.approx(oracle.vr, rel=1e-9)
    assert found.z == pytest.approx(oracle.stat, rel=1e-9)
    assert found.z == pytest.approx((found.ratio - 1) / found.stderr)


def test_returns_that_alternate_revert_and_those_that_persist_do_not():
    persistent = np.repeat(np.random.default_rng(1).standard_normal(100), 4)

    assert variance_ratio(np.tile([0.01, -0.01], 100), 2).ratio < 0.1
    assert variance_ratio(persistent, 2).z > 1.96


def test_returns_that_do_not_vary_have_no_variance_ratio():
    assert variance_ratio(np.zeros(200), 2) is None


def test_a_straight_line_is_all_efficient_and_a_saw_is_not():
    assert efficiency(np.ones(50)).ratio == 1
    assert efficiency(np.tile([1.0, -1.0], 25)).ratio == 0


def test_efficiency_by_hand():
    found = efficiency(np.array([1.0, 2.0, -1.0, 2.0]))

    assert found.ratio == pytest.approx(4 / 6)
    assert found.z == pytest.approx(4 / math.sqrt(10))
    assert found.expected == pytest.approx(math.sqrt(2 / math.pi) * math.sqrt(10) / 6)


def test_with_normal_changes_efficiency_has_the_textbook_null():
    changes = np.random.default_rng(4).standard_normal(200_000)

    found = efficiency(changes)

    count = len(changes)
    assert found.expected == pytest.approx(1 / math.sqrt(count), rel=0.01)
    assert found.z == pytest.approx(found.ratio * math.sqrt(count) * math.sqrt(2 / math.pi), rel=0.01)


def test_no_change_has_no_efficiency():
    assert efficiency(np.zeros(50)) is None


def test_stouffer_of_independent_and_of_identical_scores():
    scores = np.array([1.644854, 1.644854])

    assert stouffer(scores, np.eye(2)) == pytest.approx(2.326174, abs=1e-6)
    assert stouffer(scores, np.ones((2, 2))) == pytest.approx(1.644854)

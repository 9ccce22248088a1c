import numpy as np
import pytest
from scipy.stats import t

from app.analysis.series.intervals import WINDOW, filter_volatility, normal_band, track


def test_the_volatility_is_expected_from_the_returns_before():
    returns = np.random.default_rng(1).standard_normal(80)
    variance = np.mean(returns[:30] ** 2)
    expected = []
    for value in returns[30:]:
        expected.append(np.sqrt(variance))
        variance = 0.94 * variance + 0.06 * value**2

    found = filter_volatility(returns)

    assert found.scale == pytest.approx(np.array(expected))
    assert found.residuals == pytest.approx(returns[30:] / expected)
    assert found.ahead == pytest.approx(np.sqrt(variance))
    assert found.skipped == 30


def test_a_filter_does_not_know_what_comes_after():
    returns = np.random.default_rng(1).standard_normal(200)
    other = np.concatenate((returns[:120], 5 * returns[120:]))

    before, after = filter_volatility(returns), filter_volatility(other)

    assert np.array_equal(before.scale[:91], after.scale[:91])
    assert not np.array_equal(before.scale[91:], after.scale[91:])


def test_the_filter_begins_when_the_price_first_moves():
    returns = np.concatenate((np.zeros(50), np.ones(40)))

    found = filter_volatility(returns)

    assert found.skipped == 80
    assert found.residuals.tolist() == pytest.approx([1.0] * 10)


@pytest.mark.parametrize(("returns", "ahead"), [(np.empty(0), 0.0), (np.zeros(100), 0.0), (np.full(9, 2.0), 2.0)])
def test_too_few_moves_have_no_residuals(returns, ahead):
    found = filter_volatility(returns)

    assert len(found.residuals) == 0
    assert found.ahead == ahead


def test_a_price_that_stands_still_for_long_divides_by_no_0():
    returns = np.concatenate((np.ones(40), np.zeros(20_000), np.ones(1)))

    assert np.isfinite(filter_volatility(returns).residuals).all()


def test_bounds_are_order_statistics():
    # Of 1 to 99 all but a tenth of the next lie between the values of rank 5 and 95.
    found = track(np.random.default_rng(1).permutation(np.arange(1.0, 100.0)), warm=99)

    assert found.next == (5.0, 95.0)
    assert found.n == 0


def test_a_residual_is_forecast_from_those_before_it():
    values = np.random.default_rng(2).standard_normal(300)
    other = np.concatenate((values[:280], values[280:] * 9))

    found, changed = track(values, gamma=0.0), track(other, gamma=0.0)

    ordered = np.sort(values[:260])
    # int(261 * .05) is 13.
    assert (found.low[10], found.high[10]) == (ordered[12], ordered[-13])
    assert np.array_equal(found.low[:31], changed.low[:31])
    assert found.held > changed.held


def test_the_rate_follows_hits_and_misses():
    # Far out every time: each miss lowers the rate by .005 * .9.
    escaping = np.concatenate((np.linspace(-1, 1, 250), 10.0 ** np.arange(1, 11)))
    staying = np.concatenate((np.linspace(-1, 1, 250), np.zeros(10)))

    assert track(escaping).miss_rate == pytest.approx(0.1 - 10 * 0.005 * 0.9)
    assert track(escaping).held == 0
    assert track(staying).miss_rate == pytest.approx(0.1 + 10 * 0.005 * 0.1)
    assert track(staying).held == 10


def test_adapting_keeps_its_promise_where_the_distribution_changes():
    dice = np.random.default_rng(3)
    values = np.concatenate((dice.standard_normal(600), 2 * dice.standard_normal(1_000)))

    found = track(values)

    assert abs(found.held / found.n - 0.9) < 0.02
    assert found.held_unadapted / found.n < found.held / found.n


def test_a_rate_below_0_stays_at_the_ends_of_the_sample():
    growing = np.concatenate((np.linspace(-1, 1, 250), np.arange(2.0, 102.0)))

    found = track(growing)

    assert found.miss_rate < 0
    assert found.next == (-1.0, 101.0)


def test_only_the_newest_residuals_make_a_bound():
    dice = np.random.default_rng(4)
    values = np.concatenate((50 * dice.standard_normal(600), dice.standard_normal(WINDOW)))

    newest = np.sort(values[-WINDOW:])
    found = track(values, gamma=0.0)

    assert found.next == (newest[49], newest[-50])


def test_other_levels_are_kept_too():
    values = np.random.default_rng(5).standard_normal(2_000)

    found = track(values, level=0.5)

    assert found.held / found.n == pytest.approx(0.5, abs=0.03)
    assert found.miss_rate == pytest.approx(0.5, abs=0.1)
    outside = found.miss_rate / 2
    assert found.next == pytest.approx(np.quantile(values[-WINDOW:], [outside, 1 - outside]), abs=0.02)


@pytest.mark.parametrize("count", [0, 249])
def test_too_few_residuals_are_refused(count):
    with pytest.raises(ValueError, match=f"{count} residuals, 250 needed"):
        track(np.zeros(count))


def test_a_normal_band_is_students():
    low, high = normal_band(np.array([1.0, -2.0, 2.0]), level=0.9)

    assert high == pytest.approx(np.sqrt(3) * t.ppf(0.95, 3))
    assert low == -high

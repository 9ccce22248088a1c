import numpy as np
import pytest

from app.analysis.series.diurnal import factors, measure_diurnal, past_factors
from tests.nulls.paths import diurnal, garch_returns, prices, symbol_data


def test_a_factor_is_the_slot_s_mean_size_over_that_of_all():
    returns, slots = np.array([1.0, -3.0, 1.0, 7.0]), np.array([0, 1, 0, 1])

    assert factors(returns, slots).tolist() == [1 / 3, 5 / 3, 1 / 3, 5 / 3]


def test_returns_over_their_factors_have_the_same_size_at_all_times():
    slots = np.tile(np.arange(23), 40)
    returns = np.random.default_rng(1).standard_normal(len(slots)) * np.tile(diurnal(23), 40)

    sizes = np.abs(returns / factors(returns, slots)).reshape(40, 23).mean(axis=0)

    assert sizes == pytest.approx(np.full(23, sizes[0]))


def test_where_nothing_moves_every_factor_is_1():
    assert factors(np.zeros(4), np.arange(4)).tolist() == [1, 1, 1, 1]
    assert factors(np.empty(0), np.empty(0, int)).tolist() == []
    assert past_factors(np.zeros(3), np.arange(3), 0).tolist() == [1, 1, 1, 1]


def test_a_past_factor_is_shrunk_by_four_returns_of_average_size():
    # Before the last: slot 0 had 2 and 4; all had 2, 1, 4 and 1, 2 on average.
    found = past_factors(np.array([2.0, -1.0, 4.0, 1.0]), np.array([0, 1, 0, 1]), 0)

    assert found[0] == 1
    assert found[2] == pytest.approx((2 + 4 * 1.5) / 5 / 1.5)
    assert found[4] == pytest.approx((6 + 4 * 2) / 6 / 2)


def test_a_past_factor_does_not_know_what_comes_after():
    slots = np.tile(np.arange(5), 30)
    returns = np.random.default_rng(1).standard_normal(150)
    other = np.concatenate((returns[:70], 3 * returns[70:][::-1]))

    before, after = past_factors(returns, slots, 0), past_factors(other, slots, 0)

    assert np.array_equal(before[:71], after[:71])
    assert np.array_equal(before[:71], past_factors(returns[:70], slots[:70], slots[70]))
    assert not np.array_equal(factors(returns, slots)[:70], factors(other, slots)[:70])


def test_past_factors_find_the_time_of_day():
    slots = np.tile(np.arange(23), 250)
    returns = np.random.default_rng(1).standard_normal(len(slots)) * np.tile(diurnal(23), 250)

    found = past_factors(returns, slots, 16)

    assert found[-24:-1] == pytest.approx(diurnal(23) / diurnal(23).mean(), rel=0.15)
    assert found[-1] == pytest.approx(diurnal(23)[16] / diurnal(23).mean(), rel=0.15)


def test_the_profile_is_that_of_the_made_market():
    told = measure_diurnal(quarters(120))
    shape = diurnal(92).reshape(46, 2)
    expected = np.sqrt((shape**2).sum(axis=1))
    expected /= expected.mean()

    found = np.array([one.value for one in told.values()])

    assert len(told) == 46
    assert np.abs(found - expected).mean() < 0.08
    assert (
        np.mean([abs(one.value - e) < 2.6 * one.stderr for one, e in zip(told.values(), expected, strict=True)]) > 0.9
    )


def test_nineteen_sessions_are_too_few():
    told = measure_diurnal(quarters(19))

    assert told["+08:30"].value is None
    assert told["+08:30"].status == "insufficient_data"
    assert told["+08:30"].reason == "19 sessions have this half-hour, 20 needed"
    assert measure_diurnal(quarters(20))["+08:30"].status == "ok"


def test_a_price_that_never_moved_has_no_profile():
    told = measure_diurnal(symbol_data(np.full(92 * 20, 100.0), "15m"))

    assert {one.reason for one in told.values()} == {"the price never moved"}


def quarters(sessions):
    return symbol_data(prices(garch_returns(np.random.default_rng(2), sessions, 92), tick=None), "15m")

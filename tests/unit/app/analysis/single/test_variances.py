import math

import numpy as np
import pytest

from app.analysis.single.variances import bipower, garman_klass, parkinson, realised, rogers_satchell, yang_zhang

YEARLY = 0.1587


def test_realised_variance_is_the_sum_of_squares():
    assert realised(np.array([0.01, -0.02, 0.03])) == pytest.approx(0.0014)


def test_bipower_multiplies_neighbours():
    expected = math.pi / 2 * 3 / 2 * (0.01 * 0.02 + 0.02 * 0.03)

    assert bipower(np.array([0.01, -0.02, 0.03])) == pytest.approx(expected)


@pytest.mark.parametrize("count", [0, 1])
def test_bipower_of_fewer_than_two_returns_is_no_number(count):
    assert math.isnan(bipower(np.zeros(count)))


def test_a_jump_moves_realised_variance_and_hardly_bipower():
    returns = np.random.default_rng(1).standard_normal(276) * 0.001
    jumped = returns.copy()
    jumped[100] += 0.02

    assert realised(jumped) > 2 * realised(returns)
    assert bipower(jumped) < 1.4 * bipower(returns)


def test_range_estimators_by_hand():
    opened, high, low, close = (np.array([math.exp(x)]) for x in (0.00, 0.03, -0.01, 0.02))

    assert parkinson(high, low)[0] == pytest.approx(0.04**2 / (4 * math.log(2)))
    assert garman_klass(opened, high, low, close)[0] == pytest.approx(0.0008 - (2 * math.log(2) - 1) * 0.0004)
    assert rogers_satchell(opened, high, low, close)[0] == pytest.approx(0.01 * 0.03 + (-0.03) * (-0.01))


def test_a_pure_drift_has_no_rogers_satchell_variance():
    opened, close = np.array([100.0]), np.array([110.0])

    assert rogers_satchell(opened, close, opened, close)[0] == 0


def test_rolling_range_volatility_equals_a_plain_loop_over_the_formulas():
    opened, high, low, close = bars(60)

    found = [
        [math.sqrt(260 * estimate[end - 10 : end].mean()) for end in range(10, 61)]
        for estimate in (
            garman_klass(opened, high, low, close),
            parkinson(high, low),
            rogers_satchell(opened, high, low, close),
        )
    ]

    assert np.array(found) == pytest.approx(looped(opened, high, low, close), rel=1e-12)


def test_yang_zhang_equals_a_plain_loop_over_its_formula():
    opened, high, low, close = bars(30)
    gaps = np.log(opened[1:] / close[:-1])

    found = yang_zhang(gaps, opened[1:], high[1:], low[1:], close[1:])

    count = 29
    inside = [math.log(close[i] / opened[i]) for i in range(1, 30)]
    rs = [
        math.log(high[i] / close[i]) * math.log(high[i] / opened[i])
        + math.log(low[i] / close[i]) * math.log(low[i] / opened[i])
        for i in range(1, 30)
    ]
    k = 0.34 / (1.34 + (count + 1) / (count - 1))
    assert found == pytest.approx(sample_variance(gaps) + k * sample_variance(inside) + (1 - k) * sum(rs) / count)


def test_estimators_find_the_volatility_of_simulated_sessions():
    gap, five, high, low, close = simulated(4_000)
    opened = np.ones(4_000)

    rv = math.sqrt(252 * np.mean([realised(day) + over**2 for day, over in zip(five, gap, strict=True)]))
    gk = math.sqrt(252 * (garman_klass(opened, high, low, close).mean() + np.mean(gap**2)))
    yz = math.sqrt(252 * yang_zhang(gap, opened, high, low, close))

    assert rv == pytest.approx(YEARLY, rel=0.01)
    assert gk == pytest.approx(YEARLY, rel=0.02)
    assert yz == pytest.approx(YEARLY, rel=0.02)


def test_the_minutes_of_a_stock_market_are_the_wrong_year():
    _, five, *_ = simulated(200)

    assert math.sqrt(252 * 390 / 5) * five.std() < 0.6 * YEARLY


def simulated(sessions):
    """Gaps of an hour, and of sessions of 23 hours in steps of ten seconds 5-minute returns, high, low and close."""
    dice = np.random.default_rng(12)
    step = YEARLY / math.sqrt(252 * 24 * 360)
    gap = dice.standard_normal(sessions) * step * math.sqrt(360)
    five, ends = np.empty((sessions, 276)), np.empty((3, sessions))
    for place in range(sessions):
        steps = dice.standard_normal(23 * 360) * step
        path = np.cumsum(steps)
        five[place] = steps.reshape(276, 30).sum(axis=1)
        ends[:, place] = max(path.max(), 0), min(path.min(), 0), path[-1]
    return gap, five, *np.exp(ends)


def bars(count):
    dice = np.random.default_rng(3)
    close = 100 * np.exp(np.cumsum(dice.standard_normal(count) * 0.01))
    opened = np.concatenate(([100.0], close[:-1])) * np.exp(dice.standard_normal(count) * 0.003)
    high = np.maximum(opened, close) * np.exp(np.abs(dice.standard_normal(count)) * 0.004)
    low = np.minimum(opened, close) * np.exp(-np.abs(dice.standard_normal(count)) * 0.004)
    return opened, high, low, close


def looped(opened, high, low, close):
    rows = [[], [], []]
    for end in range(10, len(close) + 1):
        gk = pk = rs = 0.0
        for i in range(end - 10, end):
            h, lo = math.log(high[i]), math.log(low[i])
            o, c = math.log(opened[i]), math.log(close[i])
            gk += 0.5 * (h - lo) ** 2 - (2 * math.log(2) - 1) * (c - o) ** 2
            pk += (h - lo) ** 2
            rs += (h - c) * (h - o) + (lo - c) * (lo - o)
        for row, total in zip(rows, (gk, pk / (4 * math.log(2)), rs), strict=True):
            row.append(math.sqrt(260 / 10 * total))
    return np.array(rows)


def sample_variance(values):
    mean = sum(values) / len(values)
    return sum((value - mean) ** 2 for value in values) / (len(values) - 1)

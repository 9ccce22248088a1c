import math

import numpy as np
import pytest
from sklearn.covariance import LedoitWolf

from app.analysis.findings import Basis
from app.analysis.portfolio.correlation import asynchronous_figure, correlate, correlation_figure, shortage
from app.analysis.portfolio.synchrony import Common, Moves
from tests.nulls.paths import hours_of, weekdays

BASIS = Basis("window", hours_of(weekdays(1)[0]).close)


def test_the_shrunk_correlation_is_that_of_ledoit_and_wolf():
    common = correlated(0.5, 600, symbols=4)
    scaled = (common.returns - common.returns.mean(axis=0)) / common.returns.std(axis=0)

    found = correlate(common)

    assert found.shrunk == pytest.approx(LedoitWolf().fit(scaled).covariance_, abs=1e-12)
    assert 0 < found.shrinkage < 0.1


def test_the_size_of_a_symbols_moves_does_not_matter():
    common = correlated(0.5, 600, symbols=3)
    scaled = Common(common.symbols, common.returns * np.array([1.0, 100.0, 0.01]), common.days)

    assert correlate(scaled).shrunk == pytest.approx(correlate(common).shrunk, abs=1e-12)


def test_the_same_series_under_several_names_stays_the_same():
    one = correlated(0.5, 600, symbols=2)
    copies = Common(("A", "B", "C", "D"), one.returns[:, [0, 1, 0, 0]], one.days)

    found = correlate(copies)

    assert found.shrunk[np.ix_([0, 2, 3], [0, 2, 3])].tolist() == np.ones((3, 3)).tolist()
    assert found.shrunk[0, 1] == pytest.approx(correlate(one).shrunk[0, 1], abs=1e-12)
    figure = correlation_figure(copies, found, (0, 2), BASIS, "15m")
    assert (figure.value, figure.label) == (1.0, "15m bars, the same series")


def test_a_price_that_stands_still_has_no_correlation():
    common = correlated(0.5, 600, symbols=2)

    assert correlate(Common(common.symbols, common.returns * np.array([1.0, 0.0]), common.days)) is None


@pytest.mark.parametrize(
    ("count", "symbols", "short"), [(99, 2, True), (100, 2, False), (119, 12, True), (120, 12, False)]
)
def test_a_correlation_needs_100_common_bars_and_10_for_each_symbol(count, symbols, short):
    assert bool(shortage(correlated(0.5, count, symbols=symbols))) == short


def test_the_interval_of_a_correlation_holds_the_true_one():
    figures = [figure_of(correlated(0.6, 23 * 92, sessions=23, seed=seed)) for seed in range(150)]

    held = np.mean([one.ci[0] <= 0.6 <= one.ci[1] for one in figures])

    assert 0.89 <= held <= 0.99
    assert np.mean([one.value for one in figures]) == pytest.approx(0.6, abs=0.01)
    assert "15m bars" in figures[0].method
    assert "jackknife" in figures[0].method


def test_with_few_sessions_the_interval_is_that_of_fisher():
    common = correlated(0.6, 400, sessions=4)
    found = correlate(common)
    figure = figure_of(common)

    z, reach = math.atanh(found.plain[0, 1]), 1.959964 / math.sqrt(397)
    assert figure.ci == pytest.approx((math.tanh(z - reach), math.tanh(z + reach)))
    assert "Fisher" in figure.method


def test_the_asynchronous_correlation_of_common_moves_is_the_plain_one():
    common = correlated(0.6, 23 * 92, sessions=23)
    edges = np.arange(len(common.days) + 1)
    first, second = (Moves(edges[:-1], edges[1:], common.returns[:, one], common.days) for one in (0, 1))

    figure = asynchronous_figure(first, second, BASIS, "1m")

    r = common.returns
    assert figure.value == pytest.approx(r[:, 0] @ r[:, 1] / np.sqrt((r[:, 0] @ r[:, 0]) * (r[:, 1] @ r[:, 1])))
    assert figure.ci[0] < figure.value < figure.ci[1]
    assert asynchronous_figure(first, first, BASIS, "1m").value == 1.0


def test_an_asynchronous_correlation_needs_100_returns_of_each_and_movement():
    common = correlated(0.6, 100)
    edges = np.arange(101)
    moving = Moves(edges[:-1], edges[1:], common.returns[:, 0], common.days)
    short = Moves(edges[:99], edges[1:100], common.returns[:99, 1], common.days[:99])
    still = Moves(edges[:-1], edges[1:], np.zeros(100), common.days)

    assert asynchronous_figure(moving, moving, BASIS, "1m").value == 1.0
    assert asynchronous_figure(moving, short, BASIS, "1m").status == "insufficient_data"
    assert "did not move" in asynchronous_figure(moving, still, BASIS, "1m").reason


def figure_of(common):
    return correlation_figure(common, correlate(common), (0, 1), BASIS, "15m")


def correlated(rho, count, *, symbols=2, sessions=1, seed=1):
    dice = np.random.default_rng(seed)
    factor = dice.standard_normal((count, 1))
    own = dice.standard_normal((count, symbols))
    days = np.repeat(np.arange(sessions), -(-count // sessions))[:count]
    returns = 0.001 * (math.sqrt(rho) * factor + math.sqrt(1 - rho) * own)
    return Common(tuple(f"S{place}" for place in range(symbols)), returns, days)

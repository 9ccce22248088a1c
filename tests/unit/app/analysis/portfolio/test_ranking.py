import numpy as np
import pytest
from scipy import stats

from app.analysis.portfolio.ranking import momentum_of, rank_symbols, ranks
from tests.nulls.paths import symbol_data


@pytest.mark.parametrize(
    ("intervals", "places"),
    [
        ([(0, 2), (1, 3), (2, 4)], [1, 1, 1]),
        ([(0, 1), (5, 6), (2, 3)], [3, 1, 2]),
        ([(0, 1), (5, 6), (5.5, 7)], [3, 1, 1]),
        ([(0, 1), (0.5, 3), (2, 4)], [2, 1, 1]),
    ],
)
def test_a_rank_counts_those_that_are_wholly_above(intervals, places):
    assert ranks(intervals) == places


def test_momentum_is_the_t_of_the_mean_return():
    returns = np.random.default_rng(1).standard_normal(400) * 0.01 + 0.002

    found = momentum_of(returns)

    assert found.value == pytest.approx(stats.ttest_1samp(returns, 0).statistic, abs=1e-9)
    assert found.stderr == pytest.approx(1.0, abs=0.1)


def test_symbols_that_differ_are_ranked_and_ties_are_told():
    datas = {"UP": market(0.004), "FLAT": market(0.0, 2), "ALSO": market(0.0, 3), "DOWN": market(-0.004, 4)}

    found = rank_symbols(datas)

    assert {symbol: found[symbol]["rank"].value for symbol in datas} == {"UP": 1, "FLAT": 2, "ALSO": 2, "DOWN": 4}
    assert found["FLAT"]["rank"].label == "of 4, tied with ALSO"
    assert found["UP"]["rank"].status == "ok"


def test_symbols_that_cannot_be_told_apart_share_the_first_rank():
    found = rank_symbols({name: market(0.0, seed) for seed, name in enumerate("ABC", 1)})

    assert {one["rank"].value for one in found.values()} == {1}
    assert {one["rank"].status for one in found.values()} == {"not_significant"}


@pytest.mark.parametrize("names", ["A", "AB"])
def test_a_ranking_needs_three_symbols(names):
    found = rank_symbols({name: market(0.0) for name in names})

    assert {one["rank"].status for one in found.values()} == {"insufficient_data"}
    assert found["A"]["momentum"].value is not None


def test_a_symbol_with_little_history_has_no_rank_and_takes_part_in_none():
    datas = {name: market(0.0, seed) for seed, name in enumerate("ABC", 1)} | {"NEW": market(0.0, 5, count=100)}

    found = rank_symbols(datas)

    assert found["NEW"]["rank"].value is None
    assert found["NEW"]["momentum"].n == 99
    assert found["A"]["rank"].label == "of 3, tied with B, C"


def test_a_price_that_stands_still_has_no_momentum():
    still = symbol_data(np.full(400, 5_000.0), "1h")

    assert rank_symbols({"A": still})["A"]["momentum"].value is None


def market(drift, seed=1, count=400):
    steps = np.random.default_rng(seed).standard_normal(count)
    steps = (steps - steps.mean()) / steps.std()
    return symbol_data(5_000 * np.exp(np.cumsum(steps * 0.01 + drift)), "1h")

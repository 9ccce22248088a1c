import numpy as np
import polars as pl
import pytest

from app.analysis.backtest.chance import compare_with_chance, shuffled
from app.analysis.backtest.rules import crossover
from app.analysis.backtest.vectorised import Costs, run_backtest
from app.analysis.findings import Basis
from app.errors import Rejected
from tests.nulls.paths import frame, hours_of, weekdays

BASIS = Basis("window", hours_of(weekdays(1)[0]).close)
COSTS = Costs(0.25, 50.0)
RULE = crossover(3, 12)


def test_a_shuffled_market_has_the_same_changes_in_another_order():
    bars = market(np.random.default_rng(1).standard_normal(500))

    other = shuffled(bars, 5, np.random.default_rng(2))

    before, after = (np.diff(one["close"].to_numpy()) for one in (bars, other))
    assert sorted(before) == pytest.approx(sorted(after), abs=1e-9)
    assert not np.allclose(before, after)
    assert other["close"][0] == bars["close"][0]
    assert other["close"][-1] == pytest.approx(bars["close"][-1])


def test_changes_stay_within_their_contract():
    steps = np.concatenate((np.ones(50), np.full(50, -2.0)))
    bars = market(steps, segment=np.repeat([0, 1], 50).astype(np.int32))

    other = shuffled(bars, 5, np.random.default_rng(2))

    assert np.diff(other["close"].to_numpy()[:50]).tolist() == [1.0] * 49
    assert np.diff(other["close"].to_numpy()[50:]).tolist() == [-2.0] * 49
    assert other["close"][50] == bars["close"][50]


def test_neighbours_are_kept_together_within_blocks_alone():
    bars = market(np.arange(1.0, 1_001.0))

    changes = np.diff(shuffled(bars, 10, np.random.default_rng(2))["close"].to_numpy())

    assert 0.85 <= np.mean(np.isclose(np.diff(changes), 1.0)) <= 0.95


def test_a_trend_that_is_there_beats_chance():
    dice = np.random.default_rng(3)
    drift = np.repeat(dice.choice([-1.0, 1.0], 40), 50)

    found = compare_with_chance(market(drift * 0.8 + dice.standard_normal(2_000)), RULE, COSTS, BASIS, draws=99)

    assert found.profit.p_value == 0.01
    assert found.profit.label == "beats chance"
    assert found.low < found.high < found.profit.value


def test_the_profit_is_that_of_the_backtest_after_costs():
    bars = market(np.random.default_rng(4).standard_normal(500))

    found = compare_with_chance(bars, RULE, COSTS, BASIS, draws=19)

    assert found.profit.value == run_backtest(bars, RULE(bars), COSTS).frame["money"].sum()
    assert len(found.draws) == 19


def test_holding_on_is_no_skill_however_much_the_price_rose():
    bars = market(np.random.default_rng(5).standard_normal(500) + 0.5)

    found = compare_with_chance(bars, lambda seen: np.ones(len(seen)), COSTS, BASIS, draws=99)

    assert found.profit.value > 0
    assert found.profit.p_value == 1.0


def test_the_same_seed_gives_the_same_chance():
    bars = market(np.random.default_rng(6).standard_normal(300))

    first, again, other = (compare_with_chance(bars, RULE, COSTS, BASIS, draws=19, seed=seed) for seed in (1, 1, 2))

    assert np.array_equal(first.draws, again.draws)
    assert not np.array_equal(first.draws, other.draws)


@pytest.mark.parametrize(("count", "tested"), [(0, False), (1, False), (100, False), (101, True)])
def test_a_test_needs_100_changes_of_price(count, tested):
    found = compare_with_chance(market(np.ones(count)), RULE, COSTS, BASIS, draws=19)

    assert (found.profit.p_value is not None) == tested
    assert (found.profit.status == "low_history") == (not tested)


@pytest.mark.parametrize("asked", [{"draws": 0}, {"block": 0}])
def test_a_comparison_without_draws_is_rejected(asked):
    with pytest.raises(Rejected):
        compare_with_chance(market(np.ones(200)), RULE, COSTS, BASIS, **asked)


def market(steps, segment=None):
    if not len(steps):
        return frame(np.array([1.0]), "1h").filter(pl.lit(False))
    return frame(np.cumsum(steps), "1h", segment=segment)

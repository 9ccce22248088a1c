import numpy as np
import polars as pl
import pytest

from app.analysis.backtest.rules import breakout, crossover
from app.errors import Rejected


def test_a_crossover_is_long_while_the_fast_mean_is_above_the_slow_one():
    bars = closes(1, 2, 3, 4, 3, 2, 1, 2)

    # Means of 2 against 3: from the third close on 2.5:2, 3.5:3, 3.5:3.33, 2.5:3, 1.5:2, 1.5:1.67
    assert crossover(2, 3)(bars).tolist() == [0, 0, 1, 1, 1, -1, -1, -1]


def test_equal_means_want_no_position():
    assert crossover(1, 3)(closes(5, 5, 5, 5)).tolist() == [0, 0, 0, 0]


def test_a_breakout_is_kept_until_the_other_side_breaks():
    bars = closes(5, 6, 7, 6, 6, 5, 6, 7, 8)

    assert breakout(2)(bars).tolist() == [0, 0, 1, 1, 1, -1, -1, 1, 1]


@pytest.mark.parametrize("rule", [crossover(2, 3), breakout(2)])
def test_a_rule_begins_anew_with_each_contract(rule):
    first, second = (1, 2, 4, 3, 2, 1), (101, 102, 104, 103, 102, 101)
    bars = closes(*first, *second, segment=[0] * 6 + [1] * 6)

    wanted = rule(bars)

    assert wanted.tolist() == [*rule(closes(*first)).tolist(), *rule(closes(*second)).tolist()]


@pytest.mark.parametrize("rule", [crossover(3, 12), breakout(8)])
def test_a_rule_does_not_know_what_comes_after(rule):
    path = np.cumsum(np.random.default_rng(1).standard_normal(300))
    other = np.concatenate((path[:200], path[200:] * 3))

    assert rule(closes(*path))[:200].tolist() == rule(closes(*other))[:200].tolist()


@pytest.mark.parametrize("make", [lambda: crossover(3, 3), lambda: crossover(0, 3), lambda: breakout(0)])
def test_a_rule_without_sense_is_rejected(make):
    with pytest.raises(Rejected):
        make()


def test_no_bars_want_no_positions():
    assert len(crossover(2, 3)(closes())) == len(breakout(2)(closes())) == 0


def closes(*values, segment=None):
    return pl.DataFrame(
        {"close": [float(value) for value in values], "segment": segment or [0] * len(values)},
        schema={"close": pl.Float64, "segment": pl.Int32},
    )

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from app.analysis.bars import log_returns
from app.analysis.portfolio.synchrony import Moves, common_returns, hayashi_yoshida, moves
from tests.nulls.paths import frame, symbol_data


def test_returns_are_common_where_both_have_the_same_bars():
    datas = {"A": market(1), "B": market(2)}

    common = common_returns(datas)

    assert common.symbols == ("A", "B")
    assert common.returns.shape == (183, 2)
    assert common.sessions == 2
    assert np.array_equal(common.returns[:, 0], log_returns(datas["A"].frame("15m"))[1:])
    assert np.array_equal(common.returns[:, 1], log_returns(datas["B"].frame("15m"))[1:])


def test_a_return_over_a_hole_in_one_symbol_is_left_out():
    whole, holed = market(1), market(2)
    bars = holed.frame("15m")
    holed = replace(holed, bars={"15m": bars.filter(pl.int_range(pl.len()) != 50)})

    common = common_returns({"A": whole, "B": holed})

    kept = log_returns(whole.frame("15m"))[1:]
    assert np.array_equal(common.returns[:, 0], np.delete(kept, [49, 50]))


def test_a_change_of_contract_in_one_symbol_gives_no_common_return():
    whole, rolled = market(1), market(2)
    bars = rolled.frame("15m").with_columns(segment=(pl.int_range(pl.len()) >= 100).cast(pl.Int32))

    common = common_returns({"A": whole, "B": replace(rolled, bars={"15m": bars})})

    assert len(common.returns) == 182
    assert log_returns(whole.frame("15m"))[100] not in common.returns[:, 0]


def test_markets_that_never_meet_have_no_common_return():
    later = market(2)
    bars = later.frame("15m").with_columns(pl.col("t_open", "t_close").dt.offset_by("1y"))

    assert common_returns({"A": market(1), "B": replace(later, bars={"15m": bars})}).returns.shape == (0, 2)
    assert common_returns({"A": replace(later, bars={})}).returns.shape == (0, 1)
    assert common_returns({}).returns.shape == (0, 0)


def test_other_frequencies_are_there_too():
    datas = {"A": market(1), "B": market(2)}

    assert [len(common_returns(datas, name).returns) for name in ("5m", "1h")] == [551, 45]


def test_moves_know_from_when_to_when_they_are():
    bars = frame(np.array([100.0, 101, 99]), "15m")

    found = moves(bars)

    closes = bars["t_close"].dt.epoch("us").to_list()
    assert list(zip(found.start.tolist(), found.end.tolist(), strict=True)) == [
        (closes[0], closes[1]),
        (closes[1], closes[2]),
    ]
    assert found.returns == pytest.approx(np.log([101 / 100, 99 / 101]))


def test_the_covariance_is_the_sum_over_all_overlapping_pairs():
    dice = np.random.default_rng(1)
    first, second = (random_moves(dice, count) for count in (40, 23))
    pairs = [
        first.returns[i] * second.returns[j]
        for i in range(len(first.returns))
        for j in range(len(second.returns))
        if max(first.start[i], second.start[j]) < min(first.end[i], second.end[j])
    ]

    assert hayashi_yoshida(first, second) == pytest.approx(sum(pairs), abs=1e-12)
    assert hayashi_yoshida(second, first) == pytest.approx(sum(pairs), abs=1e-12)


def test_stretches_that_only_touch_do_not_overlap():
    first = Moves(np.array([0]), np.array([10]), np.array([0.5]), np.array([0]))
    second = Moves(np.array([10]), np.array([20]), np.array([0.5]), np.array([0]))

    assert hayashi_yoshida(first, second) == 0.0


def random_moves(dice, count):
    edges = np.sort(dice.choice(1_000, 2 * count, replace=False))
    return Moves(edges[::2], edges[1::2], dice.standard_normal(count), np.zeros(count, np.int64))


def market(seed):
    steps = np.random.default_rng(seed).standard_normal(2 * 276) * 0.001
    return symbol_data(5_000 * np.exp(np.cumsum(steps)), "5m")

import numpy as np
import polars as pl
import pytest

from app.analysis.backtest.vectorised import Costs, run_backtest, session_money
from app.analysis.bars import BAR_SCHEMA
from app.errors import Rejected
from tests.nulls.paths import ES, frame

COSTS = Costs(points=0.25, multiplier=50.0)


def test_a_position_is_held_from_the_next_bar_on_and_pays_on_each_side():
    bars = frame(np.array([100.0, 101, 103, 102, 105]), "1h")

    result = run_backtest(bars, np.array([1.0, 1, -1, -1, 0]), COSTS)

    assert result.frame["position"].to_list() == [0, 1, 1, -1, -1]
    assert result.frame["moved"].to_list() == [0, 1, 2, 1, -3]
    assert result.frame["cost"].to_list() == [0.25, 0, 0.5, 0, 0.25]
    assert result.frame["money"].to_list() == [-12.5, 50, 75, 50, -162.5]


def test_the_trades_are_the_round_trips_of_the_frame():
    bars = frame(np.array([100.0, 101, 103, 102, 105]), "1h")

    trades = run_backtest(bars, np.array([1.0, 1, -1, -1, 0]), COSTS, contracts=2).trades

    closes = bars["t_close"].to_list()
    assert trades.rows() == [
        (1.0, closes[0], closes[2], 100.0, 103.0, 2, 3.0, 0.5, 250.0),
        (-1.0, closes[2], closes[4], 103.0, 105.0, 2, -2.0, 0.5, -250.0),
    ]


def test_a_roll_ends_the_position_and_its_jump_is_no_profit():
    bars = frame(np.array([100.0, 101, 201, 202, 203]), "1h", segment=np.array([0, 0, 1, 1, 1], np.int32))

    result = run_backtest(bars, np.ones(5), COSTS)

    assert result.frame["position"].to_list() == [0, 1, 0, 1, 1]
    assert result.frame["moved"].to_list() == [0, 1, 0, 1, 1]
    assert result.frame["cost"].to_list() == [0.25, 0.25, 0.25, 0, 0.25]
    assert result.trades["entry"].to_list() == [100, 201]
    assert result.trades["exit"].to_list() == [101, 203]


@pytest.mark.parametrize("seed", range(8))
def test_the_columns_earn_what_a_loop_over_events_earns(seed):
    dice = np.random.default_rng(seed)
    closes = np.round(np.cumsum(dice.standard_normal(400)) * 4) / 4 - 20
    segment = np.cumsum(dice.random(400) < 0.02).astype(np.int32)
    wanted = dice.integers(-1, 2, 400).astype(float)
    bars = frame(closes, "1h", segment=segment)

    result = run_backtest(bars, wanted, COSTS)

    money, trades = traded_one_by_one(closes, segment, wanted)
    assert result.frame["money"].sum() == pytest.approx(money, abs=1e-9)
    assert result.trades["money"].to_list() == pytest.approx(trades, abs=1e-9)
    assert result.trades["money"].sum() == pytest.approx(result.frame["money"].sum(), abs=1e-9)


def test_money_is_told_by_session():
    bars = frame(np.full(46, 100.0) + np.arange(46), "1h")

    told = session_money(run_backtest(bars, np.ones(46), Costs(0.0, 1.0)))

    assert told["session_date"].to_list() == bars["session_date"].unique(maintain_order=True).to_list()
    assert told["money"].to_list() == [22, 23]


@pytest.mark.parametrize("wanted", [[1.0], [1.0, 2.0], [1.0, float("nan")]])
def test_a_position_that_is_none_is_rejected(wanted):
    with pytest.raises(Rejected):
        run_backtest(frame(np.array([1.0, 2.0]), "1h"), np.array(wanted), COSTS)


def test_a_side_costs_half_of_a_round_turn():
    assert Costs.of(ES, cost_ticks=1.5, fee=4.5) == Costs(0.75 * 0.25 + 2.25 / 50, 50.0)


def test_no_bars_are_no_trades():
    result = run_backtest(pl.DataFrame(schema=dict(BAR_SCHEMA)), np.empty(0), COSTS)

    assert (len(result.frame), len(result.trades)) == (0, 0)


def traded_one_by_one(closes, segment, wanted):
    """An account that walks from bar to bar."""
    cash, held, trades, entry = 0.0, 0.0, [], 0.0
    for place, price in enumerate(closes):
        is_last = place + 1 == len(closes) or segment[place + 1] != segment[place]
        target = 0.0 if is_last else wanted[place]
        if target == held:
            continue
        if held:
            trades.append((held * (price - entry) - 2 * 0.25) * 50)
            cash += (held * price - 0.25) * 50
        if target:
            entry = price
            cash -= (target * price + 0.25) * 50
        held = target
    return cash, trades

"""A backtest over whole columns: positions decided at the close of a bar, held over the next one, costs by side."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from app.analysis.bars import Floats
from app.analysis.inputs import Terms
from app.errors import Rejected

_SIDES: Final = (-1.0, 0.0, 1.0)


@dataclass(frozen=True)
class Backtest:
    """What a rule would have earned.

    `frame` has a row per bar: `session_date t_close segment close`, the `position` held over the bar, the one `wanted`
    at its close, `moved` (points earned by the position), `cost` (points) and `money` (both together, in currency).
    `trades` has a row per round trip: `side entered left entry exit bars points cost money`; its money adds up to that
    of the frame.
    """

    frame: pl.DataFrame
    trades: pl.DataFrame


@dataclass(frozen=True, slots=True)
class Costs:
    """What a side of a trade costs in points, and what a point is worth for one contract."""

    points: float
    multiplier: float

    @classmethod
    def of(cls, terms: Terms, cost_ticks: float, fee: float) -> "Costs":
        """The cost of a side from that of a round turn: its slippage in ticks, and its fees in currency."""
        return cls((cost_ticks * terms.tick_size + fee / terms.multiplier) / 2, terms.multiplier)


def run_backtest(bars: pl.DataFrame, wanted: Floats, costs: Costs, *, contracts: int = 1) -> Backtest:
    """What changes of position would have earned, bar by bar and trade by trade; see `backtest_bars`."""
    frame = backtest_bars(bars, wanted, costs, contracts=contracts)
    return Backtest(frame, _trades(frame, costs, contracts))


def backtest_bars(bars: pl.DataFrame, wanted: Floats, costs: Costs, *, contracts: int = 1) -> pl.DataFrame:
    """Trade each change of position at the close at which it is wanted; the frame of a `Backtest`.

    `wanted` is -1, 0 or 1 for each bar, decided from bars up to it; the order is that of time. Every stretch of one
    contract (`segment`) begins and ends flat: its last close ends the position, and no price is compared across.
    Points are price differences, so prices may be negative. Rejected when `wanted` is anything else.
    """
    if len(wanted) != len(bars) or not np.isin(wanted, _SIDES).all():
        raise Rejected("a backtest needs a position of -1, 0 or 1 for each bar")
    is_last = pl.int_range(pl.len()).over("segment") == pl.len().over("segment") - 1
    return (
        bars.select("session_date", "t_close", "segment", "close", wanted=pl.Series(wanted, dtype=pl.Float64))
        .with_columns(wanted=pl.when(is_last).then(0.0).otherwise("wanted"))
        .with_columns(position=pl.col("wanted").shift(1, fill_value=0.0).over("segment"))
        .with_columns(
            moved=pl.col("position") * pl.col("close").diff().over("segment").fill_null(0.0),
            cost=(pl.col("wanted") - pl.col("position")).abs() * costs.points,
        )
        .with_columns(money=(pl.col("moved") - pl.col("cost")) * costs.multiplier * contracts)
    )


def session_money(result: Backtest) -> pl.DataFrame:
    """The currency earned in each session that has a bar, in order: `session_date money`."""
    return result.frame.group_by("session_date", maintain_order=True).agg(pl.col("money").sum())


def _trades(frame: pl.DataFrame, costs: Costs, contracts: int) -> pl.DataFrame:
    # A trade begins where a position is wanted that is not held, and ends with the last bar that holds it.
    numbered = frame.with_columns(
        trade=((pl.col("wanted") != pl.col("position")) & (pl.col("wanted") != 0)).cum_sum().shift(1, fill_value=0),
        entered=pl.col("t_close").shift(1),
        entry=pl.col("close").shift(1),
    )
    cost = 2 * costs.points
    return (
        numbered.filter(pl.col("position") != 0)
        .group_by("trade", maintain_order=True)
        .agg(
            side=pl.col("position").first(),
            entered=pl.col("entered").first(),
            left=pl.col("t_close").last(),
            entry=pl.col("entry").first(),
            exit=pl.col("close").last(),
            bars=pl.len(),
        )
        .with_columns(points=pl.col("side") * (pl.col("exit") - pl.col("entry")), cost=pl.lit(cost))
        .with_columns(money=(pl.col("points") - pl.col("cost")) * costs.multiplier * contracts)
        .drop("trade")
    )

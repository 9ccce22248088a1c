"""Simple rules of trading, to show the backtest with: bars in, the position wanted at the close of each bar out."""

from collections.abc import Callable
from functools import partial

import polars as pl

from app.analysis.bars import Floats
from app.errors import Rejected

Rule = Callable[[pl.DataFrame], Floats]


def crossover(fast: int, slow: int) -> Rule:
    """Long while the mean of the last `fast` closes is above that of the last `slow`, short while it is below.

    0 until a contract has `slow` closes. Rejected unless 1 <= fast < slow.
    """
    if not 1 <= fast < slow:
        raise Rejected(f"a crossover needs 1 <= fast < slow, not {fast} and {slow}")
    return partial(_crossover, fast=fast, slow=slow)


def breakout(window: int) -> Rule:
    """Long from a close above the highest of the last `window` closes before it, short from one below the lowest.

    The position is kept until the other side breaks; 0 until a contract has had a break. Rejected unless 1 <= window.
    """
    if window < 1:
        raise Rejected(f"a breakout looks back at least one bar, not {window}")
    return partial(_breakout, window=window)


def _crossover(bars: pl.DataFrame, fast: int, slow: int) -> Floats:
    close = pl.col("close")
    apart = close.rolling_mean(fast).over("segment") - close.rolling_mean(slow).over("segment")
    return _wanted(bars, apart.sign())


def _breakout(bars: pl.DataFrame, window: int) -> Floats:
    close = pl.col("close")
    before = close.shift(1)
    above = close > before.rolling_max(window).over("segment")
    below = close < before.rolling_min(window).over("segment")
    broken = pl.when(above).then(1.0).when(below).then(-1.0)
    return _wanted(bars, broken.forward_fill().over("segment"))


def _wanted(bars: pl.DataFrame, position: pl.Expr) -> Floats:
    return bars.select(position.cast(pl.Float64).fill_null(0.0).alias("wanted"))["wanted"].to_numpy()

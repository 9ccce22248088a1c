"""What the same rule earns on shuffled prices: the noise that a result must stand out of."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import polars as pl

from app.analysis.backtest.rules import Rule
from app.analysis.backtest.vectorised import Costs, backtest_bars
from app.analysis.bars import Floats
from app.analysis.findings import Basis, Finding
from app.errors import Rejected

MINIMUM_BARS: Final = 100
BLOCK: Final = 5
_METHOD: Final = "profit against the same rule on permuted blocks of {block} price changes, {draws} draws"


@dataclass(frozen=True)
class Chance:
    """A rule's profit in currency, with its p-value against chance, and the profits that chance made.

    `low` and `high` hold the middle 90 % of those: the band of noise. Without enough bars there are no draws.
    """

    profit: Finding
    draws: Floats
    low: float | None = None
    high: float | None = None


def compare_with_chance(
    bars: pl.DataFrame, rule: Rule, costs: Costs, basis: Basis, *, draws: int = 199, block: int = BLOCK, seed: int = 1
) -> Chance:
    """Run a rule on the bars, and on as many shuffled markets; one-sided, p = (1 + as good) / (1 + draws).

    A shuffled market has the same changes of price in each stretch of a contract, in blocks of `block` bars put in
    another order, so that the drift stays and what the rule lives on does not, unless that is shorter than a block. The
    rule is given `close` alone as prices. At least 100 changes of price, else the profit is told without a test.
    Rejected unless draws and block are positive.
    """
    if draws < 1 or block < 1:
        raise Rejected("a comparison with chance needs at least one draw, and blocks of at least one bar")
    seen = bars.drop("open", "high", "low", strict=False)
    n = len(seen) - seen["segment"].n_unique()
    profit = _profit(seen, rule, costs)
    method = _METHOD.format(block=block, draws=draws)
    if n < MINIMUM_BARS:
        reason = f"there are {max(n, 0)} changes of price, and {MINIMUM_BARS} are needed for a test"
        return Chance(basis.found(profit, max(n, 0), method, status="low_history", reason=reason), np.empty(0))
    dice = np.random.default_rng(seed)
    found = np.array([_profit(shuffled(seen, block, dice), rule, costs) for _ in range(draws)])
    # Sums of the same numbers in another order differ in their last digits.
    p = (1 + int(np.sum(found >= profit - 1e-9 * max(1.0, abs(profit))))) / (1 + draws)
    low, high = np.quantile(found, (0.05, 0.95))
    told = basis.found(
        profit, n, method, status="ok" if p < 0.05 else "not_significant", p_value=p, unit="currency",
        label="beats chance" if p < 0.05 else "within the noise",
    )  # fmt: skip
    return Chance(told, found, float(low), float(high))


def shuffled(bars: pl.DataFrame, block: int, dice: np.random.Generator) -> pl.DataFrame:
    """The same bars with closes whose changes are permuted in blocks, within each stretch of a contract."""
    closes = bars["close"].to_numpy().copy()
    segment = bars["segment"].to_numpy()
    edges = [0, *(np.flatnonzero(np.diff(segment)) + 1).tolist(), len(closes)]
    for start, end in pairwise(edges):
        changes = np.diff(closes[start:end])
        closes[start + 1 : end] = closes[start] + np.cumsum(_permuted(changes, block, dice))
    return bars.with_columns(close=pl.Series(closes))


def _permuted(changes: Floats, block: int, dice: np.random.Generator) -> Floats:
    if not len(changes):
        return changes
    # Blocks begin at a chance place, so that no pair of neighbours is always kept together.
    turned = np.roll(changes, int(dice.integers(len(changes))))
    parts = np.array_split(turned, np.arange(block, len(turned), block))
    return np.concatenate([parts[place] for place in dice.permutation(len(parts))])


def _profit(bars: pl.DataFrame, rule: Rule, costs: Costs) -> float:
    return float(backtest_bars(bars, rule(bars), costs)["money"].sum())

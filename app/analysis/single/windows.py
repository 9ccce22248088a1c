"""The newest bars of each timeframe, of which a trend is told, and how much two of them have in common."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
import polars as pl

from app.analysis.bars import Floats, floats, log_returns
from app.analysis.findings import Basis
from app.analysis.inputs import SymbolData

# So many bars for every timeframe: a short one speaks of hours, a long one of months.
MOST_BARS: Final = 500


@dataclass(frozen=True)
class Window:
    """The newest 500 returns of a timeframe at most; where none may be used, `returns` is NaN.

    `returns[i]` leads from the close of the bar before `bars[i]` to its own.
    """

    timeframe: str
    bars: pl.DataFrame
    returns: Floats
    asof: datetime

    @property
    def usable(self) -> Floats:
        """The returns that are numbers."""
        return self.returns[np.isfinite(self.returns)]

    @property
    def changes(self) -> Floats:
        """The changes of price between closes of one contract, in points; prices may be negative."""
        same = self.bars["segment"].diff().fill_null(1).to_numpy() == 0
        return np.asarray(np.diff(floats(self.bars, "close"), prepend=np.nan)[same], np.float64)

    @property
    def variance(self) -> float:
        """The sum of squared returns."""
        return float(np.sum(self.usable**2))

    def basis(self) -> Basis:
        """What figures of the window have in common."""
        return basis_of(self.bars, self.timeframe, self.asof)

    def variance_within(self, other: "Window") -> float:
        """The sum of the squared returns that lie within the other window."""
        closes = self.bars["t_close"]
        inside = ((closes > other.bars["t_close"][0]) & (closes <= other.bars["t_close"][-1])).to_numpy()
        return float(np.nansum(self.returns[inside] ** 2))


def basis_of(bars: pl.DataFrame, timeframe: str, asof: datetime) -> Basis:
    """What figures of a timeframe's newest bars have in common."""
    if not len(bars):
        return Basis(f"no {timeframe} bars", asof)
    first, last = bars["session_date"][0], bars["session_date"][-1]
    return Basis(f"newest {len(bars):,} bars of {timeframe}, {first} to {last}", asof)


def window_of(data: SymbolData, timeframe: str) -> Window:
    """The newest bars of a timeframe."""
    bars = data.frame(timeframe).tail(MOST_BARS + 1)
    return Window(timeframe, bars, log_returns(bars), data.asof)


def correlation(shorter: Window, longer: Window) -> float:
    """How the sums of two windows' returns correlate when returns are independent: sqrt(h1 / h2) of nested ones.

    h is the variance of a window, so busy hours weigh more than quiet ones; 0 when the windows do not meet. `shorter`
    has the shorter timeframe; both have returns that are not all 0.
    """
    shared = shorter.variance_within(longer)
    return min(1.0, shared / float(np.sqrt(shorter.variance * longer.variance)))

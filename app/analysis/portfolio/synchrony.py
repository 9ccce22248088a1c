"""Returns of several symbols over the same stretches of time."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from app.analysis.bars import Floats, log_returns
from app.analysis.inputs import SymbolData

Ints = npt.NDArray[np.int64]
TIMEFRAME: Final = "15m"


@dataclass(frozen=True)
class Common:
    """Returns of symbols over common bars, shape (bars, symbols), and the session of each row as days since 1970."""

    symbols: tuple[str, ...]
    returns: Floats
    days: Ints

    @property
    def sessions(self) -> int:
        """How many sessions have a common return."""
        return len(np.unique(self.days))


@dataclass(frozen=True)
class Moves:
    """Returns of one symbol with the stretch of time of each, `(start, end]` in microseconds; in order, none overlap.

    `days` has the session of each, as days since 1970.
    """

    start: Ints
    end: Ints
    returns: Floats
    days: Ints


def common_returns(datas: Mapping[str, SymbolData], timeframe: str = TIMEFRAME) -> Common:
    """The log returns of bars that all symbols have, each from the same close before to the same close.

    A return that spans a bar in which one of them did not trade is left out, as is one across a change of contract.
    """
    joined: pl.DataFrame | None = None
    for place, data in enumerate(datas.values()):
        found = moves(data.frame(timeframe))
        part = pl.DataFrame(
            {"start": found.start, "end": found.end, "day": found.days, f"r{place}": found.returns},
            schema={"start": pl.Int64, "end": pl.Int64, "day": pl.Int64, f"r{place}": pl.Float64},
        )
        joined = part if joined is None else joined.join(part.drop("day"), on=["start", "end"], how="inner")
    if joined is None:
        return Common((), np.empty((0, 0)), np.empty(0, np.int64))
    joined = joined.sort("end")
    names = [name for name in joined.columns if name.startswith("r")]
    return Common(tuple(datas), joined.select(names).to_numpy(), joined["day"].to_numpy())


def moves(bars: pl.DataFrame) -> Moves:
    """The usable log returns of bars in the order of time, each over `(close before, close]`."""
    if not len(bars):
        nothing = np.empty(0, np.int64)
        return Moves(nothing, nothing, np.empty(0), nothing)
    returns = log_returns(bars)
    closes = bars["t_close"].dt.epoch("us").to_numpy()
    days = bars["session_date"].to_physical().cast(pl.Int64).to_numpy()
    kept = np.isfinite(returns)
    before = np.concatenate((closes[:1], closes[:-1]))
    return Moves(before[kept], closes[kept], returns[kept], days[kept])


def overlapping(first: Moves, second: Moves) -> Floats:
    """For each move of the first, the sum of the second's returns whose stretches overlap with it."""
    total = np.concatenate(([0.0], np.cumsum(second.returns)))
    begin = np.searchsorted(second.end, first.start, side="right")
    end = np.searchsorted(second.start, first.end, side="left")
    return np.asarray(total[np.maximum(begin, end)] - total[begin])


def hayashi_yoshida(first: Moves, second: Moves) -> float:
    """The covariance of two series that need not be observed at the same times (Hayashi, Yoshida 2005).

    The sum over all pairs of overlapping stretches of the product of their returns.
    """
    return float(first.returns @ overlapping(first, second))

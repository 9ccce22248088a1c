"""Bars of several contracts as one series of prices that indicators can run over."""

from typing import Final

import numpy as np
import polars as pl

from app.analysis.bars import floats

_PRICES: Final = ("open", "high", "low", "close")


def join_segments(bars: pl.DataFrame) -> pl.DataFrame:
    """The bars with older segments shifted so that each closes at the open of the next; the newest stays as it is.

    Differences within a segment are kept. The jump between two is lost, with what the market moved meanwhile.
    """
    segment = bars["segment"].to_numpy()
    changed = np.flatnonzero(segment[1:] != segment[:-1]) + 1
    if not len(changed):
        return bars
    shift = np.zeros(len(bars))
    opened, close = floats(bars, "open"), floats(bars, "close")
    for place in changed:
        shift[:place] += opened[place] - close[place - 1]
    return bars.with_columns((pl.col(name) + pl.Series(shift)).alias(name) for name in _PRICES)

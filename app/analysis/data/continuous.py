"""One series of prices over the rolls of a contract."""

from typing import Literal

import numpy as np
import polars as pl

from app.analysis.bars import floats
from app.errors import Rejected

Adjustment = Literal["none", "difference", "ratio"]
_PRICES = ("open", "high", "low", "close")


def continuous(bars: pl.DataFrame, adjust: Adjustment) -> pl.DataFrame:
    """Bars whose earlier segments are shifted ("difference") or scaled ("ratio") to the level of the newest.

    The jump at a roll is from the last close of the old segment to the first open of the new, so it includes what the
    market itself moved in between. The newest segment is unchanged, as are volumes and `segment`. Within a segment
    differences stay as they are under "difference", and returns under "ratio"; Rejected is "ratio" when any price is
    not positive. The bars are in the order of time.
    """
    if adjust == "ratio" and any((bars[name] <= 0).any() for name in _PRICES):
        raise Rejected("prices at or below 0 have no ratio: adjust by difference")
    starts = np.flatnonzero(np.diff(bars["segment"].to_numpy())) + 1
    if adjust == "none" or not len(starts):
        return bars
    opens, closes = floats(bars, "open")[starts], floats(bars, "close")[starts - 1]
    jumps = opens - closes if adjust == "difference" else opens / closes
    # What comes after a segment adds up, from the newest back.
    gather = np.cumsum if adjust == "difference" else np.cumprod
    still = 0.0 if adjust == "difference" else 1.0
    levels = np.append(gather(jumps[::-1])[::-1], still)
    level = pl.Series(np.repeat(levels, np.diff([0, *starts, len(bars)])))
    return bars.with_columns(
        pl.col(name) + level if adjust == "difference" else pl.col(name) * level for name in _PRICES
    )

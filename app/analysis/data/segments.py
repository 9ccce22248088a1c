"""The stretches of one contract in a series of bars."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import polars as pl

from app.analysis.bars import BAR_SCHEMA
from app.instruments.rolls import Break


def segmented(bars: pl.DataFrame, breaks: Sequence[Break]) -> pl.DataFrame:
    """Bars with their `segment`, in the columns of `BAR_SCHEMA`; those that hold prices of both sides of a break fall
    away.

    The bars are in the order of time, `contract` is canonical. A segment begins where the contract differs from the
    last one told, and after a break, with the meaning of `app.instruments.rolls.segments`; a bar whose contract is not
    told goes with those before it.
    """
    opens, closes = _micros(bars, "t_open"), _micros(bars, "t_close")
    begins = np.sort(_instants([one.first_ts for one in breaks]))
    is_mixed = np.zeros(len(bars), dtype=bool)
    for one in breaks:
        last, first = _instants([one.last_ts, one.first_ts])
        is_mixed |= (opens <= last) & (first < closes)
    stretch = np.searchsorted(begins, closes, side="left")
    kept = bars.with_columns(stretch=pl.Series(stretch, dtype=pl.Int64)).filter(pl.Series(~is_mixed, dtype=pl.Boolean))
    contract = pl.col("contract").forward_fill()
    is_new = (contract != contract.shift(1)) | (pl.col("stretch") != pl.col("stretch").shift(1))
    return kept.with_columns(segment=is_new.fill_null(False).cum_sum()).pipe(bar_columns)


def bar_columns(frame: pl.DataFrame) -> pl.DataFrame:
    """A frame in the columns and types of `BAR_SCHEMA`, which it has among others."""
    return frame.select(BAR_SCHEMA.keys()).cast(pl.Schema(BAR_SCHEMA))


def _micros(bars: pl.DataFrame, column: str) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    return bars[column].dt.epoch("us").to_numpy()


def _instants(moments: Sequence[datetime]) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    return pl.Series(moments, dtype=pl.Datetime("us", "UTC")).dt.epoch("us").to_numpy()

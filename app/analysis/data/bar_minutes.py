"""The minutes of a session from its bars, where its ticks cannot be had, and what is not known of them then."""

import hashlib
import io
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Final

import polars as pl

from app.analysis.data.tick_days import MINUTES
from app.analysis.inputs import BarFile
from app.errors import Unavailable
from app.instruments.rolls import Break
from app.market.sessions import Session

_INSTANT: Final = timedelta(microseconds=1)


def minutes_of_bars(bars: BarFile, symbol: str, part: Session) -> pl.DataFrame | None:
    """The minutes of a file of bars that lie in a part of a session, in the columns of `MINUTES`, by source and time.

    Bars do not tell the contract, and there is none of a minute without a price. None when the file is not there or its
    bytes are not those that were recorded; Unavailable when it cannot be read.
    """
    try:
        data = bars.path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Unavailable(
            f"the lake's file with the bars of {symbol} on {part.day} cannot be read: {error.strerror}"
        ) from None
    if hashlib.sha256(data).hexdigest() != bars.sha256:
        return None
    is_known = (pl.col("t_open") >= part.open) & (pl.col("t_close") <= part.close)
    is_own = (pl.col("symbol").cast(pl.String) == symbol) & (pl.col("session_date") == part.day)
    found = pl.read_parquet(io.BytesIO(data)).filter(is_known & is_own)
    told = found.with_columns(pl.lit(None, pl.String).alias("contract"))
    return told.select(MINUTES.keys()).cast(MINUTES).sort("source", "t_open")


def unsure_breaks(minutes: pl.DataFrame, days: Sequence[date]) -> Iterator[Break]:
    """Breaks before days whose bars do not tell the contract, where the one before them is not the one after them.

    The minutes have prices and are in the order of time; a roll within such a day is not seen.
    """
    for day in days:
        before = minutes.filter(pl.col("session_date") < day)
        after = minutes.filter(pl.col("session_date") > day)["contract"].drop_nulls()
        told = before["contract"].drop_nulls()
        own = minutes.filter(pl.col("session_date") == day)["t_open"]
        if len(own) and len(told) and len(after) and told[-1] != after[0]:
            yield Break(before["t_close"][-1] - _INSTANT, own[0])

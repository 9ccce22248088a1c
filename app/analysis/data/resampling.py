"""Longer bars, made of one-minute bars."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import polars as pl

from app.analysis.bars import BAR_SCHEMA, SESSION, TIMEFRAMES
from app.analysis.data.segments import bar_columns
from app.market.sessions import Session

_INSTANT: Final = BAR_SCHEMA["t_open"]


def resample(bars: pl.DataFrame, timeframe: str, hours: Sequence[Session], asof: datetime) -> pl.DataFrame:
    """One-minute bars as bars of a longer timeframe, in the columns of `BAR_SCHEMA`; `hours` has all their sessions.

    Buckets are counted from the session's open and end with it; one that is not over at `asof` is left out, as is one
    with bars of two segments. A session has one bar: of the newest segment of its day alone, from whose first minute it
    then begins. `volume` is null where no minute has one; what a counter grew after a bucket's last minute with a price
    is in the next bucket.
    """
    sessions = {
        "session_date": [one.day for one in hours],
        "begin": [one.open for one in hours],
        "end": [one.close for one in hours],
    }
    schema = {"session_date": pl.Date, "begin": _INSTANT, "end": _INSTANT}
    placed = bars.join(pl.DataFrame(sessions, schema=schema), on="session_date", how="inner", maintain_order="left")
    made = _session_bars(placed) if timeframe == SESSION else _buckets(placed, timedelta(seconds=TIMEFRAMES[timeframe]))
    return made.filter(pl.col("t_close") <= asof).pipe(bar_columns)


def _session_bars(bars: pl.DataFrame) -> pl.DataFrame:
    first, newest = (getattr(pl.col("segment"), name)().over("session_date") for name in ("min", "max"))
    t_open = pl.when(first == newest).then(pl.col("begin")).otherwise(pl.col("t_open"))
    kept = bars.with_columns(t_open=t_open).filter(pl.col("segment") == newest)
    return _joined(kept, ["session_date"]).with_columns(t_close="end")


def _buckets(bars: pl.DataFrame, size: timedelta) -> pl.DataFrame:
    slot = (pl.col("t_open") - pl.col("begin")).dt.total_microseconds() // (size // timedelta(microseconds=1))
    found = _joined(bars.with_columns(slot=slot), ["session_date", "slot"]).filter(
        pl.col("segment") == pl.col("newest")
    )
    t_open = pl.col("begin") + pl.col("slot") * size
    return found.with_columns(t_open=t_open, t_close=pl.min_horizontal(t_open + size, "end"))


def _joined(bars: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    volume = pl.col("volume")
    return bars.group_by(by, maintain_order=True).agg(
        pl.col("t_open", "open", "begin", "end", "segment").first(),
        pl.col("high").max(),
        pl.col("low").min(),
        pl.col("close").last(),
        pl.when(volume.count() > 0).then(volume.sum()),
        pl.col("tick_count").sum(),
        pl.col("contract").drop_nulls().last(),
        newest=pl.col("segment").last(),
    )

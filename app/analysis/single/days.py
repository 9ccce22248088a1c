"""A symbol's sessions one by one: how much each moved while it traded, and over the gap before it."""

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Final

import numpy as np
import polars as pl

from app.analysis.bars import SESSION, Floats, returns_since_open, span_of
from app.analysis.inputs import SymbolData
from app.analysis.single import variances
from app.market.sessions import Session

TIMEFRAME: Final = "5m"
LEAST_COVERAGE: Final = 0.8


@dataclass(frozen=True)
class Days:
    """Sessions with enough bars, in order; every array has one number for each.

    `realised` and `bipower` are variances of the session itself; `gap` is the log return from the close of the session
    before to the open, NaN where the contract changed or the session before has too few bars. `change` is the log
    return from the open to the close. `seen` counts the sessions that are over, with or without enough bars; `still` is
    the share of 5-minute returns that are 0.
    """

    days: tuple[date, ...]
    realised: Floats
    bipower: Floats
    gap: Floats
    change: Floats
    seen: int
    still: float = 0.0

    def totals(self) -> Floats:
        """The variance from close to close of each session; an unknown gap counts as much as the known on average."""
        gaps = self.gap**2
        known = gaps[np.isfinite(gaps)]
        return self.realised + np.where(np.isfinite(gaps), gaps, known.mean() if len(known) else 0.0)

    def returns(self) -> Floats:
        """The log return of each session with the gap before it, if that is known."""
        return self.change + np.nan_to_num(self.gap)


def measure_days(data: SymbolData) -> Days:
    """The sessions that are over and have at least 80 % of the 5-minute returns that their hours have room for.

    A first return of a session goes from its own open. Returns across a change of contract are left out.
    """
    bars = data.frame(TIMEFRAME)
    rows = _returns_by_day(bars)
    over = [session for session in data.hours if session.close <= data.asof]
    kept = [session for session in over if _is_covered(rows.get(session.day), session.close - session.open)]
    gaps = _gaps(bars, kept, before={later.day: earlier.day for earlier, later in pairwise(data.hours)})
    return Days(
        days=tuple(session.day for session in kept),
        realised=np.array([variances.realised(rows[session.day]) for session in kept]),
        bipower=np.array([variances.bipower(rows[session.day]) for session in kept]),
        gap=np.array([gaps.get(session.day, np.nan) for session in kept]),
        change=np.array([rows[session.day].sum() for session in kept]),
        seen=len(over),
        still=_share_of_zeros([rows[session.day] for session in kept]),
    )


def _gaps(bars: pl.DataFrame, kept: list[Session], before: dict[date, date]) -> dict[date, float]:
    """The log return from the close of a session to the open of the next, both with enough bars of one contract."""
    whole = bars.filter(pl.col("session_date").is_in([session.day for session in kept]))
    ends = whole.group_by("session_date", maintain_order=True).agg(
        pl.col("open", "segment").first(), pl.col("close").last(), pl.col("segment").last().alias("last_segment")
    )
    found: dict[date, float] = {}
    for last, this in pairwise(ends.iter_rows(named=True)):
        neighbours = before.get(this["session_date"]) == last["session_date"]
        if neighbours and this["segment"] == last["last_segment"] and this["open"] > 0 and last["close"] > 0:
            found[this["session_date"]] = float(np.log(this["open"] / last["close"]))
    return found


def session_bars(data: SymbolData, days: tuple[date, ...]) -> pl.DataFrame:
    """The session bars of the days with positive prices; a day on which the contract changed has none."""
    contracts = data.frame(TIMEFRAME).group_by("session_date").agg(pl.col("segment").n_unique())
    whole = contracts.filter(pl.col("segment") == 1)["session_date"]
    wanted = pl.col("session_date").is_in(list(days)) & pl.col("session_date").is_in(whole.to_list())
    bars = data.frame(SESSION).filter(wanted & (pl.min_horizontal("open", "low", "close") > 0))
    return bars.unique("session_date", keep="none", maintain_order=True)


def _returns_by_day(bars: pl.DataFrame) -> dict[date, Floats]:
    """The usable returns of each day's bars."""
    returns = returns_since_open(bars)
    days = bars["session_date"].to_list()
    starts = [place for place in range(len(days)) if not place or days[place] != days[place - 1]]
    parts = np.split(returns, starts[1:]) if starts else []
    return {days[start]: part[np.isfinite(part)] for start, part in zip(starts, parts, strict=True)}


def _share_of_zeros(parts: list[Floats]) -> float:
    return float(np.mean(np.concatenate(parts) == 0)) if parts else 0.0


def _is_covered(returns: Floats | None, hours: timedelta) -> bool:
    return returns is not None and len(returns) >= max(2, LEAST_COVERAGE * (hours / span_of(TIMEFRAME)))

"""What is predicted: the move of the next bar, and when that bar ends."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import polars as pl

from app.analysis.bars import BAR_SCHEMA, Floats, log_returns, span_of
from app.analysis.inputs import SymbolData
from app.analysis.prediction.features import Mask
from app.market.sessions import Session


def next_moves(bars: pl.DataFrame, hours: Sequence[Session]) -> tuple[Floats, Mask]:
    """The log return of the bar after each, shape (bars,), and where that bar belongs to the same session.

    `hours` are the sessions of the bars, in order. NaN for the newest bar, before a change of the contract, and where
    the bar that the sessions have next is missing: what came later is not what was predicted.
    """
    n = len(bars)
    moves, same = np.full(n, np.nan), np.zeros(n, np.bool_)
    if n < 2:
        return moves, same
    days = bars["session_date"].to_physical().to_numpy()
    same[:-1] = days[1:] == days[:-1]
    follows = bars["t_open"].to_physical().to_numpy()[1:] == _next_opens(bars, hours)[:-1]
    moves[:-1] = np.where(follows, log_returns(bars)[1:], np.nan)
    return moves, same


def outcomes_of(moves: Floats) -> Floats:
    """1 for a rise, 0 for a fall, NaN where the price did not change or is not known.

    An unchanged price is on neither side: to count it as a fall would favour selling.
    """
    return np.where(np.isfinite(moves) & (moves != 0), (moves > 0).astype(np.float64), np.nan)


def target_of(newest: datetime, sessions: Sequence[Session], horizon: str) -> datetime | None:
    """When the bar after the one that closed at `newest` closes, by the sessions of the calendar, in order.

    After the last bar of a session that is the first one of the next, whatever lies between. None where none of the
    sessions ends after `newest`: a guess would sooner or later be wrong about a holiday.
    """
    ahead = next((one for one in sessions if one.close > newest), None)
    return None if ahead is None else min(max(newest, ahead.open) + span_of(horizon), ahead.close)


def target_after(data: SymbolData, horizon: str) -> datetime | None:
    """When the bar after the newest one of the data closes; None without bars, or without a session for it."""
    bars = data.frame(horizon)
    return target_of(bars["t_close"][-1], (*data.hours, *data.following), horizon) if len(bars) else None


def ends_session(data: SymbolData, horizon: str) -> bool:
    """Whether the newest bar is the last one of its session: its price is not to be had before the market opens."""
    bars = data.frame(horizon)
    days = {one.day: one for one in data.hours}
    own = days.get(bars["session_date"][-1]) if len(bars) else None
    return own is not None and bool(bars["t_close"][-1] >= own.close)


def _next_opens(bars: pl.DataFrame, hours: Sequence[Session]) -> Floats:
    """When the bar after each opens by the sessions, in microseconds; NaN where they do not tell."""
    instant = BAR_SCHEMA["t_open"]
    sessions = pl.DataFrame(
        {
            "session_date": [one.day for one in hours],
            "closed": [one.close for one in hours],
            "reopened": [*(one.open for one in hours[1:]), None][: len(hours)],
        },
        schema={"session_date": pl.Date, "closed": instant, "reopened": instant},
    )
    placed = bars.select("session_date", "t_close").join(sessions, on="session_date", how="left", maintain_order="left")
    ends = pl.col("t_close") >= pl.col("closed")
    opens = placed.select(pl.when(ends).then("reopened").otherwise("t_close")).to_series()
    return opens.to_physical().cast(pl.Float64).fill_null(float("nan")).to_numpy()

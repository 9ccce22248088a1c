"""What is predicted: the move of the next bar, and when that bar ends."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

import numpy as np
import polars as pl

from app.analysis.bars import Floats, log_returns, span_of
from app.analysis.prediction.features import Mask
from app.market.sessions import Session

_WEEK: Final = 7


def next_moves(bars: pl.DataFrame) -> tuple[Floats, Mask]:
    """The log return of the bar after each, shape (bars,), and where that bar belongs to the same session.

    NaN for the newest bar, before a change of the contract, and where the next bar of the session does not follow at
    once: there the price was not seen in time.
    """
    n = len(bars)
    moves, same = np.full(n, np.nan), np.zeros(n, np.bool_)
    if n < 2:
        return moves, same
    opens, closes = (bars[name].to_physical().to_numpy() for name in ("t_open", "t_close"))
    days = bars["session_date"].to_physical().to_numpy()
    same[:-1] = days[1:] == days[:-1]
    moves[:-1] = log_returns(bars)[1:]
    moves[:-1][same[:-1] & (opens[1:] != closes[:-1])] = np.nan
    return moves, same


def outcomes_of(moves: Floats) -> Floats:
    """1 for a rise, 0 for a fall, NaN where the price did not change or is not known.

    An unchanged price is on neither side: to count it as a fall would favour selling.
    """
    return np.where(np.isfinite(moves) & (moves != 0), (moves > 0).astype(np.float64), np.nan)


def target_of(newest: datetime, day_hours: Sequence[Session], horizon: str) -> datetime:
    """When the bar after the one that closed at `newest` closes, by the sessions that are known, in order.

    After the last of them the pause is taken to be the latest one that followed the same weekday.
    """
    span = span_of(horizon)
    own = [session for session in day_hours if session.open < newest]
    if not own:
        return newest + span
    if newest < own[-1].close:
        return min(newest + span, own[-1].close)
    later = [session.open for session in day_hours if session.open >= newest]
    return (later[0] if later else newest + _pause(own)) + span


def ends_session(newest: datetime, day_hours: Sequence[Session]) -> bool:
    """Whether the bar that closed at `newest` is the last one of its session, by the sessions that are known."""
    own = [session for session in day_hours if session.open < newest]
    return bool(own) and newest >= own[-1].close


def _pause(hours: Sequence[Session]) -> timedelta:
    pauses = [
        after.open - before.close for before, after in pairwise(hours) if (hours[-1].day - before.day).days % _WEEK == 0
    ]
    return pauses[-1] if pauses else timedelta(0)

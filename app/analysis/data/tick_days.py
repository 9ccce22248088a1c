"""A session's ticks as they are to be read, and the minutes that are made of them."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Final

import polars as pl

from app.instruments.rolls import canonical_contract
from app.market.sessions import Session

MINUTE: Final = timedelta(minutes=1)
PRICES: Final = ("open", "high", "low", "close")
# Every minute of every source with ticks is a row; one without a price that may be used has neither prices nor volume.
MINUTES: Final = pl.Schema(
    {
        "session_date": pl.Date(),
        "source": pl.String(),
        "t_open": pl.Datetime("us", "UTC"),
        "t_close": pl.Datetime("us", "UTC"),
        "open": pl.Float64(),
        "high": pl.Float64(),
        "low": pl.Float64(),
        "close": pl.Float64(),
        "volume": pl.Int64(),
        "tick_count": pl.Int64(),
        "contract": pl.String(),
    }
)


@dataclass(frozen=True, slots=True)
class TickDay:
    """A file of ticks and the time of its session that counts, `[open, close)`: whole minutes up to an as-of."""

    path: Path
    in_order: bool
    hours: Session


def known_part(hours: Session, asof: datetime) -> Session:
    """The part of a session whose minutes are known: all of it once it is over, else up to the last whole minute."""
    if hours.close <= asof:
        return hours
    return Session(hours.day, hours.open, max(hours.open, asof - (asof - hours.open) % MINUTE))


@lru_cache(maxsize=65_536)
def contract_of(symbol: str, told: str | None, day: date) -> str | None:
    """The canonical contract that a source's word means on a trading day; None when it means none."""
    return canonical_contract(symbol, told, datetime.combine(day, time(), UTC))

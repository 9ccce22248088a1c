"""What a calendar answers with: a session, and the span of instants that belong to a trading day."""

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class Session:
    """Continuous trading of one trading day: open in `[open, close)`, both UTC."""

    day: date
    open: datetime
    close: datetime


@dataclass(frozen=True, slots=True)
class RollWindow:
    """Every instant of `[start, end)`, both UTC, has the trading day `day`, whether the market is open or not.

    The windows of neighbouring trading days touch: together they cover time without gap or overlap.
    """

    day: date
    start: datetime
    end: datetime

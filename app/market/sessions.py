"""What a calendar answers with: sessions, spans of trading days, states of a market and its transitions."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


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


class Status(StrEnum):
    """What a market does at an instant. Only markets with trading before or after the core session have the others."""

    OPEN = "OPEN"
    CLOSED = "CLOSED"
    PRE_MARKET = "PRE_MARKET"
    POST_MARKET = "POST_MARKET"


class TransitionType(StrEnum):
    """The beginning of pre-market trading, the open, the close, and the end of post-market trading."""

    PRE_OPEN = "PRE_OPEN"
    OPEN = "OPEN"
    CLOSE = "CLOSE"
    POST_CLOSE = "POST_CLOSE"


@dataclass(frozen=True, slots=True)
class Transition:
    """An instant, UTC, from which on a market has another status."""

    at: datetime
    type: TransitionType


@dataclass(frozen=True, slots=True)
class CalendarDay:
    """What a calendar says of a date.

    `holiday` is the name of the exchange's holiday, closed or traded. `remark` is why the session ends early or does
    not take place; the eve of a holiday has one without being a holiday. Saturdays and Sundays have neither.
    """

    day: date
    session: Session | None
    is_early_close: bool = False
    holiday: str | None = None
    remark: str | None = None

    @property
    def is_weekend(self) -> bool:
        """Whether it is a Saturday or Sunday."""
        return self.day.weekday() >= 5


@dataclass(frozen=True, slots=True)
class RegularHours:
    """The regular trading hours on a trading day, `[open, close)` in UTC, and whether they run; None when there are
    none."""

    is_open: bool
    open: datetime | None
    close: datetime | None


@dataclass(frozen=True, slots=True)
class MarketState:
    """Everything that a market's calendar says of the instant `at`.

    `today` is day D: the market's local date, a day later from the roll on. `session` is the first session labelled D
    or later, which during a daily halt is the one just closed; `remark` is why it ends early, where that has a name.
    `trade_date` is the date under which the exchange clears that session, for markets of CME.
    """

    market: str
    timezone: str
    at: datetime
    status: Status
    next_transition: Transition
    today: CalendarDay
    session: Session
    is_early_close: bool
    remark: str | None
    rth: RegularHours
    trade_date: date | None

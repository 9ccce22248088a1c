"""A market's calendar, day by day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from app.errors import Rejected
from app.market.market import Market
from app.market.sessions import CalendarDay, RegularHours

DAYS_LIMIT: Final = 3660
DAYS_AHEAD: Final = 30


@dataclass(frozen=True, slots=True)
class MarketDay:
    """What there is to know of a date in advance; `trade_date` is None for days without a session."""

    calendar: CalendarDay
    rth: RegularHours
    trade_date: date | None


def market_days(market: Market, start: date, end: date) -> list[MarketDay]:
    """All dates from `start` to `end`, both included; Rejected when they are inverted or more than 3,660."""
    if start > end:
        raise Rejected(f"start {start} is after end {end}: exchange them")
    if (count := (end - start).days + 1) > DAYS_LIMIT:
        raise Rejected(f"{start} to {end} are {count:,} days: ask for at most {DAYS_LIMIT:,}")
    return [_market_day(market, start + timedelta(days=i)) for i in range(count)]


def days_ahead(market: Market, start: date | None, end: date | None, now: datetime) -> list[MarketDay]:
    """As `market_days`; the start is the day that `now` belongs to, and the end 30 days later, unless given."""
    first = start or market.state_at(now).today.day
    if start is None and end is not None and end < first:
        raise Rejected(f"end {end} lies before the present day {first}: give a start as well")
    return market_days(market, first, end or first + min(timedelta(days=DAYS_AHEAD), date.max - first))


def weekdays_closed(days: Sequence[MarketDay]) -> list[CalendarDay]:
    """The dates from Monday to Friday on which the market does not trade."""
    return [day.calendar for day in days if day.calendar.session is None and not day.calendar.is_weekend]


def _market_day(market: Market, day: date) -> MarketDay:
    found = market.day(day)
    if found.session is None:
        return MarketDay(found, RegularHours(False, None, None), None)
    return MarketDay(found, market.regular_hours(day, found.session.open), market.trade_date(day))

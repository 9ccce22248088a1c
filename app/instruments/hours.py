"""In whose hours a symbol trades, and when a trading day of the desk ends for it.

The desk's market gives every tick its trading day. Its symbols may trade in other hours of that day: product groups
differ on holidays.
"""

from datetime import date, datetime, timedelta

from app.instruments.catalogue import CATALOGUE
from app.market.market import Market
from app.market.markets import Markets
from app.market.sessions import Session


def market_of(markets: Markets, symbol: str) -> Market:
    """The market of the symbol's product group.

    The desk's own market stands in for symbols that are not of the catalogue, and for product groups without a
    calendar here.
    """
    known = CATALOGUE.get(symbol)
    return markets.of_calendar(known.calendar) if known else markets.default


def hours_on(markets: Markets, symbol: str, day: date) -> Session | None:
    """The session in which a symbol trades on a trading day; None when its market has none then."""
    return market_of(markets, symbol).session(day)


def closing_market(markets: Markets, symbol: str, day: date) -> Market:
    """The market with whose close a trading day ends for a symbol: its own, the desk's where that has no session."""
    own = market_of(markets, symbol)
    return own if own.session(day) else markets.default


def groups_of(markets: Markets) -> list[Market]:
    """The markets in whose hours any symbol trades, each once, the desk's first."""
    found = {markets.default.name: markets.default}
    for symbol in CATALOGUE:
        market = market_of(markets, symbol)
        found.setdefault(market.name, market)
    return list(found.values())


def sessions_on(markets: Markets, day: date) -> list[Session]:
    """The sessions of all groups on a trading day, the desk's first; none on a day without any."""
    return [hours for market in groups_of(markets) if (hours := market.session(day)) is not None]


def last_closes(markets: Markets, first: date, last: date) -> dict[date, datetime]:
    """When the last group closes on each trading day from `first` to `last`, both included."""
    found: dict[date, datetime] = {}
    for market in groups_of(markets):
        for hours in market.sessions(first, last + timedelta(days=1)):
            found[hours.day] = max(hours.close, found.get(hours.day, hours.close))
    return found


def last_day_over(markets: Markets, now: datetime) -> date:
    """The newest trading day of the desk on which all groups have closed at `now`."""
    before, last = markets.default.last_completed(now, 2)
    # A group that trades longer than the desk's market does so up to the end of the same trading day at most.
    return last.day if all(hours.close <= now for hours in sessions_on(markets, last.day)) else before.day

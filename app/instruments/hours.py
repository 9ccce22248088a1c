"""In whose hours a symbol trades."""

from app.instruments.catalogue import CATALOGUE
from app.market.market import Market
from app.market.markets import Markets


def market_of(markets: Markets, symbol: str) -> Market:
    """The market of the symbol's product group.

    The desk's own market stands in for symbols that are not of the catalogue, and for product groups without a
    calendar here.
    """
    known = CATALOGUE.get(symbol)
    return markets.of_calendar(known.calendar) if known else markets.default

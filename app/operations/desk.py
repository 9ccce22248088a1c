"""The desk: which markets it watches, and in whose hours something of it trades."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from app.desk.events import unfinished
from app.desk.markets import automated_markets
from app.instruments.store import watchlist
from app.market.market import Market
from app.stores import Stores


def desk_markets(stores: Stores, session: Session) -> list[Market]:
    """The desk's own market, and those of the watched instruments, each once; those that are automated."""
    automated = automated_markets(session)
    found = {market.name: market for market in watched_markets(stores, session)}
    return [market for name, market in found.items() if name in automated]


def left_markets(stores: Stores, session: Session) -> list[Market]:
    """The automated markets that are not watched any more, and have opens or closes that have not ended."""
    automated, names = automated_markets(session), {event.market for event in unfinished(session)}
    left = names & automated - {market.name for market in watched_markets(stores, session)}
    return [stores.markets.named(name) for name in sorted(left)]


def watched_markets(stores: Stores, session: Session) -> list[Market]:
    """The desk's own market, and those of the watched instruments, each once."""
    markets = [stores.market, *markets_of(stores, watchlist(session))]
    return list({market.name: market for market in markets}.values())


def markets_of(stores: Stores, symbols: Iterable[str]) -> list[Market]:
    """The markets in whose hours symbols trade, each once; asks no server."""
    return list({market.name: market for market in map(stores.market_of, symbols)}.values())


def source_markets(stores: Stores, symbols: Sequence[str]) -> list[Market]:
    """The markets in whose hours a source of these symbols has something to say, the watched ones where it has none.

    Of a source that carries the watchlist that is the same; one of other symbols is not silent because of theirs.
    """
    if symbols:
        return markets_of(stores, symbols)
    with stores.sessions() as session:
        return watched_markets(stores, session)


def any_open(markets: Collection[Market], at: datetime) -> bool:
    """Whether a session of any of the markets runs."""
    return any(market.is_open(at) for market in markets)

"""Reading instruments, filling the table from the catalogue, and what the trader watches. Nothing here commits."""

from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.errors import NotFound, Rejected
from app.instruments.catalogue import CATALOGUE, DEFAULT_WATCHLIST
from app.instruments.models import TradingInstrument


def watchlist(session: Session) -> list[str]:
    """The watched symbols in the trader's order."""
    watched = TradingInstrument.watch_position
    return list(session.scalars(select(TradingInstrument.symbol).where(watched.is_not(None)).order_by(watched)))


def list_instruments(session: Session) -> list[TradingInstrument]:
    """All instruments: the watched ones in the trader's order, then the others by symbol."""
    order = (TradingInstrument.watch_position.asc().nulls_last(), TradingInstrument.symbol)
    return list(session.scalars(select(TradingInstrument).order_by(*order)))


def require_instrument(session: Session, symbol: str) -> TradingInstrument:
    """The instrument of a canonical symbol; NotFound when there is none."""
    found = session.get(TradingInstrument, symbol)
    if found is None:
        raise NotFound(f"there is no instrument {symbol[:20]!r}: see `flask instruments`")
    return found


def set_watchlist(session: Session, symbols: Sequence[str]) -> list[str]:
    """Watch these symbols in this order, and no others; returns what was watched until now, in its order.

    NotFound when one is no instrument. Rejected when there is none, or one twice: without anything to watch no source
    would be collected.
    """
    if not symbols:
        raise Rejected("nothing would be watched: leave one symbol at least")
    if twice := [symbol for symbol in dict.fromkeys(symbols) if symbols.count(symbol) > 1]:
        raise Rejected(f"{', '.join(twice)} would be watched twice: name each symbol once")
    # Every row is taken, so that of two who set the list one comes after the other.
    everything = select(TradingInstrument.symbol).order_by(TradingInstrument.symbol).with_for_update()
    known, before = set(session.scalars(everything)), watchlist(session)
    if unknown := [symbol for symbol in symbols if symbol not in known]:
        raise NotFound(f"there is no instrument {', '.join(unknown)[:80]}: see `flask instruments`")
    session.execute(update(TradingInstrument).values(watch_position=None))
    for position, symbol in enumerate(symbols):
        chosen = update(TradingInstrument).where(TradingInstrument.symbol == symbol)
        session.execute(chosen.values(watch_position=position))
    return before


def add_catalogue(session: Session) -> int:
    """Add the catalogue's instruments that the table lacks, and leave the others alone; returns how many were added."""
    known = set(session.scalars(select(TradingInstrument.symbol)))
    columns = set(TradingInstrument.__table__.columns.keys())
    rows = []
    for symbol, instrument in CATALOGUE.items():
        facts = {name: value for name, value in asdict(instrument).items() if name in columns}
        watched = DEFAULT_WATCHLIST.index(symbol) if symbol in DEFAULT_WATCHLIST and not known else None
        rows.append({**facts, "watch_position": watched})
    missing = [row for row in rows if row["symbol"] not in known]
    if missing:
        session.execute(insert(TradingInstrument).values(missing).on_conflict_do_nothing())
    return len(missing)

"""Reading instruments, and filling the table from the catalogue."""

from dataclasses import asdict

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.instruments.catalogue import CATALOGUE, DEFAULT_WATCHLIST
from app.instruments.models import TradingInstrument


def watchlist(session: Session) -> list[str]:
    """The watched symbols in the trader's order."""
    watched = TradingInstrument.watch_position
    return list(session.scalars(select(TradingInstrument.symbol).where(watched.is_not(None)).order_by(watched)))


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

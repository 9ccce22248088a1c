"""Entries of the stream whose event was stored already, counted by what they are events of."""

from collections.abc import Mapping
from datetime import date

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.ledger.models import DuplicateCount


def add_duplicates(session: Session, counts: Mapping[tuple[str, str, date], int]) -> None:
    """Add to the counts of (source, symbol, trading day); the caller sees to it that each entry is counted once."""
    if not counts:
        return
    # In one order for everybody, so that two writers do not wait for each other.
    rows = [
        {"source": source, "symbol": symbol, "session_date": day, "count": count}
        for (source, symbol, day), count in sorted(counts.items())
    ]
    added = insert(DuplicateCount).values(rows)
    total = {"count": DuplicateCount.count + added.excluded.count}
    session.execute(added.on_conflict_do_update(index_elements=["source", "symbol", "session_date"], set_=total))

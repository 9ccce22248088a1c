"""How many events were published, as far as Redis has told. Nothing here commits."""

from collections.abc import Mapping
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.ledger.balance import Key
from app.ledger.models import PublishedCount

_KEY = ("source", "token", "symbol", "session_date")


def save_published(session: Session, counts: Mapping[tuple[str, int, str, date], int]) -> None:
    """Remember counts by (source, token, symbol, trading day); a count that is lower than the known one is ignored."""
    if not counts:
        return
    # Sorted, so that two writers take their locks in the same order.
    rows = [dict(zip(_KEY, key, strict=True), count=count) for key, count in sorted(counts.items())]
    merge = insert(PublishedCount).values(rows)
    known, told = PublishedCount.count, merge.excluded.count
    session.execute(merge.on_conflict_do_update(index_elements=_KEY, set_={"count": told}, where=known < told))


def published_by_key(session: Session) -> dict[Key, int]:
    """Events ever published by source, symbol and trading day."""
    names = (PublishedCount.source, PublishedCount.symbol, PublishedCount.session_date)
    found = session.execute(select(*names, func.sum(PublishedCount.count)).group_by(*names))
    return {Key(source, symbol, day): int(count) for source, symbol, day, count in found}

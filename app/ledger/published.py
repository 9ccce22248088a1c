"""How many events were published, as far as Redis has told. Nothing here commits."""

from collections.abc import Collection, Mapping
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.ledger.balance import Key
from app.ledger.models import PublishedCount

_KEY = ("source", "token", "symbol", "session_date")


def save_published(session: Session, counts: Mapping[tuple[str, int, str, date], int]) -> None:
    """Remember counts by (source, token, symbol, trading day); a count that is lower than the known one is ignored."""
    # Most counts are those of days that are over, and writing them again would cost more than looking.
    before = _known(session, {token for _source, token, _symbol, _day in counts})
    grown = sorted((key, count) for key, count in counts.items() if count > before.get(key, -1))
    if not grown:
        return
    # Sorted, so that two writers take their locks in the same order.
    rows = [dict(zip(_KEY, key, strict=True), count=count) for key, count in grown]
    merge = insert(PublishedCount).values(rows)
    known, told = PublishedCount.count, merge.excluded.count
    session.execute(merge.on_conflict_do_update(index_elements=_KEY, set_={"count": told}, where=known < told))


def published_by_key(session: Session) -> dict[Key, int]:
    """Events ever published by source, symbol and trading day."""
    names = (PublishedCount.source, PublishedCount.symbol, PublishedCount.session_date)
    found = session.execute(select(*names, func.sum(PublishedCount.count)).group_by(*names))
    return {Key(source, symbol, day): int(count) for source, symbol, day, count in found}


def _known(session: Session, tokens: Collection[int]) -> dict[tuple[str, int, str, date], int]:
    names = (PublishedCount.source, PublishedCount.token, PublishedCount.symbol, PublishedCount.session_date)
    query = select(*names, PublishedCount.count).where(PublishedCount.token.in_(tokens))
    return {(source, token, symbol, day): count for source, token, symbol, day, count in session.execute(query)}

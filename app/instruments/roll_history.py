"""The changes of contracts that were noticed, and what they break. Nothing here commits."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Final

from sqlalchemy import and_, or_, select
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.orm import Session

from app.instruments.models import ContractRoll
from app.instruments.rolls import Break, Change
from app.instruments.symbology import delivery_of
from app.quotes import LIVE_SOURCES

# When the new contract began, and at which source.
RollKey = tuple[datetime, str]
_ORDER: Final = (
    ContractRoll.first_ts.desc(),
    ContractRoll.symbol.collate("C"),
    ContractRoll.source.collate("C"),
)


def list_rolls(
    session: Session, symbol: str | None = None, *, limit: int | None = None, after: RollKey | None = None
) -> list[ContractRoll]:
    """All changes, or those of a symbol, newest first, with the first contract of each source among them.

    The first `limit` of them, and of a symbol those that follow the one with the key `after`.
    """
    query = select(ContractRoll).order_by(*_ORDER).limit(limit)
    if symbol is not None:
        query = query.where(ContractRoll.symbol == symbol)
    if after is not None:
        first_ts, source = after
        behind = and_(ContractRoll.first_ts == first_ts, _ORDER[2] > source)
        query = query.where(or_(ContractRoll.first_ts < first_ts, behind))
    return list(session.scalars(query))


def active_contracts(session: Session, symbol: str | None = None) -> dict[tuple[str, str], ContractRoll]:
    """The change to the active contract by symbol and source; those never seen with a contract are left out."""
    newest = select(ContractRoll).ext(distinct_on(ContractRoll.symbol, ContractRoll.source))
    if symbol is not None:
        newest = newest.where(ContractRoll.symbol == symbol)
    order = (ContractRoll.symbol, ContractRoll.source, ContractRoll.number.desc())
    return {(row.symbol, row.source): row for row in session.scalars(newest.order_by(*order))}


def furthest_contract(session: Session, symbol: str, source: str) -> str | None:
    """The contract of the latest delivery that a source has come to; None without any."""
    told = select(ContractRoll.to_contract).where(ContractRoll.symbol == symbol, ContractRoll.source == source)
    return max(session.scalars(told), key=delivery_of, default=None)


def record_changes(
    session: Session,
    symbol: str,
    source: str,
    changes: Sequence[Change],
    session_of: Callable[[datetime], date],
    *,
    after: int,
    now: datetime,
) -> list[ContractRoll]:
    """Keep changes that come after the one with the number `after`; those that somebody else has kept are left out."""
    kept: list[ContractRoll] = []
    for number, change in enumerate(changes, start=after + 1):
        values = {
            "symbol": symbol,
            "source": source,
            "number": number,
            "kind": change.kind,
            "from_contract": change.from_contract,
            "to_contract": change.to_contract,
            "last_ts": change.last_ts,
            "first_ts": change.first_ts,
            "session_date": session_of(change.first_ts),
            "noticed_at": now,
        }
        statement = insert(ContractRoll).values(values).on_conflict_do_nothing().returning(ContractRoll)
        row = session.scalar(statement)
        if row is None:  # Whoever kept it goes on from there.
            return kept
        kept.append(row)
    return kept


def rolls_between(
    session: Session, symbol: str, start: datetime, end: datetime, source: str | None = None
) -> list[ContractRoll]:
    """The changes whose new contract began in `[start, end)`, in order; first contracts are no changes.

    Of a source that tells its contracts, its own. Without a source, or for one that has never told any, those of all
    live sources, since its prices changed when theirs did, as far as anybody can know.
    """
    known = select(ContractRoll).where(ContractRoll.symbol == symbol)
    tells = source is not None and session.scalar(known.where(ContractRoll.source == source).limit(1)) is not None
    by_source = ContractRoll.source == source if tells else ContractRoll.source.in_(LIVE_SOURCES)
    inside = (ContractRoll.first_ts >= start, ContractRoll.first_ts < end, ContractRoll.kind != "first")
    return list(session.scalars(known.where(by_source, *inside).order_by(ContractRoll.first_ts, ContractRoll.source)))


def breaks_between(
    session: Session, symbol: str, start: datetime, end: datetime, source: str | None = None
) -> list[Break]:
    """Where a series of the symbol's prices in `[start, end)` must be cut, in order, as `rolls_between` finds it."""
    found = rolls_between(session, symbol, start, end, source)
    return [Break(row.last_ts, row.first_ts) for row in found if row.last_ts is not None]

"""The gaps of storage, as recorded. Nothing here commits."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal, get_args

from sqlalchemy import BigInteger, ColumnElement, cast, func, or_, select, text
from sqlalchemy.orm import Session

from app.ledger.models import Gap

GapKind = Literal["sequence", "feed"]
GapState = Literal["open", "backfilled", "unrecoverable"]
KINDS: Final[tuple[str, ...]] = get_args(GapKind)
STATES: Final[tuple[str, ...]] = get_args(GapState)

_EVENT_MINUTES: Final = text(
    "SELECT extract(epoch FROM minute) FROM (SELECT DISTINCT date_trunc('minute', ts) AS minute FROM ticks "
    "WHERE session_date = :day AND source = :source) minutes"
)


@dataclass(frozen=True)
class GapFilter:
    """Which gaps are meant; None = any.

    `symbol`: those that are known to lack the symbol, and those of which it is not known that they do not.
    """

    kind: str | None = None
    source: str | None = None
    day: date | None = None
    state: str | None = None
    symbol: str | None = None


def lock_gaps(session: Session) -> None:
    """Let nobody else find gaps until this transaction ends."""
    session.execute(text("LOCK TABLE gaps IN SHARE ROW EXCLUSIVE MODE"))


def read_gaps(session: Session, wanted: GapFilter, limit: int | None = None, before: int | None = None) -> list[Gap]:
    """Up to `limit` gaps, newest found first; `before` is the id of the last one of the page before."""
    query = select(Gap).where(*_conditions(wanted)).order_by(Gap.id.desc()).limit(limit)
    return list(session.scalars(query if before is None else query.where(Gap.id < before)))


def count_gaps(session: Session) -> dict[tuple[str, str], int]:
    """How many gaps there are by kind and state."""
    counted = session.execute(select(Gap.kind, Gap.state, func.count()).group_by(Gap.kind, Gap.state))
    return {(kind, state): count for kind, state, count in counted}


def event_minutes(session: Session, day: date, source: str) -> list[int]:
    """The minutes in which a source has ticks on a trading day, as microseconds since 1970 UTC, in no order."""
    asked = {"day": day, "source": source}
    return [int(minute) * 1_000_000 for minute in session.scalars(_EVENT_MINUTES, asked)]


def _conditions(wanted: GapFilter) -> list[ColumnElement[bool]]:
    asked: list[tuple[ColumnElement[Any], object]] = [
        (Gap.kind.expression, wanted.kind),
        (Gap.source.expression, wanted.source),
        (Gap.session_date.expression, wanted.day),
        (Gap.state.expression, wanted.state),
    ]
    conditions = [column == value for column, value in asked if value is not None]
    return conditions if wanted.symbol is None else [*conditions, _may_lack(wanted.symbol)]


def _may_lack(symbol: str) -> ColumnElement[bool]:
    counts = func.jsonb_each_text(Gap.symbols).table_valued("key", "value")
    told = select(func.coalesce(func.sum(cast(counts.c.value, BigInteger)), 0)).scalar_subquery()
    return or_(Gap.symbols.has_key(symbol), Gap.symbols == {}, told < Gap.missing)

"""Where losses belong in a source's numbers: between which of them, or when, events went. Nothing here commits."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.ledger.numbers import Stretch

# Of entries of the stream, the ids tell when they were there: the third part of `ref` is that of the evidence itself,
# the announcement that a reader made or the entry that was gone when it was to be read again. Whole seconds, so that
# 100,000 entries that went one by one become few.
_LOSSES: Final = text(r"""
SELECT kind, symbol, sum(count), first_seq, last_seq, after_s, until_s, assigned_at FROM (
  SELECT l.kind, l.symbol, l.count,
    substring(l.detail->>'first_seq' FROM '^\d{1,19}$')::numeric AS first_seq,
    substring(l.detail->>'last_seq' FROM '^\d{1,19}$')::numeric AS last_seq,
    substring(coalesce(t.detail->>'after_id', t.detail->>'stream_id') FROM '^\d{1,14}')::bigint / 1000 AS after_s,
    substring(split_part(t.ref, ':', 3) FROM '^\d{1,14}')::bigint / 1000 AS until_s,
    CASE WHEN l.parent_id IS NOT NULL THEN l.observed_at END AS assigned_at
  FROM losses l LEFT JOIN losses t ON t.id = l.parent_id AND t.kind IN ('trimmed_unread', 'trimmed_pending')
  WHERE l.source = :source AND l.session_date = :day AND l.symbol IS NOT NULL
) located GROUP BY kind, symbol, first_seq, last_seq, after_s, until_s, assigned_at
ORDER BY until_s, first_seq, kind, symbol
""")


@dataclass(frozen=True)
class Span:
    """Between which instants of Redis' clock entries were in the stream; `after` is None before anything was read."""

    after: datetime | None
    until: datetime


@dataclass(frozen=True)
class LocatedLoss:
    """So many events of a symbol that are gone.

    Where it is known, their numbers are among `numbers`, or they were added to the stream within `span`. Of losses with
    the same `assigned_at`, a balance told the symbols of all of them together only.
    """

    kind: str
    symbol: str
    count: int
    numbers: Stretch | None = None
    span: Span | None = None
    assigned_at: datetime | None = None


def losses_of_day(session: Session, source: str, day: date) -> list[LocatedLoss]:
    """The losses of a source on a trading day of which the symbol is known, in one order."""
    return [
        LocatedLoss(
            kind,
            symbol,
            int(count),
            Stretch(int(first), int(last)) if first is not None and last is not None else None,
            Span(_instant(after_s) if after_s else None, _instant(until_s)) if until_s is not None else None,
            assigned_at,
        )
        for kind, symbol, count, first, last, after_s, until_s, assigned_at in session.execute(
            _LOSSES, {"source": source, "day": day}
        )
    ]


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)

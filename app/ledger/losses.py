"""Recording what is lost, each piece of evidence once. Nothing here commits."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.ledger.models import Loss

# Far below the 65,535 parameters that a statement may have.
_ROWS_AT_ONCE = 1000


def record_loss(
    session: Session,
    kind: str,
    ref: str,
    count: int,
    source: str | None = None,
    symbol: str | None = None,
    session_date: date | None = None,
    detail: Mapping[str, Any] | None = None,
    parent_id: int | None = None,
) -> bool:
    """Count events as lost; False, and nothing counted, when the evidence `ref` (120 letters) was counted already."""
    row = {
        "kind": kind,
        "ref": ref,
        "count": count,
        "source": source,
        "symbol": symbol,
        "session_date": session_date,
        "detail": dict(detail or {}),
        "parent_id": parent_id,
    }
    return _add(session, [row]) == 1


def record_trimmed(session: Session, generation: str, stream_ids: Sequence[str]) -> int:
    """Count entries that were delivered, and trimmed away before they were stored; returns how many are new.

    `generation` is that of the stream of which they were entries.
    """
    rows: list[dict[str, Any]] = [
        {
            "kind": "trimmed_pending",
            "ref": f"pending:{generation}:{stream_id}",
            "count": 1,
            "detail": {"stream_id": stream_id},
        }
        for stream_id in sorted(set(stream_ids))
    ]
    starts = range(0, len(rows), _ROWS_AT_ONCE)
    return sum(_add(session, rows[start : start + _ROWS_AT_ONCE]) for start in starts)


def _add(session: Session, rows: Sequence[Mapping[str, Any]]) -> int:
    added = insert(Loss).values(list(rows)).on_conflict_do_nothing(index_elements=["ref"]).returning(Loss.id)
    return len(session.scalars(added).all())

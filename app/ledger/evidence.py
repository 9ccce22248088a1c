"""Losses of which the keys are yet to be found, and losses that are known from the balance alone. Nothing commits."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from app.ledger.balance import Key
from app.ledger.losses import record_loss
from app.ledger.models import Loss

UNEXPLAINED: Final = "unexplained"
STREAM_RESET: Final = "stream_reset"
Inferred = Literal["unexplained", "stream_reset"]


@dataclass
class Evidence:
    """A loss that tells how many events went, and not which: `left` of them have not been assigned to a key yet."""

    id: int
    kind: str
    count: int
    left: int
    observed_at: datetime


def open_evidence(session: Session) -> list[Evidence]:
    """Losses without a key that are not wholly assigned, oldest first."""
    part = aliased(Loss)
    assigned = select(func.coalesce(func.sum(part.count), 0)).where(part.parent_id == Loss.id).scalar_subquery()
    found = session.execute(
        select(Loss.id, Loss.kind, Loss.count, Loss.count - assigned, Loss.observed_at)
        .where(Loss.symbol.is_(None), Loss.parent_id.is_(None), Loss.count > assigned)
        .order_by(Loss.id)
    )
    return [Evidence(number, kind, count, int(left), at) for number, kind, count, left, at in found]


def assign_loss(session: Session, evidence: Evidence, key: Key, wanted: int) -> int:
    """Say of up to `wanted` events of the evidence that they were of this key; returns of how many."""
    count = min(wanted, evidence.left)
    if count <= 0:
        return 0
    ref = f"part:{evidence.id}:{evidence.count - evidence.left}"
    record_loss(session, evidence.kind, ref, count, *key, parent_id=evidence.id)
    evidence.left -= count
    return count


def set_aside(session: Session, evidence: Evidence) -> None:
    """Say of what is left of the evidence that no event of Thor's publishers is missing for it."""
    ref = f"part:{evidence.id}:{evidence.count - evidence.left}"
    record_loss(session, evidence.kind, ref, evidence.left, parent_id=evidence.id)
    evidence.left = 0


def infer_loss(session: Session, kind: Inferred, key: Key, count: int, lost_before: int) -> None:
    """Record a loss for which the balance is the only witness; `lost_before` is what the key had lost by then."""
    ref = f"{kind}:{key.source}:{key.symbol}:{key.day}:{lost_before}"
    record_loss(session, kind, ref, count, *key)


def inferred_losses(session: Session) -> dict[Key, int]:
    """What is recorded as lost with the balance as its only witness."""
    return _by_key(session, UNEXPLAINED, STREAM_RESET)


def unexplained_losses(session: Session, since: datetime) -> dict[Key, int]:
    """What is recorded as lost without any explanation since an instant."""
    return _by_key(session, UNEXPLAINED, since=since)


def withdraw_loss(session: Session, key: Key, wanted: int, *kinds: str) -> int:
    """Take back up to `wanted` inferred losses of a key, newest first, because the events turned up; returns how many.

    `kinds` are those that may be taken back, all inferred ones by default.
    """
    rows = session.scalars(
        select(Loss)
        .where(Loss.kind.in_(kinds or (UNEXPLAINED, STREAM_RESET)))
        .where(Loss.source == key.source, Loss.symbol == key.symbol, Loss.session_date == key.day)
        .order_by(Loss.id.desc())
    ).all()
    left = wanted
    for row in rows:
        taken = min(left, row.count)
        left -= taken
        if taken == row.count:
            session.delete(row)
        elif taken:
            row.count -= taken
    session.flush()
    return wanted - left


def _by_key(session: Session, *kinds: str, since: datetime | None = None) -> dict[Key, int]:
    names = (Loss.source, Loss.symbol, Loss.session_date)
    query = select(*names, func.sum(Loss.count)).where(Loss.kind.in_(kinds), Loss.symbol.is_not(None))
    if since is not None:
        query = query.where(Loss.observed_at >= since)
    found: Any = session.execute(query.group_by(*names))
    return {Key(source, symbol, day): int(count) for source, symbol, day, count in found}

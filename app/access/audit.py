"""The record of what was done, by whom and from where. Rows are only ever added. Nothing here commits."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.models import AuditEntry

Outcome = Literal["done", "refused", "failed"]


def record(
    session: Session,
    at: datetime,
    actor: str,
    action: str,
    subject: str = "",
    outcome: Outcome = "done",
    *,
    address: str = "",
    request_id: str = "",
    facts: Mapping[str, Any] | None = None,
) -> None:
    """Add a row; texts that are too long are cut. `facts` are JSON and hold no secret."""
    session.add(
        AuditEntry(
            at=at,
            actor=_plain(actor)[:80],
            action=_plain(action)[:60],
            subject=_plain(subject)[:200],
            outcome=outcome,
            address=address[:64],
            request_id=request_id[:64],
            facts=dict(facts or {}),
        )
    )


def _plain(text: str) -> str:
    # A path may hold what no text of PostgreSQL can.
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape", "surrogatepass").decode() for char in text
    )


def read_audit(
    session: Session,
    *,
    actor: str | None = None,
    action: str | None = None,
    before: int | None = None,
    limit: int = 100,
) -> list[AuditEntry]:
    """The newest entries first, those with a smaller number than `before`."""
    query = select(AuditEntry).order_by(AuditEntry.id.desc()).limit(limit)
    if actor is not None:
        query = query.where(AuditEntry.actor == actor)
    if action is not None:
        query = query.where(AuditEntry.action == action)
    if before is not None:
        query = query.where(AuditEntry.id < before)
    return list(session.scalars(query))

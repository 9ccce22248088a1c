"""Up to where a group has acknowledged the stream, as the database remembers it. Nothing here commits."""

from datetime import datetime

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.ledger.models import StreamPosition


def save_position(session: Session, group: str, generation: str, acknowledged_id: str, now: datetime) -> None:
    """Remember that everything below `acknowledged_id` in the stream of this generation is acknowledged."""
    merge = insert(StreamPosition).values(
        group_name=group, generation=generation, acknowledged_id=acknowledged_id, at=now
    )
    values = {name: merge.excluded[name] for name in ("generation", "acknowledged_id", "at")}
    session.execute(merge.on_conflict_do_update(index_elements=["group_name"], set_=values))


def read_position(session: Session, group: str) -> tuple[str, str] | None:
    """The generation and the id that were saved last for the group; None before the first."""
    row = session.get(StreamPosition, group)
    return (row.generation, row.acknowledged_id) if row else None

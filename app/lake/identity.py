"""Which lake this installation has. Nothing here commits."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.lake.models import LakeIdentity


def read_identity(session: Session) -> UUID | None:
    """The lake's identity; None before it has one."""
    return session.scalar(select(LakeIdentity.lake))


def make_identity(session: Session, now: datetime) -> UUID:
    """The lake's identity, which is made where there is none; of two that make it at once both get the same."""
    session.execute(insert(LakeIdentity).values(lake=uuid4(), since=now).on_conflict_do_nothing())
    return session.scalars(select(LakeIdentity.lake)).one()


def take_identity(session: Session, lake: UUID, now: datetime) -> None:
    """Go on with the lake of another installation, such as the one that was lost."""
    taken = insert(LakeIdentity).values(lake=lake, since=now)
    session.execute(taken.on_conflict_do_update(index_elements=["only_one"], set_={"lake": lake, "since": now}))

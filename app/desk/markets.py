"""The table of markets. Nothing here commits."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.desk.models import Market
from app.market.timetable import Profile


def add_markets(session: Session, profiles: Iterable[Profile]) -> None:
    """Add the markets that the table lacks, automated, and leave the others alone."""
    rows = [{"name": one.name, "calendar": one.calendar, "timezone": one.timezone.key} for one in profiles]
    session.execute(insert(Market).values(rows).on_conflict_do_nothing())


def automated_markets(session: Session) -> set[str]:
    """The names of the markets whose opens and closes Thor sees to."""
    return set(session.scalars(select(Market.name).where(Market.automated)))

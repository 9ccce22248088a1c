"""Ticks that vanish and turn up again, which no part of Thor would ever do, and the losses that come of it."""

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session, sessionmaker

from app.ledger.models import Loss

Sessions = sessionmaker[Session]


@pytest.fixture(autouse=True)
def nothing_aside(sessions: Sessions) -> None:
    """Begin with nothing that an earlier test moved aside."""
    with sessions.begin() as session:
        session.execute(text("DROP TABLE IF EXISTS aside"))


def remove(sessions: Sessions, count: int) -> None:
    """Have the ticks with the lowest numbers vanish."""
    take(sessions, count)


def take(sessions: Sessions, count: int, above: int = 0) -> list[int]:
    """Move the first ticks above a number aside, as no part of Thor ever would."""
    with sessions.begin() as session:
        session.execute(text("CREATE TABLE IF NOT EXISTS aside (LIKE ticks)"))
        taken = session.scalars(
            text("SELECT seq FROM ticks WHERE seq > :above ORDER BY seq LIMIT :count"), {"above": above, "count": count}
        ).all()
        session.execute(text("INSERT INTO aside SELECT * FROM ticks WHERE seq = ANY(:taken)"), {"taken": taken})
        session.execute(text("DELETE FROM ticks WHERE seq = ANY(:taken)"), {"taken": taken})
        session.execute(text("SELECT pg_stat_force_next_flush()"))
    return list(taken)


def put_back(sessions: Sessions, taken: list[int]) -> None:
    """Have ticks turn up again."""
    with sessions.begin() as session:
        session.execute(text("INSERT INTO ticks SELECT * FROM aside WHERE seq = ANY(:taken)"), {"taken": taken})
        session.execute(text("SELECT pg_stat_force_next_flush()"))


def losses(sessions: Sessions) -> list[tuple[str, int, str | None]]:
    """Kind, count and symbol of all losses, in order."""
    with sessions() as session:
        return [tuple(row) for row in session.execute(select(Loss.kind, Loss.count, Loss.symbol).order_by(Loss.id))]

"""Writing and counting ticks. Lines are rows of COPY's text format in the order of `COPY_COLUMNS`."""

from collections.abc import Sequence
from datetime import date
from io import BytesIO
from typing import Any, Final

import psycopg2
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.ticks.models import COLUMNS, Tick

COPY_COLUMNS: Final = tuple(name for name in COLUMNS if name != "created_at")
_LIST: Final = ", ".join(f'"{name}"' for name in COPY_COLUMNS)
_COPY: Final = f"COPY ticks ({_LIST}) FROM STDIN"
_STAGE: Final = (
    "CREATE TEMPORARY TABLE IF NOT EXISTS tick_stage ON COMMIT DELETE ROWS AS "  # noqa: S608  (our own columns)
    f"SELECT {_LIST} FROM ticks LIMIT 0"
)
_COPY_STAGE: Final = f"COPY tick_stage ({_LIST}) FROM STDIN"
# Sorted, so that two writers of the same rows take their locks in the same order.
_MERGE: Final = (
    f"INSERT INTO ticks ({_LIST}) SELECT {_LIST} FROM tick_stage "  # noqa: S608  (our own columns)
    "ORDER BY symbol, ts, source, seq ON CONFLICT DO NOTHING"
)


def append_ticks(session: Session, lines: Sequence[bytes]) -> int:
    """Add rows that are new; IntegrityError, and nothing added, when one of them is there already."""
    return _copy(session, _COPY, lines)


def merge_ticks(session: Session, lines: Sequence[bytes]) -> int:
    """Add the rows that are not there yet; returns how many that were."""
    session.execute(text(_STAGE))
    _copy(session, _COPY_STAGE, lines)
    return _rows(session.execute(text(_MERGE)))


def count_by_day(session: Session) -> dict[date, int]:
    """Stored ticks per trading day."""
    query = select(Tick.session_date, func.count()).group_by(Tick.session_date).order_by(Tick.session_date)
    return dict(session.execute(query).all())


def sources_on(session: Session, day: date) -> set[str]:
    """The sources that have ticks on a trading day."""
    return set(session.scalars(select(Tick.source).where(Tick.session_date == day).distinct()))


def _copy(session: Session, statement: str, lines: Sequence[bytes]) -> int:
    cursor = session.connection().connection.cursor()
    try:
        cursor.copy_expert(statement, BytesIO(b"".join(lines)), size=1 << 20)
    except psycopg2.Error as error:  # COPY goes past SQLAlchemy, which would have wrapped it like this.
        raise DBAPIError.instance(statement, None, error, psycopg2.Error) from error
    return int(cursor.rowcount)


def _rows(result: Any) -> int:
    return int(result.rowcount)

"""Writing and counting ticks. Lines are rows of COPY's text format in the order of `COPY_COLUMNS`."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from io import BytesIO
from operator import itemgetter
from typing import Final, Protocol

import psycopg2
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.ticks.identity import CONTENT
from app.ticks.models import COLUMNS, Tick

# Source, symbol and trading day.
TickKey = tuple[str, str, date]
COPY_COLUMNS: Final = tuple(name for name in COLUMNS if name != "created_at")
_KEY: Final = ("symbol", "ts", "source", "seq", "session_date")
_KEY_PLACES: Final = tuple(COPY_COLUMNS.index(name) for name in ("source", "symbol", "session_date"))
_KEY_CELLS: Final = itemgetter(*_KEY_PLACES)
_LAST_KEY_CELL: Final = max(_KEY_PLACES)
_CHUNK_BYTES: Final = 1 << 20
_LIST: Final = ", ".join(f'"{name}"' for name in COPY_COLUMNS)
_COPY: Final = f"COPY ticks ({_LIST}) FROM STDIN"
_STAGE: Final = (
    "CREATE TEMPORARY TABLE IF NOT EXISTS tick_stage ON COMMIT DELETE ROWS AS "  # noqa: S608  (our own columns)
    f"SELECT 0 AS place, {_LIST} FROM ticks LIMIT 0; DELETE FROM tick_stage"
)
_COPY_STAGE: Final = f"COPY tick_stage (place, {_LIST}) FROM STDIN"
# Sorted, so that two writers of the same rows take their locks in the same order, and the first of two is kept.
_MERGE: Final = (
    f"WITH added AS (INSERT INTO ticks ({_LIST}) SELECT {_LIST} FROM tick_stage "  # noqa: S608  (our own columns)
    "ORDER BY symbol, ts, source, seq, place ON CONFLICT DO NOTHING RETURNING source, symbol, session_date) "
    "SELECT source, symbol, session_date, count(*) FROM added GROUP BY source, symbol, session_date"
)
# One look at the index for each row: the planner knows nothing of the stage, and might read all that is stored.
_CONFLICTS: Final = (
    "SELECT stage.place FROM tick_stage AS stage CROSS JOIN LATERAL (SELECT * FROM ticks AS t WHERE "  # noqa: S608
    f"{' AND '.join(f't.{name} = stage.{name}' for name in _KEY)} LIMIT 1) AS kept "
    f"WHERE ({', '.join(f'stage.{name}' for name in CONTENT)}) IS DISTINCT FROM "
    f"({', '.join(f'kept.{name}' for name in CONTENT)}) ORDER BY stage.place"
)


class Readable(Protocol):
    """What COPY reads from: rows until there are no more."""

    def read(self, size: int = ..., /) -> bytes:
        """Up to so many bytes; none at the end."""


def append_ticks(
    session: Session, lines: Sequence[bytes], meanwhile: Callable[[], None] | None = None, *, before: str = ""
) -> int:
    """Add rows that are new; IntegrityError, and nothing added, when one of them is there already.

    `meanwhile` is called once the rows are on their way, so that the caller and the database work at the same time; it
    must not raise. `before` is a statement that goes to the database in one message with the rows: on a connection that
    commits by itself, either both take effect or none.
    """
    rows = b"".join(lines)
    statement = f"{before}; {_COPY}" if before else _COPY
    return _copy(session, statement, _Rows(rows, meanwhile) if meanwhile else BytesIO(rows))


def merge_ticks(session: Session, lines: Sequence[bytes]) -> int:
    """Add the rows that are not there yet; returns how many that were."""
    return merge_by_key(session, lines).total()


def merge_by_key(session: Session, lines: Sequence[bytes]) -> "Counter[TickKey]":
    """Add the rows that are not there yet; returns how many by source, symbol and trading day."""
    session.execute(text(_STAGE))
    _copy(session, _COPY_STAGE, BytesIO(b"".join(b"%d\t%b" % placed for placed in enumerate(lines))))
    return Counter({(source, symbol, day): count for source, symbol, day, count in session.execute(text(_MERGE))})


def find_conflicts(session: Session) -> list[int]:
    """Which of the rows last merged, counted from 0, say other things of the market than the stored ones of their key.

    Call it in the transaction of the merge.
    """
    return list(session.scalars(text(_CONFLICTS)))


def count_lines(lines: Iterable[bytes]) -> "Counter[TickKey]":
    """How many rows there are by source, symbol and trading day."""
    cells = Counter(map(_KEY_CELLS, (line.split(b"\t", _LAST_KEY_CELL + 1) for line in lines)))
    return Counter(
        {
            (source.decode(), symbol.decode(), date.fromisoformat(day.decode())): count
            for (source, symbol, day), count in cells.items()
        }
    )


def count_by_day(session: Session) -> dict[date, int]:
    """Stored ticks per trading day."""
    query = select(Tick.session_date, func.count()).group_by(Tick.session_date).order_by(Tick.session_date)
    return dict(session.execute(query).all())


def sources_on(session: Session, day: date) -> set[str]:
    """The sources that have ticks on a trading day."""
    return set(session.scalars(select(Tick.source).where(Tick.session_date == day).distinct()))


class _Rows:
    """All rows in one piece; by the time that COPY asks for more, the database is at work on them."""

    def __init__(self, rows: bytes, meanwhile: Callable[[], None]) -> None:
        self._rows, self._meanwhile = rows, meanwhile
        self._reads = 0

    def read(self, _size: int = -1, /) -> bytes:
        self._reads += 1
        if self._reads == 1:
            return self._rows
        if self._reads == 2:
            self._meanwhile()
        return b""


def _copy(session: Session, statement: str, rows: Readable) -> int:
    cursor = session.connection().connection.cursor()
    try:
        cursor.copy_expert(statement, rows, size=_CHUNK_BYTES)
    except psycopg2.Error as error:  # COPY goes past SQLAlchemy, which would have wrapped it like this.
        raise DBAPIError.instance(statement, None, error, psycopg2.Error) from error
    return int(cursor.rowcount)

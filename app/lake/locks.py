"""One writer per file of the lake, across processes and machines that share a database."""

import hashlib
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Final

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.orm import Session

from app.errors import Conflict

LOCK_WAIT_S: Final = 60.0
_POLL_S: Final = 0.05
_HOLDERS: Final = """
SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database AND d.datname = current_database()
WHERE locktype = 'advisory' AND objsubid = 1 AND granted AND classid::bigint << 32 | objid::bigint = :key
"""


@contextmanager
def file_lock(
    sessions: Callable[[], Session], day: date, symbol: str, wait_s: float = LOCK_WAIT_S
) -> Iterator[Callable[[], None]]:
    """Hold the right to write a symbol's files of a trading day; as `files_lock` of that symbol alone."""
    with files_lock(sessions, day, [symbol], wait_s) as still_held:
        yield still_held


@contextmanager
def files_lock(
    sessions: Callable[[], Session], day: date, symbols: Collection[str], wait_s: float = LOCK_WAIT_S
) -> Iterator[Callable[[], None]]:
    """Hold the right to write the files of symbols on a trading day; Conflict when others hold it for over `wait_s`.

    The right lasts as long as its connection, so a killed holder frees it. What it yields is to be called right before
    the deed: it raises Conflict when the right was lost meanwhile. It uses one connection of the pool.
    """
    what = f"the files of {', '.join(sorted(symbols)[:10])} on {day}"
    with sessions() as session:
        # Outside of a transaction, because a server may end one that idles while the file is written.
        session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})
        deadline = time.monotonic() + wait_s
        try:
            # In order, so that two who want the same files do not wait for each other.
            for symbol in sorted(symbols):
                _acquire(session, day, symbol, deadline)
            yield lambda: _check(session, what)
        finally:
            _release(session)


def is_being_written(session: Session, day: date, symbol: str) -> bool:
    """Whether somebody holds the right to write a symbol's files of a trading day, and may be about to record one."""
    return bool(session.scalar(text(_HOLDERS), {"key": _key(day, symbol)}))


def _key(day: date, symbol: str) -> int:
    return int.from_bytes(hashlib.sha256(f"lake/{day}/{symbol}".encode()).digest()[:8], signed=True)


def _acquire(session: Session, day: date, symbol: str, deadline: float) -> None:
    key = {"key": _key(day, symbol)}
    while not session.scalar(text("SELECT pg_try_advisory_lock(:key)"), key):
        if time.monotonic() >= deadline:
            raise Conflict(
                f"another process is writing the files of {symbol} on {day}: wait for it or end it, then run this again"
            )
        time.sleep(_POLL_S)


def _check(session: Session, what: str) -> None:
    try:
        session.execute(text("SELECT 1"))
    except DBAPIError:
        raise Conflict(f"the connection that guarded {what} was lost: run it again") from None


def _release(session: Session) -> None:
    try:
        session.execute(text("SELECT pg_advisory_unlock_all()"))
    except SQLAlchemyError:
        # The connection is gone, and the locks with it.
        session.invalidate()

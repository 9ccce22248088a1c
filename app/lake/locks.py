"""One writer per file of the lake, across processes and machines that share a database."""

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Final

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.orm import Session

from app.errors import Conflict

LOCK_WAIT_S: Final = 60.0
_POLL_S: Final = 0.05


@contextmanager
def file_lock(
    sessions: Callable[[], Session], day: date, symbol: str, wait_s: float = LOCK_WAIT_S
) -> Iterator[Callable[[], None]]:
    """Hold the right to write a symbol's files of a trading day; Conflict when another holds it for over `wait_s`.

    The right lasts as long as its connection, so a killed holder frees it. What it yields is to be called right before
    the deed: it raises Conflict when the right was lost meanwhile. It uses one connection of the pool.
    """
    key = {"key": int.from_bytes(hashlib.sha256(f"lake/{day}/{symbol}".encode()).digest()[:8], signed=True)}
    what = f"the files of {symbol} on {day}"
    with sessions() as session:
        # Outside of a transaction, because a server may end one that idles while the file is written.
        session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})
        deadline = time.monotonic() + wait_s
        while not session.scalar(text("SELECT pg_try_advisory_lock(:key)"), key):
            if time.monotonic() >= deadline:
                raise Conflict(f"another process is writing {what}: wait for it or end it, then run this again")
            time.sleep(_POLL_S)
        try:
            yield lambda: _check(session, what)
        finally:
            _release(session, key)


def _check(session: Session, what: str) -> None:
    try:
        session.execute(text("SELECT 1"))
    except DBAPIError:
        raise Conflict(f"the connection that guarded {what} was lost: run it again") from None


def _release(session: Session, key: dict[str, int]) -> None:
    try:
        session.execute(text("SELECT pg_advisory_unlock(:key)"), key)
    except SQLAlchemyError:
        # The connection is gone, and the lock with it.
        session.invalidate()

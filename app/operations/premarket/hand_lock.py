"""Who works a ladder by hand has it alone: the tick leaves it until that is over."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Final

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.errors import Conflict
from app.stores import Stores

_LOCKS: Final = 7_320  # The advisory locks of whoever works a ladder by hand; the number has no other meaning.
# A key is a signed number where it is locked, and an unsigned one where it is listed.
_HELD: Final = """SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2 AND granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND classid::bigint = :group AND objid::bigint = hashtext(:key)::bigint & 4294967295"""


@contextmanager
def by_hand_alone(stores: Stores, market: str, day: date) -> Iterator[None]:
    """Work the ladder of a day by hand, alone; Conflict while another process does. The right ends with its
    connection."""
    with stores.sessions() as session:
        # Outside of a transaction, because a server may end one that idles while the work is done.
        session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})
        lock = _lock(market, day)
        if not session.scalar(text("SELECT pg_try_advisory_lock(:group, hashtext(:key))"), lock):
            raise Conflict(f"another process works the ladder of {market} on {day} by hand: wait for it")
        try:
            yield
        finally:
            try:
                session.execute(text("SELECT pg_advisory_unlock(:group, hashtext(:key))"), lock)
            except SQLAlchemyError:
                session.invalidate()  # The connection is gone, and the right with it.


def is_by_hand(session: Session, market: str, day: date) -> bool:
    """Whether somebody works the ladder of a day by hand at this moment."""
    return bool(session.scalar(text(_HELD), _lock(market, day)))


def _lock(market: str, day: date) -> dict[str, object]:
    return {"group": _LOCKS, "key": f"{market}/{day}"}

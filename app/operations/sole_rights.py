"""The right to work at something alone, across processes and machines that share a database."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.errors import Conflict
from app.stores import Stores

# A key is a signed number where it is locked, and an unsigned one where it is listed.
_HELD: Final = """SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2 AND granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND classid::bigint = :group AND objid::bigint = hashtext(:key)::bigint & 4294967295"""


@contextmanager
def sole_right(stores: Stores, group: int, name: str, refusal: str) -> Iterator[None]:
    """Hold the right to what `name` means among the locks of `group`; Conflict with `refusal` while another holds it.

    The right ends with its connection, so a killed holder frees it. It uses one connection of the pool.
    """
    with stores.sessions() as session:
        # Outside of a transaction, because a server may end one that idles while the work is done.
        session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})
        lock = {"group": group, "key": name}
        if not session.scalar(text("SELECT pg_try_advisory_lock(:group, hashtext(:key))"), lock):
            raise Conflict(refusal)
        try:
            yield
        finally:
            try:
                session.execute(text("SELECT pg_advisory_unlock(:group, hashtext(:key))"), lock)
            except SQLAlchemyError:
                session.invalidate()  # The connection is gone, and the right with it.


def is_held(session: Session, group: int, name: str) -> bool:
    """Whether somebody holds the right to what `name` means at this moment."""
    return bool(session.scalar(text(_HELD), {"group": group, "key": name}))

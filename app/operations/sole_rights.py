"""The right to work at something alone, across processes and machines that share a database."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.errors import Conflict
from app.stores import Stores


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

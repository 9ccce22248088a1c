"""Telling an outage of PostgreSQL, after which work is taken up again, from an error of the work itself."""

import psycopg2
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

# The last one comes bare when a connection dies while it is put back.
_ALWAYS = (OperationalError, InterfaceError, PoolTimeoutError, psycopg2.OperationalError)


def is_outage(error: BaseException) -> bool:
    """Whether PostgreSQL was away, or too busy to answer."""
    return isinstance(error, _ALWAYS) or (isinstance(error, DBAPIError) and error.connection_invalidated)

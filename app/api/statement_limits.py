"""How long PostgreSQL may work at one statement of a request."""

from typing import Any, Final

from flask import has_request_context
from sqlalchemy import event
from sqlalchemy.orm import Session, sessionmaker

STATEMENT_LIMIT_MS: Final = 10_000


def limit_statements(sessions: sessionmaker[Session]) -> None:
    """Have PostgreSQL end what a request asks of it after 10 s; workers and commands, which share the code, may wait.

    The request is then answered with 503, as when PostgreSQL is away.
    """
    event.listen(sessions, "after_begin", _limit)


def _limit(_session: Any, _transaction: Any, connection: Any) -> None:
    if has_request_context():
        connection.exec_driver_sql(f"SET LOCAL statement_timeout = {STATEMENT_LIMIT_MS}")

"""Database sessions that tell whose they are, so that those of an ingestor that stands still can be ended."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

_PREFIX: Final = "thor ingest "
_KEY: Final = "thor.consumer"
_NAME: Final = text("SELECT set_config('application_name', :name, :only_now)")
# An idle session holds nothing; one that waits for its client in the middle of a COPY ends at no timeout.
_END: Final = text(
    "SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() "
    "AND usename = current_user AND pid <> pg_backend_pid() AND state <> 'idle' AND application_name = ANY(:names)"
)


def name_session(session: Session, consumer: str) -> None:
    """Have the session bear a consumer's name for the length of its transaction."""
    session.execute(_NAME, {"name": _name(consumer), "only_now": True})


def name_connection(session: Session, consumer: str) -> None:
    """Have a connection that commits by itself bear a consumer's name; costs nothing where it does already."""
    known = session.connection().info
    if known.get(_KEY) != consumer:
        # Not in a transaction, whose end might take the name away again.
        session.execute(_NAME, {"name": _name(consumer), "only_now": False})
        known[_KEY] = consumer


def end_sessions(session: Session, consumers: Sequence[str]) -> int:
    """End what these consumers are doing in the database, which takes none of it over; how many sessions that were."""
    return int(session.scalar(_END, {"names": [_name(consumer) for consumer in consumers]}) or 0)


def _name(consumer: str) -> str:
    return f"{_PREFIX}{consumer}"[:63]

"""Tables as they were before a test: empty, but for the catalogue of instruments and the markets."""

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from app.models import TABLES

FEW_ROWS = 500
_NAMES = [model.__tablename__ for model in TABLES]
_CATALOGUE = ("trading_instruments", "markets")
# The lock waits for whoever still writes. TRUNCATE makes new files for a table and for each of its indexes, which
# takes longer than most tests, so that few rows are deleted instead. A partition whose rows were deleted keeps its
# pages, by which days are known to have ticks: of those that have any, new files are made.
_EMPTY = f"""
DO $$
DECLARE
    name text;
    deleted bigint;
    partition regclass;
BEGIN
    LOCK TABLE {", ".join(_NAMES)} IN ACCESS EXCLUSIVE MODE;
    FOREACH name IN ARRAY ARRAY{_NAMES} LOOP
        EXECUTE 'DELETE FROM ' || name;
        GET DIAGNOSTICS deleted = ROW_COUNT;
        IF deleted > {FEW_ROWS} THEN
            EXECUTE 'TRUNCATE ' || name || ' CASCADE';
        END IF;
    END LOOP;
    FOR partition IN SELECT inhrelid::regclass FROM pg_inherits
        WHERE inhparent = 'ticks'::regclass AND pg_relation_size(inhrelid) > 0
    LOOP
        EXECUTE 'TRUNCATE ' || partition::text;
    END LOOP;
END $$
"""


def keep_catalogue(connection: Connection) -> None:
    """Keep what a migration has put into the tables, for `empty_tables`."""
    connection.execute(text("CREATE SCHEMA kept"))
    for name in _CATALOGUE:
        connection.execute(text(f"CREATE TABLE kept.{name} AS TABLE {name}"))


def empty_tables(session: Session) -> None:
    """Remove every row, and put back those that were kept; waits until nobody else is in a transaction with a table."""
    # Some tables refuse to lose rows.
    session.execute(text("SET LOCAL session_replication_role = replica"))
    session.execute(text(_EMPTY))
    for name in _CATALOGUE:
        session.execute(text(f"INSERT INTO {name} TABLE kept.{name}"))
    session.execute(text("SET LOCAL session_replication_role = DEFAULT"))

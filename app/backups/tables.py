"""The tables of a database, out of it and into it: every row of every table, as COPY writes them."""

import io
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import psycopg2
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor
from psycopg2.extensions import quote_ident
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.orm import Session, sessionmaker

from app.backups.manifest import Part, TableCopy
from app.backups.parts import Folder, Packed, Unpacked
from app.errors import Conflict, Unavailable
from app.operations.migrating import UNFINISHED

REVISION_TABLE: Final = "alembic_version"
_PARTITION: Final = re.compile(r"ticks_p(\d{8})")
# What is written as text must not depend on who writes it, and an unchanged table must read alike each time.
_FORMS: Final = """
SET LOCAL timezone = 'UTC'; SET LOCAL datestyle = 'ISO, YMD'; SET LOCAL intervalstyle = 'postgres';
SET LOCAL extra_float_digits = 1; SET LOCAL bytea_output = 'hex'; SET LOCAL client_encoding = 'UTF8';
SET LOCAL synchronize_seqscans = off; SET LOCAL statement_timeout = 0;
SET LOCAL idle_in_transaction_session_timeout = 0
"""
_TABLES: Final = """
SELECT c.relname, coalesce(p.relname = 'ticks', false),
    array(SELECT attname::text FROM pg_attribute
        WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum)
FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid LEFT JOIN pg_class p ON p.oid = i.inhparent
WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' ORDER BY c.relname
"""
_SEQUENCES: Final = """
SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind = 'S' ORDER BY relname
"""
_PARENTS: Final = """
SELECT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint
WHERE contype = 'f' AND connamespace = current_schema()::regnamespace AND conrelid <> confrelid
"""
_FUNCTIONS: Final = """
SELECT p.oid::regprocedure::text FROM pg_proc p WHERE p.pronamespace = current_schema()::regnamespace
AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
"""
_TOPMOST: Final = """
SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')
AND NOT relispartition
"""
_AWAY: Final = (psycopg2.OperationalError, psycopg2.InterfaceError, OperationalError, InterfaceError)
_GONE: Final = "42P01"
_BUFFER_BYTES: Final = 1 << 20


@dataclass(frozen=True)
class Table:
    """A table of the schema; `day` is that of a partition of the ticks."""

    name: str
    columns: tuple[str, ...]
    day: date | None = None


class SnapshotLost(Conflict):
    """A table was dropped between the snapshot and its reading: take another snapshot."""


@contextmanager
def driver_failures() -> Iterator[None]:
    """Unavailable in place of the driver's own errors of a server that went away, is full or is locked."""
    try:
        yield
    except _AWAY as error:
        first = str(error).strip().partition("\n")[0][:200]
        raise Unavailable(f"PostgreSQL went away, or is too busy ({first}): try again") from error


@contextmanager
def snapshot(sessions: sessionmaker[Session]) -> Iterator[Cursor]:
    """The database as it is at one moment, for as long as the block runs; nobody is held up who reads or writes it.

    No table of it can be dropped meanwhile; SnapshotLost when one was at that very moment.
    """
    with driver_failures(), sessions() as session:
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        cursor = plain_cursor(session)
        cursor.execute(f"SET TRANSACTION READ ONLY; {_FORMS}")
        names = [table.name for table in list_tables(cursor)]
        if names:
            try:
                cursor.execute(f"LOCK TABLE {', '.join(quoted(cursor, name) for name in names)} IN ACCESS SHARE MODE")
            except Exception as error:
                if getattr(error, "pgcode", None) == _GONE:
                    raise SnapshotLost("a table was dropped meanwhile: run it again") from None
                raise
        try:
            yield cursor
        finally:
            cursor.close()
            session.rollback()


def plain_cursor(session: Session) -> Cursor:
    """A cursor of the driver's own on a session's connection, in the session's transaction."""
    found: Any = session.connection().connection.driver_connection
    connection: Connection = found
    return connection.cursor()


def settle_forms(cursor: Cursor) -> None:
    """Have the transaction read and write text in the forms that backups have."""
    cursor.execute(_FORMS)


def list_tables(cursor: Cursor) -> list[Table]:
    """Every table with rows of its own, but that of the migrations; Conflict where a partition has a strange name."""
    cursor.execute(_TABLES)
    return [
        Table(name, tuple(columns), _day_of(name) if is_partition else None)
        for name, is_partition, columns in cursor.fetchall()
        if name not in (REVISION_TABLE, UNFINISHED)
    ]


def revision_of(cursor: Cursor) -> str | None:
    """The revision of the migrations that the database is at; None for one that never saw any."""
    cursor.execute("SELECT to_regclass(%s) IS NOT NULL", (REVISION_TABLE,))
    if not _first(cursor):
        return None
    cursor.execute(f"SELECT version_num FROM {REVISION_TABLE}")  # noqa: S608
    row = cursor.fetchone()
    return str(row[0]) if row else None


def read_sequences(cursor: Cursor) -> dict[str, tuple[int, bool]]:
    """The last number of each sequence, and whether it was given already."""
    cursor.execute(_SEQUENCES)
    names = [row[0] for row in cursor.fetchall()]
    found: dict[str, tuple[int, bool]] = {}
    for name in names:
        cursor.execute(f"SELECT last_value, is_called FROM {quoted(cursor, name)}")  # noqa: S608
        last, is_called = cursor.fetchall()[0]
        found[name] = (int(last), bool(is_called))
    return found


def write_sequences(cursor: Cursor, sequences: dict[str, tuple[int, bool]]) -> None:
    """Have each sequence go on after the number that it had."""
    there = read_sequences(cursor)
    for name, (last, is_called) in sequences.items():
        if name not in there:  # Of a table that somebody added by hand.
            continue
        cursor.execute("SELECT setval(%s::regclass, %s, %s)", (quoted(cursor, name), last, is_called))


def copy_out(cursor: Cursor, table: Table, folder: Folder) -> TableCopy:
    """All rows of a table into a part; Unavailable when the database counts others than it gave."""
    parts: list[Part] = []
    with folder.packed(f"database/{table.name}.copy.zst", parts) as packed:
        rows = _copy_rows(cursor, table, packed)
    cursor.execute(f"SELECT count(*) FROM {quoted(cursor, table.name)}")  # noqa: S608
    if not rows == packed.lines == (counted := _first(cursor)):
        raise Unavailable(f"{table.name} has {counted:,} rows, but {packed.lines:,} were read: try again")
    return TableCopy(name=table.name, columns=table.columns, rows=rows, sha256=packed.sha256, part=parts[0])


def copy_in(cursor: Cursor, copy: TableCopy, source: Unpacked) -> int:
    """All rows of a part into its table, which must have its columns; returns how many. Errors are the driver's."""
    reader: Any = source  # The driver reads it, and no lines.
    cursor.copy_expert(f"COPY {_place(cursor, copy.name, copy.columns)} FROM STDIN", reader)
    return int(cursor.rowcount)


def table_digest(cursor: Cursor, copy: TableCopy) -> str:
    """The hash that the table's rows, as they are now, would have in a backup."""
    packed = Packed(_Nowhere())
    _copy_rows(cursor, Table(copy.name, copy.columns), packed)
    return packed.sha256


def in_order(cursor: Cursor, copies: Iterable[TableCopy]) -> list[TableCopy]:
    """The tables in an order in which each one comes after those that its rows refer to."""
    cursor.execute(_PARENTS)
    waits: dict[str, set[str]] = {}
    for child, parent in cursor.fetchall():
        waits.setdefault(child, set()).add(parent)
    left = {copy.name: copy for copy in copies}
    ordered: list[TableCopy] = []
    while left:
        ready = [name for name in left if not waits.get(name, set()) & (set(left) - {name})]
        if not ready:
            raise Conflict(f"the tables {', '.join(left)} refer to each other: they cannot be restored one by one")
        ordered += [left.pop(name) for name in ready]
    return ordered


def partition_days(copies: Iterable[TableCopy]) -> list[date]:
    """The trading days whose partitions are among the tables."""
    return [_day_of(copy.name) for copy in copies if _PARTITION.fullmatch(copy.name)]


def rows_now(cursor: Cursor) -> dict[str, int]:
    """How many rows every table has."""
    counts: dict[str, int] = {}
    for table in list_tables(cursor):
        cursor.execute(f"SELECT count(*) FROM {quoted(cursor, table.name)}")  # noqa: S608
        counts[table.name] = _first(cursor)
    return counts


def drop_everything(cursor: Cursor) -> None:
    """Drop every table and function of the schema, whoever made it."""
    cursor.execute(_TOPMOST)
    for (name,) in cursor.fetchall():
        cursor.execute(f"DROP TABLE {quoted(cursor, name)} CASCADE")
    cursor.execute(_FUNCTIONS)
    for (signature,) in cursor.fetchall():
        cursor.execute(f"DROP FUNCTION {signature} CASCADE")


def quoted(cursor: Cursor, name: str) -> str:
    """A name as SQL has it."""
    return str(quote_ident(name, cursor))


class _Nowhere:
    def write(self, data: bytes) -> int:
        return len(data)


def _copy_rows(cursor: Cursor, table: Table, target: Packed) -> int:
    # The driver hands over row by row.
    buffer = io.BufferedWriter(target, _BUFFER_BYTES)
    cursor.copy_expert(f"COPY {_place(cursor, table.name, table.columns)} TO STDOUT", buffer)
    buffer.flush()
    buffer.detach()
    return int(cursor.rowcount)


def _place(cursor: Cursor, name: str, columns: Iterable[str]) -> str:
    return f"{quoted(cursor, name)} ({', '.join(quoted(cursor, column) for column in columns)})"


def _first(cursor: Cursor) -> int:
    row = cursor.fetchone()
    return int(row[0]) if row else 0


def _day_of(name: str) -> date:
    match = _PARTITION.fullmatch(name)
    if match is None:
        raise Conflict(f"{name} is a partition of ticks of a strange name: Thor's are called ticks_p20251009")
    return date.fromisoformat(match[1])

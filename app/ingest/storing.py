"""Storing one batch: a plain append if it can, a merge where rows may be there, a strict reading where one is bad."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from time import perf_counter
from typing import Final

import psycopg2
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.orm import Session, sessionmaker

from app.bus.groups import Entry
from app.errors import Unavailable
from app.ingest.accounting import Account, account_statement, book, merge
from app.ingest.batch import Batch, Stored
from app.ingest.rows import RowMaker, Rows
from app.ingest.session_names import name_connection, name_session
from app.metrics.families import INGEST_DELAY, INGEST_DURATION
from app.metrics.recording import observe
from app.ticks.partitions import ensure_partitions
from app.ticks.store import append_ticks

# SQLSTATEs, by their beginnings, that pass by themselves or once somebody has seen to it: connections, read-only
# servers, timeouts, deadlocks, tables that the migrations have yet to make, resources, locks, restarts, failing disks.
_PASSING: Final = ("08", "25006", "25P03", "25P04", "40", "42P01", "53", "55", "57", "58")


class TickWriter:
    """Writes batches in one transaction each; remembers which partitions exist and whether duplicates are about."""

    def __init__(self, sessions: sessionmaker[Session], maker: RowMaker, consumer: str = "writer") -> None:
        self._sessions = sessions
        self._maker = maker
        self._consumer = consumer
        self._days: set[date] = set()
        self._duplicates_about = False

    def store(self, batch: Batch, now: datetime, meanwhile: Callable[[], None] | None = None) -> Stored:
        """Commit the batch: ticks, dead letters, accounts; Unavailable, and nothing stored, when the database is away.

        `meanwhile` may be called, once, while the database is at work; it must not raise.
        """
        began_s = perf_counter()
        with unavailable_while_away():
            stored = self._store(batch, now, meanwhile)
        took_s = perf_counter() - began_s
        observe(INGEST_DURATION, took_s)
        if batch.entries:
            observe(INGEST_DELAY, max(0.0, now.timestamp() - _published_s(batch.entries[0]) + took_s))
        return stored

    def _store(self, batch: Batch, now: datetime, meanwhile: Callable[[], None] | None) -> Stored:
        rows = batch.rows
        if not (batch.seen_before or self._duplicates_about):
            try:
                if self._is_plain(rows):
                    return self._commit_at_once(batch, rows, meanwhile)
                return self._commit(batch, rows, lambda session: _append(session, rows, meanwhile))
            except IntegrityError:
                self._duplicates_about = True
            except DBAPIError as error:
                rows = self._reread(batch, now, error)
        try:
            return self._commit(batch, rows, lambda session: merge(session, batch, rows))
        except DBAPIError as error:
            strict = self._reread(batch, now, error)
        return self._commit(batch, strict, lambda session: merge(session, batch, strict))

    def _is_plain(self, rows: Rows) -> bool:
        return bool(rows.lines) and rows.days <= self._days and not (rows.rejects or rows.trimmed)

    def _commit_at_once(self, batch: Batch, rows: Rows, meanwhile: Callable[[], None] | None) -> Stored:
        # A transaction by itself would be three more round trips.
        with self._sessions() as session:
            session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})
            name_connection(session, self._consumer)
            try:
                written = append_ticks(session, rows.lines, meanwhile, before=account_statement(batch, self._consumer))
            except DBAPIError as error:
                self._days.clear()  # A partition may have been dropped meanwhile.
                if not isinstance(error, IntegrityError):
                    session.invalidate()  # A connection that may be dead cannot be put back as it was.
                raise
        return Stored(len(batch.entries), written, 0, 0, ())

    def _reread(self, batch: Batch, now: datetime, error: DBAPIError) -> Rows:
        if _passes(error):
            raise error
        return self._maker.rows(batch.entries, now, strict=True)

    def _commit(self, batch: Batch, rows: Rows, write: Callable[[Session], Account]) -> Stored:
        try:
            with self._sessions.begin() as session:
                name_session(session, self._consumer)
                if not rows.days <= self._days:
                    ensure_partitions(session, rows.days)
                account = write(session)
                book(session, batch, account, self._consumer, self._maker.session_of)
        except DBAPIError:
            self._days.clear()  # A partition may have been dropped meanwhile.
            raise
        self._days |= rows.days
        duplicates = len(rows.lines) - account.written - account.conflicts
        self._duplicates_about = len(rows.lines) > account.written
        return Stored(len(batch.entries), account.written, duplicates, len(account.trimmed), account.rejects)


def _published_s(entry: Entry) -> float:
    return int(entry[0].partition(b"-")[0]) / 1000


@contextmanager
def unavailable_while_away() -> Iterator[None]:
    """Unavailable in place of a database error that passes by itself, or once somebody has seen to it."""
    try:
        yield
    except DBAPIError as error:
        if _passes(error):
            raise Unavailable(f"PostgreSQL cannot store now ({_first_line(error)})") from error
        raise
    except psycopg2.OperationalError as error:  # A connection that died after its work, while it was put back.
        raise Unavailable(f"PostgreSQL went away ({str(error).strip().partition(chr(10))[0][:200]})") from error


def _append(session: Session, rows: Rows, meanwhile: Callable[[], None] | None) -> Account:
    written = append_ticks(session, rows.lines, meanwhile) if rows.lines else 0
    return Account(written, rows.rejects, trimmed=rows.trimmed)


def _passes(error: DBAPIError) -> bool:
    state = getattr(error.orig, "pgcode", None)
    if state is None:
        return isinstance(error, OperationalError | InterfaceError) or error.connection_invalidated
    return str(state).startswith(_PASSING)


def _first_line(error: DBAPIError) -> str:
    return str(error.orig).strip().partition("\n")[0][:200]

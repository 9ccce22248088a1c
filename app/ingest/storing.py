"""Storing one batch: a plain append if it can, a merge where rows may be there, a strict reading where one is bad."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.orm import Session, sessionmaker

from app.bus.groups import Entry
from app.errors import Unavailable
from app.ingest.dead_letters import save_dead_letters
from app.ingest.rows import Reject, RowMaker, Rows
from app.ticks.partitions import ensure_partitions
from app.ticks.store import append_ticks, merge_ticks

# SQLSTATEs, by their beginnings, that pass by themselves or once somebody has seen to it: connections, read-only
# servers, timeouts, deadlocks, tables that the migrations have yet to make, resources, locks, restarts, failing disks.
_PASSING: Final = ("08", "25006", "25P03", "25P04", "40", "42P01", "53", "55", "57", "58")


@dataclass(frozen=True)
class Batch:
    """Entries read together, with what they come to. `seen_before`: delivered earlier, so perhaps stored already."""

    entries: Sequence[Entry]
    rows: Rows
    seen_before: bool = False


@dataclass(frozen=True)
class Stored:
    """What became of a batch, counted in entries."""

    read: int
    written: int
    duplicates: int
    trimmed: int
    rejects: Sequence[Reject]


class TickWriter:
    """Writes batches in one transaction each; remembers which partitions exist and whether duplicates are about."""

    def __init__(self, sessions: sessionmaker[Session], maker: RowMaker) -> None:
        self._sessions = sessions
        self._maker = maker
        self._days: set[date] = set()
        self._duplicates_about = False

    def store(self, batch: Batch, now: datetime) -> Stored:
        """Commit the batch's ticks and dead letters; Unavailable, and nothing stored, when the database is away."""
        try:
            return self._store(batch, now)
        except DBAPIError as error:
            if _passes(error):
                raise Unavailable(f"PostgreSQL cannot store now ({_first_line(error)})") from error
            raise

    def _store(self, batch: Batch, now: datetime) -> Stored:
        rows = batch.rows
        if not (batch.seen_before or self._duplicates_about):
            try:
                return self._commit(batch, rows, append=True)
            except IntegrityError:
                self._duplicates_about = True
            except DBAPIError as error:
                rows = self._reread(batch, now, error)
        try:
            return self._commit(batch, rows, append=False)
        except DBAPIError as error:
            strict = self._reread(batch, now, error)
        return self._commit(batch, strict, append=False)

    def _reread(self, batch: Batch, now: datetime, error: DBAPIError) -> Rows:
        if _passes(error):
            raise error
        return self._maker.rows(batch.entries, now, strict=True)

    def _commit(self, batch: Batch, rows: Rows, *, append: bool) -> Stored:
        written = 0
        try:
            with self._sessions.begin() as session:
                if not rows.days <= self._days:
                    ensure_partitions(session, rows.days)
                if rows.lines:
                    written = (append_ticks if append else merge_ticks)(session, rows.lines)
                save_dead_letters(session, rows.rejects)
        except DBAPIError:
            self._days.clear()  # A partition may have been dropped meanwhile.
            raise
        self._days |= rows.days
        duplicates = len(rows.ids) - written
        self._duplicates_about = duplicates > 0
        return Stored(len(batch.entries), written, duplicates, len(rows.trimmed), rows.rejects)


def _passes(error: DBAPIError) -> bool:
    state = getattr(error.orig, "pgcode", None)
    if state is None:
        return isinstance(error, OperationalError | InterfaceError) or error.connection_invalidated
    return str(state).startswith(_PASSING)


def _first_line(error: DBAPIError) -> str:
    return str(error.orig).strip().partition("\n")[0][:200]

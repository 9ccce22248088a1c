"""What a live source could not publish yet, kept in order in a file that survives kills and power cuts."""

import logging
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

from app.bus.drops import NO_ROOM, Drop
from app.bus.encoding import Event
from app.collectors.spool_file import (
    ADD_DROP,
    ADD_TO_TOTAL,
    DROPPED,
    INSERT,
    UNREADABLE,
    DropKey,
    Dropped,
    Spooled,
    add_dropped,
    is_damage,
    open_file,
    pack_batch,
    shrink,
    unpack_events,
    used_bytes,
)
from app.collectors.spool_salvage import damaged_files, replace_damaged
from app.errors import Unavailable

log = logging.getLogger(__name__)
T = TypeVar("T")


class Spool:
    """Events of one source, in the order in which they came; use it from one thread.

    What `append` kept is on disk when it returns. The file takes up to `max_bytes`, and a few MB while it is written. A
    damaged file is moved aside, as `<name>.damaged-<n>`; what can be read of it goes on, and the rest is among the
    drops. Everything but `append` and `drop` raises Unavailable when the file cannot be used.
    """

    def __init__(self, path: Path, source: str, max_bytes: int) -> None:
        self.path, self._source, self._max_bytes = path, source, max_bytes
        self._unsaved: dict[DropKey, Dropped] = {}
        self._given: Spooled | None = None  # What somebody has, and will remove, whatever becomes of the file.
        self._has_room = True
        self._file: sqlite3.Connection | None = None  # After a file could not be replaced, too: the next call tries.
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.parent.chmod(0o700)
            self._opened()
        except (OSError, sqlite3.Error) as error:
            raise Unavailable(f"the spool {path} cannot be opened: {error}") from None

    @property
    def size(self) -> int:
        """Events that wait."""
        return self._asked("SELECT COALESCE(SUM(quotes), 0) FROM batches")

    @property
    def is_empty(self) -> bool:
        """Whether no event waits."""
        return not self._asked("SELECT EXISTS (SELECT 1 FROM batches)")

    @property
    def dropped(self) -> int:
        """Events that were ever dropped because there was no room."""
        return self._total(DROPPED) + self._unsaved_count()

    @property
    def damaged(self) -> int:
        """Damaged files that lie beside this one."""
        return damaged_files(self.path)

    @property
    def unreadable(self) -> int:
        """Events that were ever here and could not be read any more; they are among the drops, and not in `dropped`."""
        return self._total(UNREADABLE)

    def append(self, events: Sequence[Event]) -> Spooled | None:
        """Keep events after all others; None, and nothing is kept, when there is no room.

        A full disk, or a file that another process will not let go of, is no room either.
        """
        packed = pack_batch(events)
        try:
            if self._on_file(used_bytes) + len(packed[-1]) <= self._max_bytes:
                row = self._on_file(lambda file: file.execute(INSERT, packed).lastrowid) or 0
                self._has_room = True
                spooled = Spooled(row, row, list(events))
                self._given = self._given or spooled
                return spooled
            reason = f"it has its {self._max_bytes:,} bytes"
        except Unavailable as error:
            reason = str(error)
        if self._has_room:
            log.error("%s has no room: new quotes are dropped and counted: %s", self.path, reason)
        self._has_room = False
        return None

    def drop(self, events: Sequence[Event]) -> None:
        """Count events that are given up because there is no room for them."""
        add_dropped(self._unsaved, events)
        self._save_drops()

    def oldest(self, limit: int) -> Spooled | None:
        """The oldest events, whole appends of up to `limit` events together, at least one; None when nothing waits."""
        self._given = self._on_file(lambda file: _oldest(file, limit))
        return self._given

    def remove(self, spooled: Spooled) -> None:
        """Forget events that are published, and give the disk back when they were the last."""
        rows = (spooled.first_row, spooled.last_row)
        self._on_file(lambda file: file.execute("DELETE FROM batches WHERE id BETWEEN ? AND ?", rows))
        self._given = None
        if self.is_empty:
            self._on_file(shrink)

    def drops(self) -> list[Drop]:
        """What was dropped, or cannot be read, and is not yet announced; from now on these figures do not change."""
        self._save_drops()
        self._on_file(lambda file: file.execute("UPDATE drops SET sealed = 1 WHERE sealed = 0"))
        query = "SELECT id, symbol, day, count, cause, first_seq, last_seq FROM drops"
        found = self._on_file(lambda file: file.execute(query).fetchall())
        return [Drop(name, self._source, *words) for name, *words in found]

    def forget(self, drop: Drop) -> None:
        """Forget a drop that is announced."""
        self._on_file(lambda file: file.execute("DELETE FROM drops WHERE id = ?", (drop.id,)))

    def close(self) -> None:
        """Close the file; it stays where it is."""
        self._save_drops()
        if self._file is not None:
            self._file.close()

    def _save_drops(self) -> None:
        try:
            self._on_file(self._write_drops)
        except Unavailable as error:  # The next call tries again.
            log.error("%s: %s dropped quotes are counted in memory only: %s", self.path, self._unsaved_count(), error)

    def _write_drops(self, file: sqlite3.Connection) -> None:
        if not self._unsaved:
            return
        file.execute("BEGIN IMMEDIATE")
        with file:  # Commits, or takes all of it back.
            for (symbol, day, _epoch), dropped in self._unsaved.items():
                numbers = (dropped.count, dropped.first_seq, dropped.last_seq)
                file.execute(ADD_DROP, (uuid4().hex, symbol, day, NO_ROOM, *numbers))
            file.execute(ADD_TO_TOTAL, (DROPPED, self._unsaved_count()))
        self._unsaved.clear()

    def _unsaved_count(self) -> int:
        return sum(dropped.count for dropped in self._unsaved.values())

    def _asked(self, query: str, *words: str) -> int:
        found: int = self._on_file(lambda file: file.execute(query, words).fetchone()[0])
        return found

    def _total(self, name: str) -> int:
        return self._asked("SELECT COALESCE(SUM(count), 0) FROM totals WHERE name = ?", name)

    def _on_file(self, work: Callable[[sqlite3.Connection], T]) -> T:
        try:
            try:
                return work(self._opened())
            except sqlite3.DatabaseError as error:
                if not is_damage(error):
                    raise
                if self._file is not None:
                    self._file.close()
                self._file = None
                self._file = replace_damaged(self.path, error, self._given)
                return work(self._file)
        except (OSError, sqlite3.Error) as error:  # The disk is full or broken, or another process keeps the file.
            raise Unavailable(f"the spool {self.path} cannot be used: {error}") from None

    def _opened(self) -> sqlite3.Connection:
        if self._file is None:
            try:
                self._file = open_file(self.path)
            except sqlite3.DatabaseError as error:
                if not is_damage(error):
                    raise
                self._file = replace_damaged(self.path, error, self._given)
        return self._file


def _oldest(file: sqlite3.Connection, limit: int) -> Spooled | None:
    rows: list[int] = []
    events: list[Event] = []
    for row, quotes, packed in file.execute("SELECT id, quotes, events FROM batches ORDER BY id"):
        if rows and len(events) + quotes > limit:
            break
        rows.append(row)
        events += unpack_events(row, packed)
    return Spooled(rows[0], rows[-1], events) if rows else None

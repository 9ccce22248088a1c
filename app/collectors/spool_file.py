"""The file of a spool: made private, checked when it is opened, and moved aside when it is damaged."""

import json
import logging
import os
import sqlite3
import zlib
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from itertools import count
from pathlib import Path
from typing import Any, Final

from app.bus.encoding import Event

log = logging.getLogger(__name__)

PATIENCE_S: Final = 5.0  # For how long another process may hold the file, such as the holder before this one.
INSERT: Final = "INSERT INTO batches (quotes, events) VALUES (?, ?)"
ADD_TO_TOTAL: Final = (
    "INSERT INTO totals (name, count) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET count = count + excluded.count"
)
DROPPED: Final = "dropped"
UNREADABLE: Final = "unreadable"
_TABLES: Final = (
    "CREATE TABLE IF NOT EXISTS batches (id INTEGER PRIMARY KEY AUTOINCREMENT, quotes INTEGER, events BLOB)",
    "CREATE INDEX IF NOT EXISTS batches_quotes ON batches (quotes)",
    "CREATE TABLE IF NOT EXISTS drops (id TEXT PRIMARY KEY, symbol TEXT, day TEXT, count INTEGER, sealed INTEGER)",
    "CREATE UNIQUE INDEX IF NOT EXISTS drops_growing ON drops (symbol, day) WHERE sealed = 0",
    "CREATE TABLE IF NOT EXISTS totals (name TEXT PRIMARY KEY, count INTEGER)",
)
_MUCH_PAGES: Final = 1024
_PARTS: Final = ("", "-wal", "-shm")


class Damaged(sqlite3.DatabaseError):
    """A row of the file is not what was written."""


def is_damage(error: sqlite3.DatabaseError) -> bool:
    """Whether an error says that the file is damaged; its subclasses say that it is busy, or full, or misused."""
    return type(error) in (sqlite3.DatabaseError, Damaged)


def open_file(path: Path) -> sqlite3.Connection:
    """The file, made when there is none; sqlite3.DatabaseError when it is damaged, OSError when it cannot be opened."""
    # SQLite gives its other two files the rights of this one.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    path.chmod(0o600)
    file = sqlite3.connect(path, timeout=PATIENCE_S, isolation_level=None)
    try:
        [(found,)] = file.execute("PRAGMA quick_check(1)").fetchall()
        if found != "ok":
            raise Damaged(found)
        file.execute("PRAGMA journal_mode = WAL")
        file.execute("PRAGMA synchronous = FULL")
        for table in _TABLES:
            file.execute(table)
    except BaseException:
        file.close()
        raise
    return file


def replace_damaged(path: Path, why: object) -> sqlite3.Connection:
    """Move the file aside, and make a new one of all that can be read of it; where that fails, it is moved back."""
    aside = next(name for n in count(1) if not (name := path.with_name(f"{path.name}.damaged-{n}")).exists())
    _move(path, aside)
    try:
        file = open_file(path)
        try:
            saved, unread = _salvage(aside, file)
        except BaseException:
            file.close()
            raise
    except BaseException:
        _move(aside, path)
        raise
    log.error(
        "%s was damaged (%s): %s quotes of it go on, %s cannot be read and are missing: `flask gaps` lists their "
        "numbers once later ones are stored; the damaged file is kept as %s, delete it when you need it no more",
        *(path, why, saved, unread, aside.name),
    )
    return file


def _move(path: Path, target: Path) -> None:
    for part in _PARTS:
        there = target.with_name(target.name + part)
        there.unlink(missing_ok=True)
        with suppress(FileNotFoundError):
            path.with_name(path.name + part).replace(there)


def damaged_files(path: Path) -> int:
    """How many damaged files were moved aside and still lie there."""
    return sum(not name.name.endswith(_PARTS[1:]) for name in path.parent.glob(f"{path.name}.damaged-*"))


def pack_events(events: Sequence[Event]) -> bytes:
    """Events as the file keeps them, with a checksum."""
    return zlib.compress(json.dumps(events).encode(), 1)


def unpack_events(row: int, packed: bytes) -> list[Event]:
    """What `pack_events` packed; Damaged when it is not."""
    try:
        events: list[Event] = json.loads(zlib.decompress(packed))
    except (zlib.error, ValueError, TypeError) as error:
        raise Damaged(f"row {row}: {error}") from None
    return events


def used_bytes(file: sqlite3.Connection) -> int:
    """Bytes of the file that hold something."""
    [(pages, free, size)] = file.execute(
        "SELECT page_count, freelist_count, page_size FROM pragma_page_count, pragma_freelist_count, pragma_page_size"
    )
    return int((pages - free) * size)


def shrink(file: sqlite3.Connection) -> None:
    """Give the disk back that an emptied file took, if it is much."""
    [(pages,)] = file.execute("PRAGMA page_count")
    if pages > _MUCH_PAGES:
        with suppress(sqlite3.OperationalError):  # Somebody else has it open: another time.
            file.execute("VACUUM")
            file.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _salvage(aside: Path, file: sqlite3.Connection) -> tuple[int, int]:
    # Rows keep their numbers, by which somebody may know them.
    saved = unread = 0
    file.execute("BEGIN IMMEDIATE")
    with file:  # One commit: each by itself waits for the disk, and there may be 100,000.
        for row, quotes, packed in _readable(aside, "SELECT id, quotes, events FROM batches ORDER BY id"):
            try:
                events = unpack_events(row, packed)
            except Damaged:
                unread += quotes if isinstance(quotes, int) else 0
                continue
            file.execute("INSERT INTO batches VALUES (?, ?, ?)", (row, quotes, packed))
            saved += len(events)
        for table, columns in (("drops", 5), ("totals", 2)):
            for values in _readable(aside, f"SELECT * FROM {table}"):  # noqa: S608 - the names are ours
                marks = ", ".join("?" * columns)
                file.execute(f"INSERT OR IGNORE INTO {table} VALUES ({marks})", values)  # noqa: S608 - the names are ours
        # The index may be whole where the rows are not.
        for (waited,) in _readable(aside, "SELECT SUM(quotes) FROM batches INDEXED BY batches_quotes"):
            unread = max(unread, waited - saved) if isinstance(waited, int) else unread
        file.execute(ADD_TO_TOTAL, (UNREADABLE, unread))
    return saved, unread


def _readable(aside: Path, query: str) -> Iterator[tuple[Any, ...]]:
    # Stops where the file stops making sense; what lies behind stays in the file.
    with suppress(sqlite3.Error), closing(sqlite3.connect(aside)) as damaged:
        yield from damaged.execute(query)

"""The file of a spool: how it is laid out, made private, and checked when it is opened."""

import json
import os
import sqlite3
import zlib
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from app.bus.encoding import DAY, SEQ, SYMBOL, Event
from app.quotes import epoch_of

PATIENCE_S: Final = 5.0  # For how long another process may hold the file, such as the holder before this one.
INSERT: Final = "INSERT INTO batches (quotes, counts, events) VALUES (?, ?, ?)"
ADD_DROP: Final = """
INSERT INTO drops (id, symbol, day, cause, count, first_seq, last_seq, sealed) VALUES (?, ?, ?, ?, ?, ?, ?, 0)
ON CONFLICT (symbol, day, cause, COALESCE(first_seq, 0) >> 32) WHERE sealed = 0 DO UPDATE SET
count = count + excluded.count,
first_seq = MIN(first_seq, excluded.first_seq), last_seq = MAX(last_seq, excluded.last_seq)
"""
ADD_TO_TOTAL: Final = (
    "INSERT INTO totals (name, count) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET count = count + excluded.count"
)
DROPPED: Final = "dropped"
UNREADABLE: Final = "unreadable"
_LAYOUT: Final = 2
# How many events of what a batch has stands before the events, which are long, and once more in the index: what one
# damaged page hides can still be accounted for.
_TABLES: Final = (
    "CREATE TABLE IF NOT EXISTS batches"
    " (id INTEGER PRIMARY KEY AUTOINCREMENT, quotes INTEGER, counts BLOB, events BLOB)",
    "CREATE INDEX IF NOT EXISTS batches_accounts ON batches (quotes, counts)",
    "CREATE TABLE IF NOT EXISTS drops"
    " (id TEXT PRIMARY KEY, symbol TEXT, day TEXT, cause TEXT, count INTEGER, first_seq INTEGER, last_seq INTEGER,"
    " sealed INTEGER)",
    "CREATE UNIQUE INDEX IF NOT EXISTS drops_growing ON drops (symbol, day, cause, COALESCE(first_seq, 0) >> 32)"
    " WHERE sealed = 0",
    "CREATE TABLE IF NOT EXISTS totals (name TEXT PRIMARY KEY, count INTEGER)",
)
_MUCH_PAGES: Final = 1024

# How many events there are of a symbol and trading day.
Counts = Counter[tuple[str, str]]
# Symbol, trading day and epoch of the numbers.
DropKey = tuple[str, str, int]


@dataclass(frozen=True)
class Spooled:
    """Some of the oldest events, and the rows that hold them, one after another."""

    first_row: int
    last_row: int
    events: list[Event]


@dataclass(frozen=True)
class Dropped:
    """How many events were dropped, and the first and the last of their numbers."""

    count: int
    first_seq: int
    last_seq: int


class Damaged(sqlite3.DatabaseError):
    """A row of the file is not what was written."""


def is_damage(error: sqlite3.DatabaseError) -> bool:
    """Whether an error says that the file is damaged; its subclasses say that it is busy, or full, or misused."""
    return type(error) in (sqlite3.DatabaseError, Damaged)


def open_file(path: Path) -> sqlite3.Connection:
    """The file, made when there is none; sqlite3.DatabaseError when it is damaged, OSError when it cannot be opened.

    A file that is laid out in another way counts as damaged.
    """
    # SQLite gives its other two files the rights of this one.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    path.chmod(0o600)
    file = sqlite3.connect(path, timeout=PATIENCE_S, isolation_level=None)
    try:
        [(found,)] = file.execute("PRAGMA quick_check(1)").fetchall()
        if found != "ok":
            raise Damaged(found)
        _check_layout(file)
        file.execute("PRAGMA journal_mode = WAL")
        file.execute("PRAGMA synchronous = FULL")
        for table in _TABLES:
            file.execute(table)
    except BaseException:
        file.close()
        raise
    return file


def counted(events: Sequence[Event]) -> Counts:
    """What the events are of."""
    return Counter((event[SYMBOL], event[DAY]) for event in events)


def add_dropped(known: dict[DropKey, Dropped], events: Sequence[Event]) -> None:
    """Add dropped events to those that are known."""
    for event in events:
        seq = int(event[SEQ])
        key = (event[SYMBOL], event[DAY], epoch_of(seq))
        had = known.get(key, Dropped(0, seq, seq))
        known[key] = Dropped(had.count + 1, min(had.first_seq, seq), max(had.last_seq, seq))


def pack_batch(events: Sequence[Event]) -> tuple[int, bytes, bytes]:
    """Events as the file keeps them: how many they are, of what, and they themselves, the latter two with checksums."""
    return len(events), _packed([[*key, count] for key, count in counted(events).items()]), _packed(events)


def unpack_events(row: int, packed: bytes) -> list[Event]:
    """The events of a batch; Damaged when they are not what was written."""
    events: list[Event] = _unpacked(row, packed)
    return events


def unpack_counts(row: int, packed: bytes) -> Counts:
    """Of what the events of a batch are; Damaged when it is not what was written."""
    return Counter({(symbol, day): count for symbol, day, count in _unpacked(row, packed)})


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


def _check_layout(file: sqlite3.Connection) -> None:
    [(layout, tables)] = file.execute(
        "SELECT user_version, (SELECT COUNT(*) FROM sqlite_master) FROM pragma_user_version"
    )
    if tables and layout != _LAYOUT:
        raise Damaged(f"it has layout {layout}, not {_LAYOUT}")
    if not tables:
        file.execute(f"PRAGMA user_version = {_LAYOUT}")


def _packed(what: Any) -> bytes:
    return zlib.compress(json.dumps(what).encode(), 1)


def _unpacked(row: int, packed: bytes) -> Any:
    try:
        return json.loads(zlib.decompress(packed))
    except (zlib.error, ValueError, TypeError) as error:
        raise Damaged(f"row {row}: {error}") from None

"""Moving a damaged spool aside: what can be read of it goes on, and what cannot is accounted for as dropped."""

import logging
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from app.bus.drops import DAMAGED_SPOOL
from app.clock import parse_day
from app.collectors.spool_file import (
    ADD_DROP,
    ADD_TO_TOTAL,
    UNREADABLE,
    Damaged,
    Spooled,
    open_file,
    pack_batch,
    unpack_counts,
    unpack_events,
)
from app.errors import Rejected
from app.quotes import parse_symbol

log = logging.getLogger(__name__)

_PARTS: Final = ("", "-wal", "-shm")
_BATCHES: Final = "SELECT id, events FROM batches NOT INDEXED ORDER BY id"
_ACCOUNTS: Final = "SELECT id, quotes, counts FROM batches"
_DROPS: Final = "SELECT id, symbol, day, cause, count, first_seq, last_seq, sealed FROM drops"
_TOTALS: Final = "SELECT name, count FROM totals"
# Two copies of the same, of which one may be whole where the other is not.
_ACCOUNTS_TWICE: Final = (f"{_ACCOUNTS} INDEXED BY batches_accounts", f"{_ACCOUNTS} NOT INDEXED ORDER BY id")
# Events of which it is not even known what they were of.
_UNKNOWN: Final = (None, None)
_MORE: Final = ", and perhaps there were more, which nobody can count"


@dataclass
class _Salvage:
    """`lost` are by symbol and trading day; `is_whole` tells whether there cannot be more."""

    saved: int = 0
    lost: "Counter[tuple[str | None, str | None]]" = field(default_factory=Counter)
    is_whole: bool = False


def replace_damaged(path: Path, why: object, given: Spooled | None = None) -> sqlite3.Connection:
    """Move the file aside, and make a new one of all that can be read of it; where that fails, it is moved back.

    What cannot be read is counted as dropped because of the damage. `given` was read before, and goes on in any case.
    """
    aside = next(name for n in count(1) if not (name := path.with_name(f"{path.name}.damaged-{n}")).exists())
    _move(path, aside)
    try:
        file = open_file(path)
        try:
            salvage = _salvage(aside, file, given)
        except BaseException:
            file.close()
            raise
    except BaseException:
        _move(aside, path)
        raise
    log.error(
        "%s was damaged (%s): %s quotes of it go on, %s cannot be read and will be counted as lost (`flask losses`)%s; "
        "the damaged file is kept as %s, delete it when you need it no more",
        *(path, why, salvage.saved, salvage.lost.total(), "" if salvage.is_whole else _MORE, aside.name),
    )
    return file


def damaged_files(path: Path) -> int:
    """How many damaged files were moved aside and still lie there."""
    return sum(not name.name.endswith(_PARTS[1:]) for name in path.parent.glob(f"{path.name}.damaged-*"))


def _move(path: Path, target: Path) -> None:
    for part in _PARTS:
        there = target.with_name(target.name + part)
        there.unlink(missing_ok=True)
        with suppress(FileNotFoundError):
            path.with_name(path.name + part).replace(there)


def _salvage(aside: Path, file: sqlite3.Connection, given: Spooled | None) -> _Salvage:
    salvage = _Salvage()
    file.execute("BEGIN IMMEDIATE")
    with file:  # One commit: each by itself waits for the disk, and there may be 100,000.
        _copy_counts(aside, file)
        saved = _copy_batches(aside, file, given, salvage)
        _find_lost(aside, saved, salvage)
        for (symbol, day), number in salvage.lost.items():
            file.execute(ADD_DROP, (uuid4().hex, symbol, day, DAMAGED_SPOOL, number, None, None))
        file.execute(ADD_TO_TOTAL, (UNREADABLE, salvage.lost.total()))
    return salvage


def _copy_batches(aside: Path, file: sqlite3.Connection, given: Spooled | None, salvage: _Salvage) -> set[int]:
    # Rows keep their numbers, by which somebody may know them.
    insert = "INSERT INTO batches (id, quotes, counts, events) VALUES (?, ?, ?, ?)"
    saved: set[int] = set()
    if given:
        file.execute(insert, (given.first_row, *pack_batch(given.events)))
        saved.update(range(given.first_row, given.last_row + 1))
        salvage.saved += len(given.events)
    for row, packed in _readable(aside, _BATCHES):
        with suppress(Damaged):
            if row not in saved:
                events = unpack_events(row, packed)
                file.execute(insert, (row, *pack_batch(events)))
                saved.add(row)
                salvage.saved += len(events)
    return saved


def _find_lost(aside: Path, saved: set[int], salvage: _Salvage) -> None:
    numbers: dict[int, int] = {}
    known: set[int] = set()
    finished: list[str] = []
    for query in _ACCOUNTS_TWICE:
        for row, quotes, packed in _readable(aside, query, finished):
            if row in saved or row in known:
                continue
            try:
                salvage.lost.update(unpack_counts(row, packed))
                known.add(row)
            except Damaged:
                numbers[row] = max(numbers.get(row, 0), quotes if isinstance(quotes, int) else 0)
    unknown = sum(number for row, number in numbers.items() if row not in known)
    if unknown:
        salvage.lost[_UNKNOWN] = unknown
    salvage.is_whole = bool(finished)


def _copy_counts(aside: Path, file: sqlite3.Connection) -> None:
    insert = (
        "INSERT OR IGNORE INTO drops (id, symbol, day, cause, count, first_seq, last_seq, sealed) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
    )
    for name, symbol, day, cause, number, first, last, sealed in _readable(aside, _DROPS):
        if isinstance(name, str) and isinstance(number, int) and number > 0:
            numbers = (first, last) if isinstance(first, int) and isinstance(last, int) else (None, None)
            file.execute(insert, (name, *_checked(symbol, day), str(cause), number, *numbers, 1 if sealed else 0))
    for name, number in _readable(aside, _TOTALS):
        if isinstance(name, str) and isinstance(number, int):
            file.execute("INSERT OR IGNORE INTO totals (name, count) VALUES (?, ?)", (name, number))


def _checked(symbol: Any, day: Any) -> tuple[str, str] | tuple[None, None]:
    # They have no checksum, and go to Redis as they are.
    try:
        return parse_symbol(symbol), parse_day(day).isoformat()
    except (Rejected, TypeError, AttributeError):
        return _UNKNOWN


def _readable(aside: Path, query: str, finished: list[str] | None = None) -> Iterator[tuple[Any, ...]]:
    # Stops where the file stops making sense; what lies behind stays in the file.
    with suppress(sqlite3.Error), closing(sqlite3.connect(aside)) as damaged:
        yield from damaged.execute(query)
        if finished is not None:
            finished.append(query)

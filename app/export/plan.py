"""What to do with each symbol of a trading day, decided before acting from the database, the manifest and the files."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Final

from sqlalchemy.orm import Session

from app.errors import Conflict, Rejected
from app.lake.inspection import check_place
from app.lake.layout import TICKS, Lake
from app.lake.manifest import find_file
from app.ticks.reading import count_by_symbol, unknown_symbols

# Measured: 9 to 20 bytes for a tick; twice that, so that an export never fills the last of a disk.
BYTES_PER_TICK: Final = 40
SPARE_BYTES: Final = 64 << 20


class Action(StrEnum):
    """What becomes of a symbol's file: written; left because it is complete; left though it lacks ticks that have come
    since (stale); left because it holds more than the database (kept)."""

    WRITE = "write"
    SKIP = "skip"
    STALE = "stale"
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """How to treat files that exist: `refresh` writes stale ones again, `overwrite` complete ones too.

    `symbols` limits the export; None is every symbol. `recorded` notes files in the manifest, which knows one lake.
    """

    symbols: Sequence[str] | None = None
    overwrite: bool = False
    refresh: bool = False
    recorded: bool = True


NO_OPTIONS: Final = ExportOptions()


@dataclass(frozen=True, slots=True)
class SymbolPlan:
    """The decision on one symbol: `rows` are stored in the database, `standing` in the file, None without one."""

    day: date
    symbol: str
    action: Action
    rows: int
    standing: int | None


def plan_day(
    session: Session,
    lake: Lake,
    day: date,
    options: ExportOptions,
    free_bytes: Callable[[Path], int] = lambda place: shutil.disk_usage(place).free,
) -> list[SymbolPlan]:
    """Decide on every symbol with ticks on a trading day, by symbol; empty when none is stored.

    Rejected when a symbol asked for has no tick on any day; Conflict when the disk has too little space.
    """
    if options.symbols is not None and (unknown := unknown_symbols(session, options.symbols)):
        raise Rejected(f"no tick of {', '.join(unknown)} is stored: check the symbols with `flask status`")
    counts = count_by_symbol(session, day)
    asked = [symbol for symbol in counts if options.symbols is None or symbol in options.symbols]
    plans = [plan_symbol(session, lake, day, symbol, counts[symbol], options) for symbol in asked]
    _check_space(lake, sum(plan.rows for plan in plans if plan.action is Action.WRITE), free_bytes)
    return plans


def plan_symbol(session: Session, lake: Lake, day: date, symbol: str, rows: int, options: ExportOptions) -> SymbolPlan:
    """Decide on one symbol, of which the database holds `rows` ticks on that trading day."""
    path = lake.ticks_file(day, symbol)
    recorded = find_file(session, TICKS, day, symbol) if options.recorded else None
    if not path.is_file():
        return SymbolPlan(day, symbol, Action.WRITE, rows, None)
    whole = recorded is not None and recorded.bytes == path.stat().st_size
    standing = recorded.rows if recorded is not None and whole else _rows_of(path, day, symbol)
    trusted = whole or (standing is not None and not options.recorded)
    return SymbolPlan(day, symbol, _decide(rows, standing, trusted, options), rows, standing)


def _decide(rows: int, standing: int | None, trusted: bool, options: ExportOptions) -> Action:
    if standing is not None and standing > rows:
        return Action.KEEP
    if not trusted or options.overwrite:
        return Action.WRITE
    if standing == rows:
        return Action.SKIP
    return Action.WRITE if options.refresh else Action.STALE


def _rows_of(path: Path, day: date, symbol: str) -> int | None:
    try:
        return check_place(path, day, symbol)
    except Conflict:
        return None  # Damaged or misplaced: nothing worth keeping, so it is written again.


def _check_space(lake: Lake, rows: int, free_bytes: Callable[[Path], int]) -> None:
    if not rows:
        return
    place = next(folder for folder in (lake.root, *lake.root.absolute().parents) if folder.exists())
    free, needed = free_bytes(place), rows * BYTES_PER_TICK + SPARE_BYTES
    if free < needed:
        raise Conflict(
            f"{rows:,} ticks need about {needed >> 20} MB, but {place} has {free >> 20} MB free: "
            "make room, or name another place with --output-dir"
        )

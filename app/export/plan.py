"""What to do with each symbol of a trading day, decided before acting from the database, the manifest and the files."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Final

from sqlalchemy.orm import Session

from app.clock import instant_text
from app.errors import Conflict, Rejected
from app.lake.inspection import check_place, labels_of
from app.lake.layout import TICKS, Lake
from app.lake.manifest import find_file, is_known, purged_at
from app.lake.models import LakeFile
from app.ticks.reading import count_by_symbol, unknown_symbols

# Measured: 9 to 20 bytes for a tick; twice that, so that an export never fills the last of a disk.
BYTES_PER_TICK: Final = 40
SPARE_BYTES: Final = 64 << 20


class Action(StrEnum):
    """What becomes of a symbol's file: written; completed by the late ticks of a day that was purged (merge); left
    because it is complete (skip); left though it lacks ticks that have come since, or was taken before the close of a
    session that is over (stale); left because it holds more than the database (keep)."""

    WRITE = "write"
    MERGE = "merge"
    SKIP = "skip"
    STALE = "stale"
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """How to treat files that exist: `refresh` writes stale ones again, `overwrite` complete ones too.

    `symbols` limits the export to symbols that must be known, `concerns` to those it is true of; both are every symbol
    by default. `recorded` notes files in the manifest, which knows one lake. Late ticks of a purged day are merged
    whatever is chosen, and for all symbols together. `closed_at` tells when a symbol's session of a day closed, None
    while it is not over; it is asked about files that may be from before that alone.
    """

    symbols: Sequence[str] | None = None
    concerns: Callable[[str], bool] = lambda _symbol: True
    overwrite: bool = False
    refresh: bool = False
    recorded: bool = True
    closed_at: Callable[[str, date], datetime | None] = lambda _symbol, _day: None

    def cover(self, symbol: str) -> bool:
        """Whether the export is of that symbol, too."""
        return (self.symbols is None or symbol in self.symbols) and self.concerns(symbol)


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

    Rejected when a symbol asked for has no tick on any day; Conflict when the disk has too little space, or when the
    files of a purged day are wanted elsewhere than in the lake.
    """
    if options.symbols is not None and (unknown := _unknown(session, options.symbols)):
        raise Rejected(f"no tick of {', '.join(unknown)} is stored: check the symbols with `flask status`")
    counts = count_by_symbol(session, day)
    was_purged = purged_at(session, day) is not None
    if was_purged and not options.recorded:
        raise Conflict(f"the ticks of {day} are in the lake alone: copy the folders date={day} from there")
    asked = [symbol for symbol in counts if was_purged or options.cover(symbol)]
    plans = [plan_symbol(session, lake, day, symbol, counts[symbol], options) for symbol in asked]
    _check_space(lake, sum(map(_written_rows, plans)), free_bytes)
    return plans


def plan_symbol(session: Session, lake: Lake, day: date, symbol: str, rows: int, options: ExportOptions) -> SymbolPlan:
    """Decide on one symbol, of which the database holds `rows` ticks on that trading day."""
    path = lake.ticks_file(day, symbol)
    recorded = find_file(session, TICKS, day, symbol) if options.recorded else None
    if options.recorded and purged_at(session, day) is not None:
        return SymbolPlan(day, symbol, Action.MERGE, rows, recorded.rows if recorded else None)
    if not path.is_file():
        return SymbolPlan(day, symbol, Action.WRITE, rows, None)
    whole = recorded is not None and recorded.damage is None and _is_as_recorded(path, recorded)
    standing = recorded.rows if recorded is not None and whole else _rows_of(path, day, symbol)
    trusted = whole or (standing is not None and not options.recorded)
    action = _decide(rows, standing, trusted, options)
    if action is Action.SKIP and recorded is not None and _is_early(recorded, options):
        action = Action.WRITE if options.refresh else Action.STALE
    return SymbolPlan(day, symbol, action, rows, standing)


def _decide(rows: int, standing: int | None, trusted: bool, options: ExportOptions) -> Action:
    if standing is not None and standing > rows:
        return Action.KEEP
    if not trusted or options.overwrite:
        return Action.WRITE
    if standing == rows:
        return Action.SKIP
    return Action.WRITE if options.refresh else Action.STALE


def _is_early(recorded: LakeFile, options: ExportOptions) -> bool:
    # The calendar takes a second to load, and a session closes on its own day.
    if recorded.written_at.astimezone(UTC).date() > recorded.session_date:
        return False
    closed_at = options.closed_at(recorded.symbol, recorded.session_date)
    return closed_at is not None and recorded.written_at < closed_at


def _written_rows(plan: SymbolPlan) -> int:
    if plan.action is Action.MERGE:
        return plan.rows + (plan.standing or 0)
    return plan.rows if plan.action is Action.WRITE else 0


def _unknown(session: Session, symbols: Sequence[str]) -> list[str]:
    return [symbol for symbol in unknown_symbols(session, symbols) if not is_known(session, symbol)]


def _is_as_recorded(path: Path, recorded: LakeFile) -> bool:
    # A writer that was killed before it recorded its file may have put one there that is of the same size.
    if path.stat().st_size != recorded.bytes:
        return False
    try:
        return labels_of(path).get("exported_at") == instant_text(recorded.written_at)
    except Conflict:
        return False


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

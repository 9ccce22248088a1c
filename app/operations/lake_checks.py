"""Looking after the lake: every recorded file read whole, and what is there without a record or lacks ticks."""

import logging
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from app.clock import parse_day
from app.errors import Conflict, NotFound, Rejected, Unavailable
from app.lake.layout import BARS, TICKS
from app.lake.locks import file_lock
from app.lake.manifest import fault_text, find_file, list_files, mark_verified, verify_file
from app.lake.models import LakeFile
from app.operations.tick_counts import tick_counts
from app.stores import Stores

log = logging.getLogger(__name__)

DAMAGED: Final = "damaged"
MISSING: Final = "missing"
UNRECORDED: Final = "unrecorded"
STALE: Final = "stale"
PROBLEMS: Final = (DAMAGED, MISSING, UNRECORDED, STALE)


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found of one file; `path` runs from the lake's root, `problem` is None for a sound file."""

    path: str
    problem: str | None
    detail: str = ""
    rows: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class Scope:
    """Which files are checked: trading days of `[start, end)`, all symbols by default."""

    start: date = date.min
    end: date = date.max
    symbols: Collection[str] | None = None


def recorded_files(stores: Stores, scope: Scope) -> list[LakeFile]:
    """The manifest's rows within the scope, ticks before bars, by day and symbol."""
    with stores.sessions() as session:
        found = [list_files(session, scope.start, scope.end, kind, scope.symbols) for kind in (TICKS, BARS)]
    return [row for rows in found for row in rows]


def verify_files(stores: Stores, files: Iterable[LakeFile]) -> Iterator[Finding]:
    """Read one file after the other whole and note in the manifest what was found; see `verify_file`."""
    for row in files:
        yield _verify(stores, row)


def find_strays(stores: Stores, scope: Scope, files: Sequence[LakeFile]) -> list[Finding]:
    """Parquet files below the lake's folders that no row of `files` names."""
    known, root = {row.path for row in files}, stores.lake.root
    found = sorted(path for kind in (TICKS, BARS) for path in (root / kind).rglob("*.parquet"))
    named = ((path, stores.lake.relative(path)) for path in found)
    return [
        Finding(name, UNRECORDED, f"no row of the manifest vouches for it: {_remedy(name)}", bytes=_size(path))
        for path, name in named
        if name not in known and _lies_within(name, scope)
    ]


def find_stale(stores: Stores, files: Sequence[LakeFile]) -> list[Finding]:
    """Tick files of closed sessions that lack ticks which the database holds."""
    ticks = [row for row in files if row.kind == TICKS]
    counts = tick_counts(stores, {row.session_date for row in ticks})
    now = stores.clock.now()
    found = []
    for row in ticks:
        stored = counts.get(row.session_date, {}).get(row.symbol, 0)
        late = stored if row.purged_at else stored - row.rows
        hours = stores.market.session(row.session_date) if late > 0 else None
        if hours is not None and hours.close <= now:
            advice = f"`flask export-to-parquet --date={row.session_date}{'' if row.purged_at else ' --overwrite'}`"
            found.append(Finding(row.path, STALE, f"{late:,} ticks came after it was written: {advice}", row.rows))
    return found


def _verify(stores: Stores, row: LakeFile) -> Finding:
    finding = _read(stores, row)
    if finding.problem:
        # An export may have put another file there: look again while nobody can.
        try:
            with file_lock(stores.sessions, row.session_date, row.symbol):
                with stores.sessions() as session:
                    present = find_file(session, row.kind, row.session_date, row.symbol, row.timeframe)
                if present is None:
                    return Finding(row.path, None, "was taken out of the manifest meanwhile")
                return _noted(stores, present, _read(stores, present))
        except Conflict as busy:
            log.warning("%s is noted as it was found: %s", row.path, busy)
    return _noted(stores, row, finding)


def _read(stores: Stores, row: LakeFile) -> Finding:
    try:
        verify_file(stores.lake, row)
    except NotFound as error:
        return Finding(row.path, MISSING, fault_text(stores.lake, row, error))
    except (Conflict, Unavailable) as error:
        return Finding(row.path, DAMAGED, fault_text(stores.lake, row, error))
    return Finding(row.path, None, rows=row.rows, bytes=row.bytes)


def _noted(stores: Stores, row: LakeFile, finding: Finding) -> Finding:
    with stores.sessions.begin() as session:
        mark_verified(session, row, stores.clock.now(), finding.detail if finding.problem else None)
    return finding


def _lies_within(name: str, scope: Scope) -> bool:
    folders = dict(part.split("=", 1) for part in Path(name).parts if "=" in part)
    if scope.symbols is not None and folders.get("symbol") not in scope.symbols:
        return False
    try:
        day = parse_day(folders.get("date", ""))
    except Rejected:
        return (scope.start, scope.end) == (date.min, date.max)
    return scope.start <= day < scope.end


def _remedy(name: str) -> str:
    return "write that day again, or move it away" if name.startswith(f"{TICKS}/") else "make those bars again"


def _size(path: Path) -> int:
    return path.stat().st_size

"""Looking after the lake: every recorded file read whole, and what is there without a record or is out of date."""

import logging
import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from app.clock import parse_day
from app.errors import Conflict, NotFound, Rejected, Unavailable
from app.lake.layout import BARS, TICKS, Lake
from app.lake.locks import file_lock
from app.lake.manifest import fault_text, find_file, list_files, mark_verified, verify_file
from app.lake.models import LakeFile
from app.operations.lake_states import lag_of, read_contexts
from app.operations.tick_counts import tick_counts
from app.quotes import parse_symbol
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


def find_strays(stores: Stores, scope: Scope) -> list[Finding]:
    """Parquet files below the lake's folders that no row of the manifest names, also when nobody is writing them."""
    found = sorted(stores.lake.relative(path) for kind in (TICKS, BARS) for path in _files_below(stores.lake, kind))
    known = {row.path for row in recorded_files(stores, scope)}
    suspects = [name for name in found if name not in known and _lies_within(name, scope)]
    return [
        Finding(name, UNRECORDED, f"no row of the manifest vouches for it: {_remedy(name)}", bytes=_size(path))
        for name in suspects
        if os.path.lexists(path := stores.lake.root / name) and not _is_settled(stores, name)
    ]


def find_stale(stores: Stores, scope: Scope) -> list[Finding]:
    """Files of closed sessions that lack ticks which the database holds, or were made before their session or their
    ticks were complete, also when nobody is writing them."""
    suspects = {(row.session_date, row.symbol) for row, _ in _lagging(stores, recorded_files(stores, scope))}
    found = [_stale_of(stores, day, symbol) for day, symbol in sorted(suspects)]
    return sorted((finding for findings in found for finding in findings), key=_ticks_first)


def _lagging(stores: Stores, files: Sequence[LakeFile]) -> list[tuple[LakeFile, str]]:
    counts = tick_counts(stores, {row.session_date for row in files})
    with stores.sessions() as session:
        contexts = read_contexts(stores, session, files, counts, stores.clock.now())
    judged = ((row, contexts.of(row)) for row in files if row.damage is None)
    lags = ((row, lag_of(row, context)) for row, context in judged if context.closed_at is not None)
    return [(row, lag) for row, lag in lags if lag is not None]


def _stale_of(stores: Stores, day: date, symbol: str) -> list[Finding]:
    with _lock_awaited(stores, day, symbol):
        lagging = _lagging(stores, recorded_files(stores, Scope(day, day + timedelta(days=1), [symbol])))
    return [Finding(row.path, STALE, f"{lag}: {_way_out(row, lagging)}", row.rows) for row, lag in lagging]


def _way_out(row: LakeFile, lagging: Sequence[tuple[LakeFile, str]]) -> str:
    if all(other.kind == BARS for other, _ in lagging):
        return f"`flask generate-bars --date={row.session_date}`"
    return f"`flask export-to-parquet --date={row.session_date}{'' if row.purged_at else ' --overwrite'}`"


def _is_settled(stores: Stores, name: str) -> bool:
    place = _place_of(name)
    if place is None:
        return False
    day, symbol = place
    with _lock_awaited(stores, day, symbol):
        rows = recorded_files(stores, Scope(day, day + timedelta(days=1), [symbol]))
        return name in {row.path for row in rows} or not os.path.lexists(stores.lake.root / name)


@contextmanager
def _lock_awaited(stores: Stores, day: date, symbol: str) -> Iterator[None]:
    with ExitStack() as held:
        try:
            held.enter_context(file_lock(stores.sessions, day, symbol))
        except Conflict as busy:
            log.warning("%s on %s is told as it was found: %s", symbol, day, busy)
        yield


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


def _files_below(lake: Lake, kind: str) -> Iterator[Path]:
    # Folders may come and go meanwhile, which a walk puts up with.
    for folder, folders, names in os.walk(lake.root / kind):
        yield from (Path(folder, name) for name in (*folders, *names) if name.endswith(".parquet"))


def _lies_within(name: str, scope: Scope) -> bool:
    folders = _folders_of(name)
    if scope.symbols is not None and folders.get("symbol") not in scope.symbols:
        return False
    try:
        day = parse_day(folders.get("date", ""))
    except Rejected:
        return (scope.start, scope.end) == (date.min, date.max)
    return scope.start <= day < scope.end


def _place_of(name: str) -> tuple[date, str] | None:
    folders = _folders_of(name)
    try:
        return parse_day(folders.get("date", "")), parse_symbol(folders.get("symbol", ""))
    except Rejected:
        return None


def _folders_of(name: str) -> dict[str, str]:
    return dict(part.split("=", 1) for part in Path(name).parts if "=" in part)


def _remedy(name: str) -> str:
    return "write that day again, or move it away" if name.startswith(f"{TICKS}/") else "make those bars again"


def _ticks_first(finding: Finding) -> tuple[bool, str]:
    return not finding.path.startswith(f"{TICKS}/"), finding.path


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0  # A dangling link, or gone since.

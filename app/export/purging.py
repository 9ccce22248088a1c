"""Dropping a day's ticks from the database once its files are proved to hold every cell of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy.orm import Session, sessionmaker

from app.errors import Conflict
from app.export.merging import merge_day
from app.export.proving import prove_day
from app.export.retiring import Deed, retire_day
from app.lake.layout import Lake
from app.lake.locks import files_lock
from app.lake.manifest import list_files, mark_purged, purged_at
from app.lake.models import LakeFile
from app.ticks.partitions import PartitionAbsent, require_partition
from app.ticks.reading import StoredTicks, describe_day

Sessions = sessionmaker[Session]
LOCK_WAIT_S: Final = 1.0


class PurgeState(StrEnum):
    """What became, or would become, of a day's partition: dropped; dropped after its late ticks went into the files;
    left because something forbids it (refused), or because disk or database failed; there is none (absent)."""

    PURGED = "purged"
    MERGED = "merged"
    REFUSED = "refused"
    FAILED = "failed"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class DayPurge:
    """The outcome for one trading day: `ticks` of `symbols` symbols; `reason` is why it was refused."""

    day: date
    state: PurgeState
    ticks: int = 0
    symbols: int = 0
    reason: str = ""


def purge_day(
    sessions: Sessions,
    lake: Lake,
    day: date,
    now: datetime,
    *,
    dry_run: bool = False,
    tell: Callable[[str], None] = lambda _symbol: None,
) -> DayPurge:
    """Drop a trading day's ticks from the database if the lake is proved to hold them all.

    For every symbol the file is recorded, is what was published down to the last byte and page checksum, and equals
    the database cell by cell. The proof reads both whole without holding anybody up; then the partition is dropped and
    the files are marked in one transaction, which first makes sure that nothing was stored meanwhile. Late ticks of a
    day that was purged before are merged into its files and dropped. A day that another process purges meanwhile is
    absent in the end. `dry_run` proves and changes nothing. `tell` is called with each symbol that is proved. Conflict,
    and nothing changed, with the reason and what to do about it.
    """
    try:
        done = None
        while done is None:
            done = _attempt(sessions, lake, day, now, dry_run, tell)
    except PartitionAbsent:
        return DayPurge(day, PurgeState.ABSENT)
    return done


def _attempt(
    sessions: Sessions, lake: Lake, day: date, now: datetime, dry_run: bool, tell: Callable[[str], None]
) -> DayPurge | None:
    with sessions() as session:
        was_purged = _was_purged(session, day)
        stored = describe_day(session, day)
        known = {row.symbol for row in list_files(session, day, day + timedelta(days=1))}
    if was_purged:
        return _merge(sessions, lake, day, now, stored, dry_run)
    with files_lock(sessions, day, known | stored.keys(), LOCK_WAIT_S) as still_held:
        with sessions() as session:
            if _was_purged(session, day):
                return None  # Somebody purged it before the files were ours, and late ticks came since.
        stored, files = prove_day(sessions, lake, day, None if dry_run else now, tell=tell)

        def mark(session: Session) -> None:
            still_held()
            for row in files.values():
                _require_size(lake, row)
            mark_purged(session, day, list(files), now)

        if not dry_run:
            retire_day(sessions, day, stored, Deed(finish=mark))
    return DayPurge(day, PurgeState.PURGED, _ticks_in(stored), len(stored))


def _was_purged(session: Session, day: date) -> bool:
    require_partition(session, day)
    return purged_at(session, day) is not None


def _merge(
    sessions: Sessions, lake: Lake, day: date, now: datetime, stored: Mapping[str, StoredTicks], dry_run: bool
) -> DayPurge:
    if dry_run:
        return DayPurge(day, PurgeState.MERGED, _ticks_in(stored), len(stored))
    merged = merge_day(sessions, lake, day, now, LOCK_WAIT_S)
    return DayPurge(day, PurgeState.MERGED, sum(one.late for one in merged), len(merged))


def _ticks_in(stored: Mapping[str, StoredTicks]) -> int:
    return sum(found.rows for found in stored.values())


def _require_size(lake: Lake, row: LakeFile) -> None:
    path = lake.root / row.path
    if not path.is_file() or path.stat().st_size != row.bytes:
        raise Conflict(f"{path} was changed while it was verified: export {row.session_date} again with --overwrite")

"""How a file of the lake stands: decided from its row, its size, and what else is known of its symbol and day."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from stat import S_ISREG
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.instruments.hours import closing_market
from app.lake.layout import BARS, TICKS, TIMEFRAMES, Lake
from app.lake.models import LakeFile
from app.lake.seals import replaces
from app.operations.tick_counts import Counts
from app.stores import Stores


class State(StrEnum):
    """How a partition stands, worst first: damaged as last seen, or of another size than was published; missing from
    the lake; stale, since ticks came that the file lacks, or since it was made before its session or its ticks were
    complete; running, so that it has no file before the session's close; purged, so that the file is the only place of
    its ticks; verified since it was published; exported, and verified while it was written."""

    DAMAGED = "damaged"
    MISSING = "missing"
    STALE = "stale"
    RUNNING = "running"
    PURGED = "purged"
    VERIFIED = "verified"
    EXPORTED = "exported"


BROKEN: Final = (State.DAMAGED, State.MISSING)


@dataclass(frozen=True, slots=True)
class Context:
    """What a file is judged by: the ticks `stored` of its symbol and day, the row of their file, and when the symbol's
    session closed, None while it is not over."""

    stored: int
    ticks: LakeFile | None
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Contexts:
    """The contexts of many files."""

    counts: Mapping[date, Counts]
    ticks: Mapping[tuple[date, str], LakeFile]
    closed: Mapping[tuple[date, str], datetime]

    def of(self, row: LakeFile) -> Context:
        """The context of a file; ticks are their own."""
        day, symbol = row.session_date, row.symbol
        ticks = row if row.kind == TICKS else self.ticks.get((day, symbol))
        return Context(self.counts.get(day, {}).get(symbol, 0), ticks, self.closed.get((day, symbol)))


def read_contexts(
    stores: Stores, session: Session, rows: Collection[LakeFile], counts: Mapping[date, Counts], now: datetime
) -> Contexts:
    """The contexts of files at `now`; `counts` are the stored ticks of their days."""
    bars = [row for row in rows if row.kind == BARS]
    days, symbols = {row.session_date for row in bars}, {row.symbol for row in bars}
    query = select(LakeFile).where(
        LakeFile.kind == TICKS, LakeFile.session_date.in_(days), LakeFile.symbol.in_(symbols)
    )
    ticks = session.scalars(query.execution_options(populate_existing=True)) if bars else ()
    return Contexts(
        counts,
        {(row.session_date, row.symbol): row for row in ticks},
        closing_times(stores, {(row.session_date, row.symbol) for row in rows}, now),
    )


def closing_times(
    stores: Stores, parts: Collection[tuple[date, str]], now: datetime
) -> dict[tuple[date, str], datetime]:
    """As `closing_time`, of many days and symbols; those without one are left out."""
    known = ((part, closing_time(stores, part[1], part[0], now)) for part in parts)
    return {part: close for part, close in known if close is not None}


def closing_time(stores: Stores, symbol: str, day: date, now: datetime) -> datetime | None:
    """When a symbol's session of a day closed, or the desk's where the symbol's market has none on it.

    None when that is not over at `now`, or there is none at all.
    """
    hours = closing_market(stores.markets, symbol, day).session(day)
    return hours.close if hours is not None and hours.close <= now else None


def state_of(lake: Lake, row: LakeFile, context: Context) -> tuple[State, str | None]:
    """The state of a recorded file, and what is wrong or how to mend it."""
    size = _size(lake.root / row.path)
    if size is None:
        return State.MISSING, f"the file is recorded but gone{_lost(row)}"
    if row.damage is not None:
        return State.DAMAGED, row.damage
    if size != row.bytes and replaces(lake.root / row.path, row.sha256):
        return State.STALE, "late ticks were put into the file, and it was not recorded yet"
    if size != row.bytes:
        return State.DAMAGED, f"the file has {size:,} bytes instead of {row.bytes:,}{_lost(row)}"
    if lag := lag_of(row, context):
        return State.STALE, lag
    if row.purged_at:
        return State.PURGED, None
    return (State.VERIFIED if row.verified_at else State.EXPORTED), None


def lag_of(row: LakeFile, context: Context) -> str | None:
    """Why a file is out of date; None when it is not. Bars of ticks that are out of date are so too."""
    if row.kind == TICKS:
        return _lag_of_ticks(row, context)
    if lag := lag_behind_ticks(row, context):
        return lag
    return (
        "the ticks that it was made of are stale" if context.ticks and _lag_of_ticks(context.ticks, context) else None
    )


def lag_behind_ticks(bars: LakeFile, context: Context) -> str | None:
    """Why bars made again of the file of ticks as it is would be others; None when they would be the same."""
    ticks, closed_at = context.ticks, context.closed_at
    if ticks is None:
        return None
    if bars.written_at < ticks.written_at:
        return "it is older than its ticks"
    return "it was made before the session's close" if closed_at and bars.written_at < closed_at else None


def is_mendable(lake: Lake, row: LakeFile, state: State, context: Context) -> bool:
    """Whether an export of the day would make a file anew that is damaged, missing or stale."""
    if row.kind == TICKS:
        return state is State.STALE or (state in BROKEN and _is_stored(row, state, context))
    if state not in (*BROKEN, State.STALE) or row.timeframe not in TIMEFRAMES:
        return False
    if context.ticks is None:
        return context.stored > 0
    of_ticks, _ = state_of(lake, context.ticks, context)
    return of_ticks not in BROKEN or _is_stored(context.ticks, of_ticks, context)


def _lag_of_ticks(row: LakeFile, context: Context) -> str | None:
    late = context.stored if row.purged_at else context.stored - row.rows
    if late > 0:
        return f"{late:,} ticks came after it was written"
    # A file that holds more than the database stays, and a purge proved that nothing came after it.
    was_early = context.closed_at is not None and row.written_at < context.closed_at
    return "it was taken before the session's close" if was_early and late == 0 and not row.purged_at else None


def _is_stored(ticks: LakeFile, state: State, context: Context) -> bool:
    needed = 1 if state is State.MISSING else ticks.rows
    return not ticks.purged_at and context.stored >= needed


def _lost(row: LakeFile) -> str:
    return ", and PostgreSQL no longer has its ticks: restore it from a backup" if row.purged_at else ""


def _size(path: Path) -> int | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_size if S_ISREG(found.st_mode) else None

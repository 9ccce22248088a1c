"""What a symbol's bars of a trading day can be taken from: a file that is complete, or the stored ticks."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import pyarrow as pa
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.history.lake_files import open_recorded, open_unrecorded
from app.history.ticks import hold_places
from app.lake.layout import BARS, TICKS, Lake, Partition
from app.lake.models import LakeFile
from app.market.sessions import Session as Hours
from app.ticks.models import Tick
from app.ticks.partitions import existing_partitions

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class BarDay:
    """A session, and what there is of a symbol on it: rows of the manifest, a bar file, a partition of the database."""

    hours: Hours
    ticks: LakeFile | None
    bars: LakeFile | None
    file: Partition | None
    in_database: bool


def find_bar_days(session: Session, lake: Lake, symbol: str, timeframe: str, sessions: list[Hours]) -> Iterator[BarDay]:
    """Of each session what there is, in order; sessions of which there is nothing are left out.

    What it tells of the database holds until the session's transaction ends.
    """
    if not sessions:
        return
    hold_places(session)
    start, end = sessions[0].day, sessions[-1].day + _DAY
    ticks = _rows(session, TICKS, symbol, "", start, end)
    bars = _rows(session, BARS, symbol, timeframe, start, end)
    files = {file.day: file for file in lake.bars_files(timeframe, start, end, {symbol})}
    stored = existing_partitions(session)
    for hours in sessions:
        day = hours.day
        found = BarDay(hours, ticks.get(day), bars.get(day), files.get(day), day in stored)
        if found.ticks or found.bars or found.file or found.in_database:
            yield found


def known_days(session: Session, lake: Lake, symbol: str, timeframe: str, first: date, last: date) -> set[date]:
    """The trading days from `first` to `last` of which `find_bar_days` finds anything; no file is opened."""
    rows = select(LakeFile.session_date).where(LakeFile.symbol == symbol, LakeFile.timeframe.in_(("", timeframe)))
    found = set(session.scalars(rows.where(LakeFile.session_date >= first, LakeFile.session_date <= last)))
    found |= {file.day for file in lake.bars_files(timeframe, first, last + _DAY, {symbol})}
    return found | {day for day in existing_partitions(session) if first <= day <= last}


def is_complete(session: Session, symbol: str, day: BarDay) -> bool:
    """Whether the bar file was made after the session of all the ticks that there are of it."""
    ticks, bars = day.ticks, day.bars
    if ticks is None or bars is None or not day.hours.close <= ticks.written_at <= bars.written_at:
        return False
    stored = count_ticks(session, symbol, day.hours.day) if day.in_database else 0
    return stored == (0 if ticks.purged_at else ticks.rows)


def read_bar_file(session: Session, lake: Lake, day: BarDay) -> pa.Table | None:
    """All bars of the day's file, in the columns of a bar file; None without a file.

    Conflict when a recorded file is missing, or any is damaged; Unavailable when the disk fails.
    """
    if day.bars is not None:
        with open_recorded(session, lake, day.bars) as file:
            return file.read(use_threads=False)
    if day.file is not None:
        with open_unrecorded(day.file, BARS) as file:
            return file.read(use_threads=False)
    return None


def count_ticks(session: Session, symbol: str, day: date) -> int:
    """How many ticks of a symbol the database has of a trading day."""
    query = select(func.count()).select_from(Tick).where(Tick.session_date == day, Tick.symbol == symbol)
    return session.scalar(query) or 0


def has_ticks(session: Session, symbol: str, day: date, before: datetime) -> bool:
    """Whether the database has a tick of a symbol on a trading day from before an instant."""
    query = select(Tick.symbol).where(Tick.session_date == day, Tick.symbol == symbol, Tick.ts < before).limit(1)
    return session.scalar(query) is not None


def stored_sources(session: Session, symbol: str, hours: Hours) -> set[str]:
    """The sources of which the database has a tick of a symbol within a session."""
    times = (Tick.ts >= hours.open, Tick.ts < hours.close)
    query = select(Tick.source).where(Tick.session_date == hours.day, Tick.symbol == symbol, *times).distinct()
    return set(session.scalars(query))


def _rows(session: Session, kind: str, symbol: str, timeframe: str, start: date, end: date) -> Mapping[date, LakeFile]:
    name = (LakeFile.kind == kind, LakeFile.symbol == symbol, LakeFile.timeframe == timeframe)
    query = select(LakeFile).where(*name, LakeFile.session_date >= start, LakeFile.session_date < end)
    return {row.session_date: row for row in session.scalars(query.execution_options(populate_existing=True))}

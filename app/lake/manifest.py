"""What the lake is known to hold: a row per published file. Nothing here commits."""

from collections.abc import Collection
from dataclasses import asdict
from datetime import date, datetime, timedelta
from pathlib import Path

from sqlalchemy import ColumnElement, and_, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.errors import Conflict, NotFound, ThorError, Unavailable
from app.lake.facts import SCHEMA_VERSION, FileFacts, file_digest
from app.lake.layout import BARS, TICKS, Lake
from app.lake.models import LakeFile
from app.lake.seals import replaces

_KEY = ("kind", "session_date", "symbol", "timeframe")


def record_file(
    session: Session,
    kind: str,
    day: date,
    symbol: str,
    path: str,
    facts: FileFacts,
    written_at: datetime,
    timeframe: str = "",
) -> None:
    """Note a published file; the row of an older file in its place is replaced. `path` runs from the lake's root.

    What was known of the older file is forgotten, except that its ticks are in the lake alone.
    """
    key = {"kind": kind, "session_date": day, "symbol": symbol, "timeframe": timeframe}
    values = {"path": path, **asdict(facts), "schema_version": SCHEMA_VERSION, "written_at": written_at}
    fresh = {**values, "verified_at": None, "damage": None}
    session.execute(insert(LakeFile).values(**key, **values).on_conflict_do_update(index_elements=_KEY, set_=fresh))


def forget_file(session: Session, kind: str, day: date, symbol: str, timeframe: str = "") -> None:
    """Drop the row of a file, if there is one."""
    if (row := find_file(session, kind, day, symbol, timeframe)) is not None:
        session.delete(row)


def find_file(session: Session, kind: str, day: date, symbol: str, timeframe: str = "") -> LakeFile | None:
    """The row of a file; None when the manifest knows of none."""
    return session.scalar(
        select(LakeFile).where(
            LakeFile.kind == kind,
            LakeFile.session_date == day,
            LakeFile.symbol == symbol,
            LakeFile.timeframe == timeframe,
        )
    )


def is_known(session: Session, symbol: str) -> bool:
    """Whether the lake has ticks of a symbol on any day."""
    found = select(LakeFile.id).where(LakeFile.kind == TICKS, LakeFile.symbol == symbol).limit(1)
    return session.scalar(found) is not None


def list_files(
    session: Session,
    start: date,
    end: date,
    kind: str = TICKS,
    symbols: Collection[str] | None = None,
    timeframe: str | None = None,
) -> list[LakeFile]:
    """The rows of files of trading days in `[start, end)`, by day, symbol and timeframe; all symbols by default."""
    query = select(LakeFile).where(LakeFile.kind == kind, LakeFile.session_date >= start, LakeFile.session_date < end)
    if symbols is not None:
        query = query.where(LakeFile.symbol.in_(symbols))
    if timeframe is not None:
        query = query.where(LakeFile.timeframe == timeframe)
    return list(session.scalars(query.order_by(LakeFile.session_date, LakeFile.symbol, LakeFile.timeframe)))


def purged_at(session: Session, day: date) -> datetime | None:
    """When a trading day's ticks left the database, so that its files are their only place; None when they did not."""
    return session.scalar(select(func.min(LakeFile.purged_at)).where(_ticks_of(day)))


def time_after_bars(session: Session, day: date, symbols: Collection[str], now: datetime) -> datetime:
    """`now`, or the first instant after which the symbols' bars of a day all look older than ticks written then.

    Bars may have been made while whoever writes ticks was at work already.
    """
    bars = (LakeFile.kind == BARS, LakeFile.session_date == day, LakeFile.symbol.in_(symbols))
    newest = session.scalar(select(func.max(LakeFile.written_at)).where(*bars))
    return now if newest is None else max(now, newest + timedelta(microseconds=1))


def mark_purged(session: Session, day: date, symbols: Collection[str], now: datetime) -> None:
    """Note that the symbols' ticks of a trading day are in the lake alone, where they were just verified."""
    values = {"purged_at": func.coalesce(LakeFile.purged_at, now), "verified_at": now, "damage": None}
    session.execute(update(LakeFile).where(_ticks_of(day), LakeFile.symbol.in_(symbols)).values(values))


def mark_verified(session: Session, row: LakeFile, now: datetime, damage: str | None = None) -> None:
    """Note what reading a file whole showed: that it is as published, or its `damage`.

    A row that has been replaced since `row` was read stays as it is.
    """
    values = {"damage": damage} if damage else {"damage": None, "verified_at": now}
    same = (LakeFile.id == row.id, LakeFile.sha256 == row.sha256)
    session.execute(update(LakeFile).where(*same).values(values))


def check_bytes(lake: Lake, row: LakeFile) -> Path:
    """The path of a recorded file, after reading all its bytes.

    It may be the merged file that took the recorded one's place without being recorded any more, if its seal proves
    each byte of it. NotFound when it is gone, Conflict when a single byte differs from what was published, Unavailable
    when it cannot be read.
    """
    path = lake.root / row.path
    if not path.is_file():
        raise NotFound(f"{path} is recorded but gone: {_remedy(row)}")
    try:
        as_published = path.stat().st_size == row.bytes and file_digest(path) == row.sha256
        as_published = as_published or replaces(path, row.sha256)
    except OSError as error:
        raise Unavailable(f"{path} cannot be read: {error.strerror}") from None
    if not as_published:
        raise Conflict(f"{path} is damaged, it is not what was published: {_remedy(row)}")
    return path


def verify_file(lake: Lake, row: LakeFile) -> Path:
    """The path of a recorded file, after reading it whole: size, hash, page checksums, order, place and contents.

    Of a merged file that is not recorded yet, see `check_bytes`, the seal stands for size, hash and contents.
    NotFound when it is gone, Conflict when anything differs from what was published and recorded, Unavailable when it
    cannot be read.
    """
    # Arrow takes half a second to load, which whoever only asks for rows of the manifest saves.
    from app.lake.inspection import check_place, inspect_file
    from app.lake.schemas import FILES

    path = check_bytes(lake, row)
    check_place(path, row.session_date, row.symbol)
    found = inspect_file(path, FILES[row.kind])
    if found.sha256 != row.sha256 and replaces(path, row.sha256):
        return path
    if wrong := [name for name, value in asdict(found).items() if getattr(row, name) != value]:
        raise Conflict(f"{path} has other {', '.join(wrong)} than its row of the manifest says: {_remedy(row)}")
    return path


def fault_text(lake: Lake, row: LakeFile, error: ThorError) -> str:
    """What is wrong with a recorded file, without its place on this machine."""
    return str(error).replace(f"{lake.root / row.path} ", "").replace(f"{lake.root}/", "")


def _ticks_of(day: date) -> ColumnElement[bool]:
    return and_(LakeFile.kind == TICKS, LakeFile.session_date == day)


def _remedy(row: LakeFile) -> str:
    if row.kind == BARS:
        return f"make the bars of {row.session_date} again"
    if row.purged_at:
        return "its ticks are no longer in PostgreSQL, so restore it from a backup"
    return f"export {row.session_date} again with --overwrite"

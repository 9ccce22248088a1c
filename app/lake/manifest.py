"""What the lake is known to hold: a row per published file. Nothing here commits."""

from collections.abc import Collection
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.errors import Conflict, NotFound
from app.lake.facts import SCHEMA_VERSION, FileFacts, file_digest
from app.lake.layout import TICKS, Lake
from app.lake.models import LakeFile

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
    """Note a published file; the row of an older file in its place is replaced. `path` runs from the lake's root."""
    key = {"kind": kind, "session_date": day, "symbol": symbol, "timeframe": timeframe}
    values = {"path": path, **asdict(facts), "schema_version": SCHEMA_VERSION, "written_at": written_at}
    session.execute(insert(LakeFile).values(**key, **values).on_conflict_do_update(index_elements=_KEY, set_=values))


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


def verify_file(lake: Lake, row: LakeFile) -> Path:
    """The path of a recorded file, after reading all its bytes.

    NotFound when it is gone, Conflict when a single byte differs from what was published.
    """
    path = lake.root / row.path
    if not path.is_file():
        raise NotFound(f"{path} is recorded but gone: export {row.session_date} again")
    if path.stat().st_size != row.bytes or file_digest(path) != row.sha256:
        raise Conflict(f"{path} is damaged, it is not what was published: export {row.session_date} with --overwrite")
    return path

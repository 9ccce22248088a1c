"""Proving that the lake holds what the database holds of a trading day, cell by cell."""

from collections.abc import Callable, Collection, Generator, Mapping
from contextlib import closing
from dataclasses import asdict
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pyarrow as pa
from sqlalchemy.orm import Session, sessionmaker

from app.errors import Conflict, NotFound
from app.export.alignment import find_difference
from app.history.hot_ticks import stream_ticks
from app.lake.inspection import read_batches
from app.lake.layout import Lake
from app.lake.manifest import fault_text, list_files, mark_verified, verify_file
from app.lake.models import LakeFile
from app.ticks.reading import StoredTicks, describe_day

Sessions = sessionmaker[Session]
T = TypeVar("T")
Proof = tuple[dict[str, StoredTicks], dict[str, LakeFile]]


def prove_day(
    sessions: Sessions,
    lake: Lake,
    day: date,
    noted_at: datetime | None,
    *,
    symbols: Collection[str] | None = None,
    tell: Callable[[str], None] = lambda _symbol: None,
) -> Proof:
    """What is stored and the files of a trading day, by symbol, once each file is proved to hold the same; all symbols
    by default.

    Every file is recorded, is what was published down to the last byte and page checksum, and equals the database cell
    by cell. `tell` is called with each symbol that is proved; damage is noted in the manifest at `noted_at`, if given.
    Conflict, with the reason and what to do about it, at the first symbol of which it is not so.
    """
    with sessions() as session:
        stored = _chosen(describe_day(session, day), symbols)
        files = _chosen({row.symbol: row for row in list_files(session, day, day + timedelta(days=1))}, symbols)
    if unrecorded := sorted(stored.keys() - files.keys()):
        names = ", ".join(unrecorded[:10])
        raise Conflict(f"{day} has no file of {names}: export it first with `flask export-to-parquet --date={day}`")
    for symbol, row in sorted(files.items()):
        _compare_facts(row, stored.get(symbol))
        path = verified(sessions, lake, row, noted_at)
        with closing(_stored_batches(sessions, day, symbol)) as batches:
            difference = find_difference(read_batches(path), batches)
        if difference:
            raise Conflict(f"{path} and PostgreSQL differ in {difference}: export {day} again with --overwrite")
        tell(symbol)
    return stored, files


def verified(sessions: Sessions, lake: Lake, row: LakeFile, noted_at: datetime | None) -> Path:
    """The path of a recorded file that was read whole; Conflict when it is not what was published, which is noted in
    the manifest at `noted_at`, if given."""
    try:
        return verify_file(lake, row)
    except (Conflict, NotFound) as error:
        if noted_at is not None:
            with sessions.begin() as session:
                mark_verified(session, row, noted_at, fault_text(lake, row, error))
        raise Conflict(str(error)) from None


def _chosen(found: Mapping[str, T], symbols: Collection[str] | None) -> dict[str, T]:
    return {symbol: one for symbol, one in found.items() if symbols is None or symbol in symbols}


def _compare_facts(row: LakeFile, stored: StoredTicks | None) -> None:
    if stored is None or row.rows > stored.rows:
        held = stored.rows if stored else 0
        raise Conflict(
            f"the file of {row.symbol} on {row.session_date} holds {row.rows:,} ticks and PostgreSQL only {held:,}: "
            "find out why before anything is dropped"
        )
    if wrong := [name for name, value in asdict(stored).items() if getattr(row, name) != value]:
        raise Conflict(
            f"{row.symbol} on {row.session_date} differs from its file in {', '.join(wrong)} "
            f"({stored.rows:,} ticks stored, {row.rows:,} in the file): export that day again with --overwrite"
        )


def _stored_batches(sessions: Sessions, day: date, symbol: str) -> Generator[pa.RecordBatch]:
    with sessions() as session:
        yield from stream_ticks(session, day, symbol)

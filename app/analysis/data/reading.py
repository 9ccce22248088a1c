"""The minutes of a symbol's files: those kept from before, and the rest from ticks that are verified."""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import polars as pl

from app.analysis.data.cache import cache_key
from app.analysis.data.minutes import read_minutes
from app.analysis.data.tick_days import TickDay, known_part
from app.analysis.data.verification import check_unchanged, verify
from app.analysis.inputs import TickFile
from app.analysis.keeping import Keep
from app.clock import instant_text
from app.lake.layout import Lake
from app.lake.query import connect
from app.market.sessions import Session

Say = Callable[[str, float], None]
MEMORY_LIMIT_MB: Final = 512
# To be raised when other minutes are made of the same ticks, so that none made before are taken for them.
CODE_VERSION: Final = 1
_KIND: Final = "minutes"
# So many sessions are asked of DuckDB at once; what it keeps in memory grows with them.
_TOGETHER: Final = 64


@dataclass(frozen=True, slots=True)
class FileOfSession:
    """A symbol's file of ticks, and the session whose ticks it holds."""

    symbol: str
    file: TickFile
    hours: Session

    def key(self, sha256: str) -> str:
        """What the minutes of the whole session depend on, in a word."""
        times = instant_text(self.hours.open), instant_text(self.hours.close)
        return cache_key(CODE_VERSION, self.symbol, sha256, self.hours.day.isoformat(), *times)


@dataclass(frozen=True)
class SessionMinutes:
    """The minutes of a session from all its sources, in the columns of `MINUTES`, and the SHA-256 of their file."""

    minutes: pl.DataFrame
    sha256: str


def read_files(
    lake: Lake,
    files: Sequence[FileOfSession],
    asof: datetime,
    cache: Keep | None,
    say: Say,
    threads: int | None = None,
) -> list[SessionMinutes]:
    """The minutes that are known at `asof` of each file; those of a session that was over are kept in the cache.

    A file with a recorded SHA-256 whose minutes are in the cache is not opened. `say` hears what is done and which part
    of the work that was. Conflict, with the trading day and what to do, when a file is missing or damaged; Unavailable
    when it cannot be read or needs too much memory.
    """
    found = {one: kept for one in files if (kept := _recall(cache, one, one.file.sha256, asof))}
    missing = [one for one in files if one not in found]
    for start in range(0, len(missing), _TOGETHER):
        found |= _read(lake, missing[start : start + _TOGETHER], asof, cache, threads)
        say(f"{len(found)} of {len(files)} sessions of {files[0].symbol} are read", len(found) / len(files))
    return [found[one] for one in files]


def _read(
    lake: Lake, files: Sequence[FileOfSession], asof: datetime, cache: Keep | None, threads: int | None
) -> dict[FileOfSession, SessionMinutes]:
    verified = {one: verify(one.symbol, one.file) for one in files}
    found = {one: kept for one in files if (kept := _recall(cache, one, verified[one].sha256, asof))}
    missing = [one for one in files if one not in found]
    days = [TickDay(one.file.path, verified[one].in_order, known_part(one.hours, asof)) for one in missing]
    if not days:
        return found
    with connect(lake, memory_limit_mb=MEMORY_LIMIT_MB, threads=threads) as connection:
        minutes = read_minutes(connection, files[0].symbol, days)
    by_day = minutes.partition_by("session_date", as_dict=True)
    for one in missing:
        check_unchanged(one.symbol, verified[one])
        found[one] = SessionMinutes(by_day.get((one.hours.day,), minutes.clear()), verified[one].sha256)
        _keep(cache, one, found[one], asof)
    return found


def _recall(cache: Keep | None, one: FileOfSession, sha256: str | None, asof: datetime) -> SessionMinutes | None:
    if cache is None or sha256 is None or one.hours.close > asof:
        return None
    data = cache.get(_KIND, one.key(sha256))
    return None if data is None else SessionMinutes(pl.read_parquet(io.BytesIO(data)), sha256)


def _keep(cache: Keep | None, one: FileOfSession, found: SessionMinutes, asof: datetime) -> None:
    if cache is not None and one.hours.close <= asof:
        data = io.BytesIO()
        found.minutes.write_parquet(data)
        cache.put(_KIND, one.key(found.sha256), data.getvalue())

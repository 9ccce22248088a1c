"""The minutes of a symbol's files: those kept from before, and the rest from ticks that are verified."""

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

import polars as pl

from app.analysis.data.bar_minutes import minutes_of_bars
from app.analysis.data.cache import cache_key
from app.analysis.data.minutes import read_minutes
from app.analysis.data.tick_days import MINUTES, TickDay, known_part
from app.analysis.data.verification import Verified, check_unchanged, verify
from app.analysis.inputs import TickFile
from app.analysis.keeping import Keep
from app.clock import instant_text
from app.errors import Conflict, Unavailable
from app.lake.layout import TICKS, Lake
from app.lake.query import connect
from app.market.sessions import Session

Say = Callable[[str, float], None]
Origin = Literal["ticks", "bars", "nothing"]
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
    """The minutes of a session from all its sources, in the columns of `MINUTES`, and the SHA-256 of their file.

    From nothing there are no minutes, and the SHA-256 is blank.
    """

    minutes: pl.DataFrame
    sha256: str
    origin: Origin = "ticks"


def read_files(
    lake: Lake,
    files: Sequence[FileOfSession],
    asof: datetime,
    cache: Keep | None,
    say: Say,
    threads: int | None = None,
    *,
    fallback: bool = False,
) -> list[SessionMinutes]:
    """The minutes that are known at `asof` of each file; those of a session that was over are kept in the cache.

    A file with a recorded SHA-256 whose minutes are in the cache is not opened. `say` hears what is done and which part
    of the work that was. Conflict, with the trading day and what to do, when a file is missing or damaged; Unavailable
    when it cannot be read or needs too much memory.

    With `fallback` there is no Conflict: the recorded bars of a missing or damaged file stand in for it, where they are
    sound, and where they are not the session has no minutes. Unavailable then also when the whole lake is away.
    """
    found = {one: kept for one in files if (kept := _recall(cache, one, one.file.sha256, asof))}
    missing = [one for one in files if one not in found]
    for start in range(0, len(missing), _TOGETHER):
        some = missing[start : start + _TOGETHER]
        verified = _verified(some, fallback=fallback)
        found |= {one: _instead(lake, one, asof) for one in some if one not in verified}
        found |= _read(lake, verified, asof, cache, threads)
        say(f"{len(found)} of {len(files)} sessions of {files[0].symbol} are read", len(found) / len(files))
    return [found[one] for one in files]


def _verified(files: Sequence[FileOfSession], *, fallback: bool) -> dict[FileOfSession, Verified]:
    found = {}
    for one in files:
        try:
            found[one] = verify(one.symbol, one.file)
        except Conflict:
            if not fallback:
                raise
    return found


def _instead(lake: Lake, one: FileOfSession, asof: datetime) -> SessionMinutes:
    # Without the drive every file seems to be lost, and all that is kept of earlier days would pass for what there is.
    if not (lake.root / TICKS).is_dir():
        raise Unavailable("the lake's folder of ticks is not there: bring back its drive, then try again")
    bars = one.file.bars
    minutes = None if bars is None else minutes_of_bars(bars, one.symbol, known_part(one.hours, asof))
    if bars is None or minutes is None:
        return SessionMinutes(pl.DataFrame(schema=MINUTES), "", "nothing")
    return SessionMinutes(minutes, bars.sha256, "bars")


def _read(
    lake: Lake, verified: Mapping[FileOfSession, Verified], asof: datetime, cache: Keep | None, threads: int | None
) -> dict[FileOfSession, SessionMinutes]:
    found = {one: kept for one in verified if (kept := _recall(cache, one, verified[one].sha256, asof))}
    missing = [one for one in verified if one not in found]
    days = [TickDay(one.file.path, verified[one].in_order, known_part(one.hours, asof)) for one in missing]
    if not days:
        return found
    with connect(lake, memory_limit_mb=MEMORY_LIMIT_MB, threads=threads) as connection:
        minutes = read_minutes(connection, missing[0].symbol, days)
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

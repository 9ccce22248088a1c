"""The counts of a symbol's tick files, of a cache where they are known; files that are not are verified and read."""

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Final

import duckdb

from app.analysis.inputs import SymbolInput, Terms, TickFile
from app.analysis.keeping import Keep
from app.analysis.quality.counting import count_file
from app.analysis.quality.counts import SessionCounts
from app.analysis.quality.file_scan import Scope
from app.errors import Conflict, NotFound, Unavailable
from app.lake.facts import file_digest
from app.lake.inspection import read_batches
from app.lake.layout import Lake
from app.lake.query import connect
from app.market.sessions import Session
from app.market.timetable import micros_of

KIND: Final = "quality"
# To be raised with every change of what is counted, or how.
VERSION: Final = 2
MEMORY_LIMIT_MB: Final = 512
_MOST_THREADS: Final = 4
# Prices have nine places, and so has the size of a tick.
_PLACES: Final = Decimal("1e-9")


def read_counts(
    lake: Lake,
    wanted: SymbolInput,
    asof: datetime,
    source: str,
    cache: Keep | None,
    regular: Mapping[date, Session],
    *,
    skip_damaged: bool = False,
) -> dict[date, SessionCounts]:
    """The counts by trading day of the files of sessions that had begun at `asof`, of ticks before `asof` alone.

    A file with a recorded hash and known counts is not opened. Conflict, with symbol and trading day, when a file is
    missing or damaged, unless `skip_damaged` leaves its day out; Unavailable when the drive fails, or memory does not
    suffice.
    """
    begun = {hours.day: hours for hours in wanted.hours if hours.open < asof}
    tasks = [
        _Task(file, Scope(wanted.symbol, source, begun[file.day], regular.get(file.day), _tick(wanted.terms)), cache)
        for file in wanted.files
        if file.day in begun
    ]
    found = {task.file.day: counts for task in tasks if (counts := task.remembered(asof)) is not None}
    if left := [task for task in tasks if task.file.day not in found]:
        found.update(_read(lake, left, asof, skip_damaged=skip_damaged))
    return found


@dataclass(frozen=True, slots=True)
class _Task:
    file: TickFile
    scope: Scope
    cache: Keep | None

    def remembered(self, asof: datetime) -> SessionCounts | None:
        if self.cache is None or self.file.sha256 is None:
            return None
        sha256 = self.file.sha256
        return self._cut(asof, lambda scope: self._get(sha256, scope))

    def counted(self, connection: duckdb.DuckDBPyConnection, asof: datetime) -> SessionCounts | None:
        sha256 = self._verified()

        def count(scope: Scope) -> SessionCounts:
            known = self._get(sha256, scope)
            return known or self._put(sha256, scope, count_file(connection, self.file.path, scope))

        try:
            return self._cut(asof, count)
        except duckdb.OutOfMemoryException:
            raise
        except duckdb.Error as error:
            raise self._fault("cannot be read as ticks") from error

    def _cut(self, asof: datetime, ask: Callable[[Scope], SessionCounts | None]) -> SessionCounts | None:
        # What a whole file says holds as of any time after all its ticks.
        if self.scope.hours.close <= asof:
            whole = ask(self.scope)
            if whole is None or whole.newest_us is None or whole.newest_us < micros_of(asof):
                return whole
        return ask(replace(self.scope, until=asof))

    def _get(self, sha256: str, scope: Scope) -> SessionCounts | None:
        data = self.cache and self.cache.get(KIND, _key(sha256, scope))
        return SessionCounts.from_bytes(data) if data else None

    def _put(self, sha256: str, scope: Scope, counts: SessionCounts) -> SessionCounts:
        if self.cache is not None:
            self.cache.put(KIND, _key(sha256, scope), counts.to_bytes())
        return counts

    def _verified(self) -> str:
        path = self.file.path
        try:
            sha256 = file_digest(path)
            if self.file.sha256 is None:
                for _ in read_batches(path):
                    pass
        except FileNotFoundError:
            raise self._fault("is missing") from None
        except OSError as error:
            raise Unavailable(f"{self._name} cannot be read: {error.strerror or error}") from None
        except (Conflict, NotFound):
            raise self._fault("is damaged") from None
        if self.file.sha256 not in (None, sha256):
            raise self._fault("is damaged")
        return sha256

    @property
    def _name(self) -> str:
        return f"the lake's file with the ticks of {self.scope.symbol} on {self.file.day}"

    def _fault(self, what: str) -> Conflict:
        return Conflict(f"{self._name} {what}: restore it from a copy, or export that day again")


def _read(lake: Lake, tasks: list[_Task], asof: datetime, *, skip_damaged: bool) -> dict[date, SessionCounts]:
    with (
        # One thread for each file keeps its order; several files at a time keep the processors busy.
        connect(lake, memory_limit_mb=MEMORY_LIMIT_MB, threads=1) as connection,
        ThreadPoolExecutor(min(_MOST_THREADS, os.cpu_count() or 1, len(tasks))) as pool,
    ):
        asked = [pool.submit(_counted, connection, task, asof, skip_damaged=skip_damaged) for task in tasks]
        try:
            found = [one.result() for one in asked]
        finally:
            pool.shutdown(cancel_futures=True)
    return {task.file.day: counts for task, counts in zip(tasks, found, strict=True) if counts is not None}


def _counted(
    connection: duckdb.DuckDBPyConnection, task: _Task, asof: datetime, *, skip_damaged: bool
) -> SessionCounts | None:
    with connection.cursor() as cursor:
        try:
            return task.counted(cursor, asof)
        except Conflict:
            if not skip_damaged:
                raise
            return None


def _tick(terms: Terms | None) -> Decimal | None:
    # The text of a float is the number that was meant.
    tick = Decimal(0) if terms is None else Decimal(repr(terms.tick_size)).quantize(_PLACES)
    return tick if tick > 0 else None


def _key(sha256: str, scope: Scope) -> str:
    told = [VERSION, sha256, scope.symbol, scope.source, scope.hours, scope.regular, scope.tick, scope.until]
    return hashlib.sha256(json.dumps(told, default=str).encode()).hexdigest()

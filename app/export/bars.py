"""Bars of a trading day from the lake's ticks, back into the lake."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
from sqlalchemy.orm import Session, sessionmaker

from app.clock import parse_instant
from app.history.bar_query import build_bars
from app.lake.files import publish
from app.lake.inspection import check_place, inspect_file, labels_of
from app.lake.layout import BARS, TICKS, TIMEFRAMES, Lake, Partition
from app.lake.locks import file_lock
from app.lake.manifest import check_bytes, find_file, record_file
from app.lake.query import connect
from app.lake.schemas import BAR_FILE, TICK_FILE
from app.market.sessions import Session as Hours

Sessions = sessionmaker[Session]


@dataclass(frozen=True, slots=True)
class SymbolBars:
    """How many bars of each timeframe a symbol has; a timeframe without a bar has no file."""

    symbol: str
    rows: dict[str, int]


@dataclass(frozen=True, slots=True)
class BarRun:
    """What bars to make: those of the session `hours`, as far as they are known at `now`."""

    sessions: Sessions
    lake: Lake
    hours: Hours
    now: datetime
    timeframes: Sequence[str] = tuple(TIMEFRAMES)

    def files(self, symbols: Collection[str] | None = None) -> list[Partition]:
        """The tick files from which the bars are made, by symbol; all symbols by default."""
        return self.lake.ticks_files(self.hours.day, self.hours.day + timedelta(days=1), symbols)

    def generate(self, files: Sequence[Partition]) -> Iterator[SymbolBars]:
        """Write and record the bars of one tick file after the other, each when it is asked for.

        Existing bars are written again. While the session runs, a bar is written once `now`, and the export of its
        ticks, are past its `t_close`. Conflict when a tick file is damaged, or holds another symbol or day than its
        folder says.
        """
        with connect(self.lake) as connection:
            for file in files:
                with file_lock(self.sessions, file.day, file.symbol) as still_held:
                    self._check_ticks(file)
                    known_until = _known_until(file.path, self.now)
                    tables = build_bars(connection, file.path, file.symbol, self.hours, known_until, self.timeframes)
                    for timeframe, table in tables.items():
                        if table.num_rows:
                            self._publish(file, timeframe, table, still_held)
                yield SymbolBars(file.symbol, {name: table.num_rows for name, table in tables.items()})

    def _check_ticks(self, file: Partition) -> None:
        with self.sessions() as session:
            row = find_file(session, TICKS, file.day, file.symbol)
        check_place(file.path, file.day, file.symbol)
        # DuckDB checks no checksum and would make wrong bars of a damaged file without a word.
        if row is not None and row.path == self.lake.relative(file.path):
            check_bytes(self.lake, row)
        else:
            inspect_file(file.path, TICK_FILE)

    def _publish(self, file: Partition, timeframe: str, table: pa.Table, guard: Callable[[], None]) -> None:
        target = self.lake.bars_file(file.day, file.symbol, timeframe)
        facts = publish(
            self.lake,
            target,
            BAR_FILE,
            table.to_batches(),
            day=file.day,
            symbol=file.symbol,
            taken_at=self.now,
            guard=guard,
        )
        with self.sessions.begin() as session:
            path = self.lake.relative(target)
            record_file(session, BARS, file.day, file.symbol, path, facts, self.now, timeframe)


def generate_bars(
    sessions: Sessions,
    lake: Lake,
    hours: Hours,
    now: datetime,
    timeframes: Sequence[str] = tuple(TIMEFRAMES),
    symbols: Collection[str] | None = None,
) -> list[SymbolBars]:
    """Write the bars of every symbol that has ticks of the session in the lake; by symbol. As `BarRun.generate`."""
    run = BarRun(sessions, lake, hours, now, timeframes)
    return list(run.generate(run.files(symbols)))


def _known_until(path: Path, now: datetime) -> datetime:
    exported_at = labels_of(path).get("exported_at")
    return min(now, parse_instant(exported_at)) if exported_at else now

"""Bars of a trading day from the lake's ticks, back into the lake."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
from sqlalchemy.orm import Session, sessionmaker

from app.clock import parse_instant
from app.errors import Conflict, NotFound, Unavailable
from app.history.bar_query import build_bars
from app.instruments.hours import hours_on
from app.lake.files import publish, withdraw
from app.lake.inspection import check_place, inspect_file, labels_of
from app.lake.layout import BARS, TICKS, TIMEFRAMES, Lake, Partition
from app.lake.locks import file_lock
from app.lake.manifest import check_bytes, fault_text, find_file, forget_file, mark_verified, record_file
from app.lake.models import LakeFile
from app.lake.query import connect
from app.lake.schemas import BAR_FILE, TICK_FILE
from app.market.markets import Markets
from app.metrics.families import BARS_WRITTEN
from app.metrics.recording import count

Sessions = sessionmaker[Session]


@dataclass(frozen=True, slots=True)
class SymbolBars:
    """How many bars of each timeframe a symbol has; a timeframe without a bar has no file."""

    symbol: str
    rows: dict[str, int]


@dataclass(frozen=True, slots=True)
class BarRun:
    """What bars to make: those of a trading day, each symbol's in the session of its own market, as known at `now`."""

    sessions: Sessions
    lake: Lake
    markets: Markets
    day: date
    now: datetime
    timeframes: Sequence[str] = tuple(TIMEFRAMES)

    def files(self, symbols: Collection[str] | None = None) -> list[Partition]:
        """The tick files from which the bars are made, by symbol; all symbols by default."""
        return self.lake.ticks_files(self.day, self.day + timedelta(days=1), symbols)

    def generate(self, files: Sequence[Partition]) -> Iterator[SymbolBars]:
        """Write and record the bars of one tick file after the other, each when it is asked for.

        Existing bars are written again; those of a timeframe that has none any more are removed, and all of a symbol
        whose market has no session on the day. While the session runs, a bar is written once `now`, and the export of
        its ticks, are past its `t_close`. A tick file that is damaged, holds another symbol or day than its folder
        says, or is being written, is left out, and what is wrong with it noted in the manifest: Conflict in the end,
        with all of those. Unavailable when disk or database fail.
        """
        refusals = []
        with connect(self.lake) as connection:
            for file in files:
                try:
                    yield self._generate(connection, file)
                except (Conflict, NotFound) as refusal:
                    refusals.append(str(refusal))
        if refusals:
            raise Conflict(f"{len(refusals)} of {len(files)} symbols got no bars: {'; '.join(refusals)}")

    def _generate(self, connection: duckdb.DuckDBPyConnection, file: Partition) -> SymbolBars:
        with file_lock(self.sessions, file.day, file.symbol) as still_held:
            ticks = self._checked_ticks(file)
            tables, made_at = self._build(connection, file, ticks)
            for timeframe, table in tables.items():
                if table.num_rows:
                    self._publish(file, timeframe, table, made_at, still_held)
                else:
                    self._withdraw(file, timeframe, still_held)
        for timeframe, table in tables.items():
            count(BARS_WRITTEN, timeframe, by=table.num_rows)
        return SymbolBars(file.symbol, {name: table.num_rows for name, table in tables.items()})

    def _build(
        self, connection: duckdb.DuckDBPyConnection, file: Partition, ticks: LakeFile | None
    ) -> tuple[dict[str, pa.Table], datetime]:
        hours = hours_on(self.markets, file.symbol, file.day)
        if hours is None:
            return dict.fromkeys(self.timeframes, BAR_FILE.columns.empty_table()), self.now
        known_until = _known_until(file.path, ticks, self.now)
        made_at = self.now
        if ticks is not None and known_until >= hours.close:
            # They are all bars that these ticks can give, and so not older than them.
            made_at = max(self.now, ticks.written_at)
        return build_bars(connection, file.path, file.symbol, hours, known_until, self.timeframes), made_at

    def _checked_ticks(self, file: Partition) -> LakeFile | None:
        # DuckDB checks no checksum and would make wrong bars of a damaged file without a word.
        with self.sessions() as session:
            row = find_file(session, TICKS, file.day, file.symbol)
        if row is None or row.path != self.lake.relative(file.path):
            check_place(file.path, file.day, file.symbol)
            inspect_file(file.path, TICK_FILE)
            return None
        try:
            check_bytes(self.lake, row)
            check_place(file.path, file.day, file.symbol)
        except (Conflict, Unavailable) as error:
            with self.sessions.begin() as session:
                mark_verified(session, row, self.now, fault_text(self.lake, row, error))
            raise Conflict(str(error)) from None
        return row

    def _publish(
        self, file: Partition, timeframe: str, table: pa.Table, made_at: datetime, guard: Callable[[], None]
    ) -> None:
        target = self.lake.bars_file(file.day, file.symbol, timeframe)
        facts = publish(
            self.lake,
            target,
            BAR_FILE,
            table.to_batches(),
            day=file.day,
            symbol=file.symbol,
            taken_at=made_at,
            guard=guard,
        )
        with self.sessions.begin() as session:
            path = self.lake.relative(target)
            record_file(session, BARS, file.day, file.symbol, path, facts, made_at, timeframe)

    def _withdraw(self, file: Partition, timeframe: str, guard: Callable[[], None]) -> None:
        guard()
        with self.sessions.begin() as session:
            forget_file(session, BARS, file.day, file.symbol, timeframe)
        withdraw(self.lake, self.lake.bars_file(file.day, file.symbol, timeframe))


def generate_bars(
    sessions: Sessions,
    lake: Lake,
    markets: Markets,
    day: date,
    now: datetime,
    timeframes: Sequence[str] = tuple(TIMEFRAMES),
    symbols: Collection[str] | None = None,
) -> list[SymbolBars]:
    """Write the bars of every symbol that has ticks of the trading day in the lake; by symbol.

    As `BarRun.generate`, of all symbols by default.
    """
    run = BarRun(sessions, lake, markets, day, now, timeframes)
    return list(run.generate(run.files(symbols)))


def _known_until(path: Path, ticks: LakeFile | None, now: datetime) -> datetime:
    exported_at = labels_of(path).get("exported_at")
    taken_at = parse_instant(exported_at) if exported_at else now
    if ticks is not None and ticks.purged_at is not None:
        # The purge proved that no tick had come since the file was written.
        taken_at = max(taken_at, ticks.purged_at)
    return min(now, taken_at)

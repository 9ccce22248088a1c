"""The way into history for notebooks and scripts: ticks and bars of any range as Arrow tables."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import date, datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import pyarrow as pa
from sqlalchemy import create_engine
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session, sessionmaker

from app.bucket.objects import Bucket
from app.bucket.plan import SCHEME
from app.bucket.reading import ask, stream_ticks
from app.bucket.reading import read_bars as read_lake_bars
from app.bucket.sources import BucketSource, FolderSource, Source
from app.clock import Clock, SystemClock, parse_instant
from app.errors import Unavailable
from app.history.bar_range import BarRange
from app.history.bars import bar_sources, read_bars
from app.history.covered_bars import COVERED_BARS, opening_times, with_coverage
from app.history.holes import Hole, find_holes, read_covers
from app.history.ticks import COLUMNS, read_ticks, stream_range, tick_schema
from app.history.timeframes import known_timeframe
from app.lake.layout import Lake
from app.quotes import known_source, parse_symbol
from app.settings import Settings, load_settings
from app.ticks.slices import TickSlice
from app.wiring import connect_postgres, markets_of

Moment = datetime | str
_POOL: Final = 2


class History:
    """Ticks and bars of any range, from the database and the lake as one.

    It takes the settings of this folder (`.env`, the environment) unless others are given, and connects when it is
    first asked. Instants are aware datetimes or ISO 8601 text with an offset; ranges are half-open; `end` is the
    present when left out. Errors are those of `app.errors`, each with one line that says what to do: Rejected for what
    makes no sense, Conflict for a damaged file, Unavailable while the database or a drive is away.

        import polars as pl
        from app.notebook import History

        history = History()
        ticks = pl.from_arrow(history.ticks("ES", "2025-10-09T13:30:00Z", "2025-10-09T20:00:00Z"))
        bars = pl.from_arrow(history.bars("ES", "5m", "2025-10-01T00:00:00Z", source="SCHWAB"))

    Prices are Decimal and exact: `pl.col("last").cast(pl.Float64)` where a float is good enough.
    """

    def __init__(self, settings: Settings | None = None, clock: Clock | None = None) -> None:
        known = settings or load_settings()
        connect = partial(connect_postgres, known)
        self._engine = create_engine("postgresql+psycopg2://", creator=connect, pool_size=_POOL, pool_pre_ping=True)
        self._sessions = sessionmaker(self._engine, expire_on_commit=False)
        self._clock = clock or SystemClock()
        self._markets, self._lake = markets_of(known, self._clock), Lake(known.lake_dir)

    def ticks(
        self,
        symbol: str,
        start: Moment,
        end: Moment | None = None,
        *,
        source: str | None = None,
        columns: Sequence[str] | None = None,
    ) -> pa.Table:
        """A symbol's ticks with `ts` in `[start, end)`, in the order of (ts, seq, source), each once.

        Sources are together unless one is named: the column `source` tells them apart. A day of a busy future is some
        500,000 rows and 100 MB: name the `columns` that you need, or take `tick_batches`.
        """
        first, last, name = _instant(start), _end(end, self._clock), _source(source)
        with self._asking() as session:
            stores = (session, self._lake, self._markets.default)
            return read_ticks(*stores, parse_symbol(symbol), first, last, source=name, columns=columns)

    def tick_batches(
        self,
        symbol: str,
        start: Moment,
        end: Moment | None = None,
        *,
        source: str | None = None,
        columns: Sequence[str] | None = None,
    ) -> Iterator[pa.Table]:
        """As `ticks`, in tables of some ten thousand rows, so that a range of any length fits into memory.

        Take them without long pauses: until the last one no day can move to the lake, and after some two minutes the
        database gives up, which is Unavailable.
        """
        part = TickSlice(_instant(start), _end(end, self._clock), _source(source), columns=tuple(columns or COLUMNS))
        with (
            self._asking() as session,
            closing(stream_range(session, self._lake, self._markets.default, parse_symbol(symbol), part)) as tables,
        ):
            yield from tables

    def bars(
        self, symbol: str, timeframe: str, start: Moment, end: Moment | None = None, *, source: str | None = None
    ) -> pa.Table:
        """A symbol's bars that open in `[start, end)` and have closed, by `t_open` and source.

        `timeframe` is 1m, 5m, 15m, 30m, 1h, 4h, counted from the session's open, or 1d, which is the whole session.

        `coverage` is the share of a bar's minutes in which its source was alive, null where nothing is known. A
        backtest knows a bar at its `t_close`, not before.
        """
        wanted = self._bar_range(symbol, timeframe, start, end)
        named = _source(source)
        with self._asking() as session:
            stores, found = (session, self._lake, self._markets), [COVERED_BARS.empty_table()]
            for name in [named] if named else bar_sources(*stores, wanted):
                table = read_bars(*stores, wanted, source=name)
                days = set(table.column("session_date").to_pylist())
                covers = read_covers(session, self._markets.default, name, days, wanted.known_until)
                found.append(with_coverage(table, covers))
        return pa.concat_tables(found).sort_by([("t_open", "ascending"), ("source", "ascending")])

    def holes(
        self, symbol: str, timeframe: str, start: Moment, end: Moment | None = None, *, source: str
    ) -> list[Hole]:
        """Where a source has no bar of a symbol within the sessions of a range: quiet, no_feed or unknown."""
        wanted = self._bar_range(symbol, timeframe, start, end)
        hours, name = wanted.sessions(self._markets), known_source(source)
        with self._asking() as session:
            bars = read_bars(session, self._lake, self._markets, wanted, source=name)
            covers = read_covers(session, self._markets.default, name, [one.day for one in hours], wanted.known_until)
        return list(find_holes(hours, wanted, opening_times(bars), covers))

    def close(self) -> None:
        """Let go of the connections; a history that is asked again connects again."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    @contextmanager
    def _asking(self) -> Iterator[Session]:
        # The calendar takes a while to build, for which no transaction should be open.
        self._markets.default.session_of(self._clock.now())
        try:
            with self._sessions() as session:
                yield session
        except PoolTimeoutError:
            raise Unavailable("this history is asked too much at once: take the open batches to their end") from None
        except DBAPIError as error:
            if isinstance(error, OperationalError | InterfaceError) or error.connection_invalidated:
                raise _outage(error) from None
            raise

    def _bar_range(self, symbol: str, timeframe: str, start: Moment, end: Moment | None) -> BarRange:
        return BarRange(
            parse_symbol(symbol), known_timeframe(timeframe), _instant(start), _end(end, self._clock), self._clock.now()
        )


class LakeHistory:
    """Ticks and bars of a lake alone, which is a folder or a bucket such as `s3://desk/thor`, without a database.

    What has not left the database yet is not in it. The address of the store, its keys and the market are those of the
    settings, unless others are given. Instants and errors are as of `History`; of a bucket nothing is read but what is
    asked for, each page against its checksum.

        import polars as pl
        from app.notebook import LakeHistory

        lake = LakeHistory("s3://desk/thor")
        ticks = pl.from_arrow(lake.ticks("ES", "2025-10-09T13:30:00Z", "2025-10-09T20:00:00Z", columns=["ts", "last"]))
    """

    def __init__(self, place: str | Path, settings: Settings | None = None, clock: Clock | None = None) -> None:
        known, self._clock = settings or load_settings(), clock or SystemClock()
        self._market = markets_of(known, self._clock).default
        is_bucket = isinstance(place, str) and place.startswith(SCHEME)
        self._files: Source = (
            BucketSource(Bucket(known.bucket_at(str(place)))) if is_bucket else FolderSource(Lake(Path(place)))
        )

    def days(self) -> list[date]:
        """The trading days of which there are files, in order."""
        return self._files.days()

    def ticks(
        self,
        symbol: str,
        start: Moment,
        end: Moment | None = None,
        *,
        source: str | None = None,
        columns: Sequence[str] | None = None,
    ) -> pa.Table:
        """A symbol's ticks with `ts` in `[start, end)`, in the order of (ts, seq, source), as of `History.ticks`."""
        tables = self.tick_batches(symbol, start, end, source=source, columns=columns)
        return pa.concat_tables([tick_schema(columns or COLUMNS).empty_table(), *tables])

    def tick_batches(
        self,
        symbol: str,
        start: Moment,
        end: Moment | None = None,
        *,
        source: str | None = None,
        columns: Sequence[str] | None = None,
    ) -> Iterator[pa.Table]:
        """As `ticks`, in tables of some ten thousand rows, so that a range of any length fits into memory."""
        part = TickSlice(_instant(start), _end(end, self._clock), _source(source), columns=tuple(columns or COLUMNS))
        yield from stream_ticks(self._files, self._market, parse_symbol(symbol), part)

    def bars(
        self, symbol: str, timeframe: str, start: Moment, end: Moment | None = None, *, source: str | None = None
    ) -> pa.Table:
        """A symbol's bars that open in `[start, end)`, by `t_open` and source; `timeframe` is 1m, 5m or 1h."""
        span = (_instant(start), _end(end, self._clock))
        return read_lake_bars(self._files, self._market, parse_symbol(symbol), timeframe, *span, _source(source))

    def sql(
        self,
        query: str,
        symbols: Sequence[str],
        start: Moment,
        end: Moment | None = None,
        *,
        timeout_s: float | None = 60.0,
    ) -> pa.Table:
        """What DuckDB answers to a query over `ticks`, those of symbols on trading days that meet `[start, end)`.

        Unavailable when it runs for longer than `timeout_s` seconds, which None does not limit.
        """
        names = [parse_symbol(symbol) for symbol in symbols]
        return ask(self._files, self._market, names, _instant(start), _end(end, self._clock), query, timeout_s)


def _source(name: str | None) -> str | None:
    return None if name is None else known_source(name)


def _instant(moment: Moment) -> datetime:
    return parse_instant(moment if isinstance(moment, str) else moment.isoformat())


def _end(end: Moment | None, clock: Clock) -> datetime:
    return clock.now() if end is None else _instant(end)


def _outage(error: DBAPIError) -> Unavailable:
    reason = str(error.orig).strip().partition("\n")[0]
    if error.statement is None:
        return Unavailable(f"PostgreSQL does not answer: see `flask status` ({reason})")
    return Unavailable(f"PostgreSQL broke off, as it does after a pause of two minutes: ask again ({reason})")

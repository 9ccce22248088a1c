"""Ticks and bars of a lake alone, from a folder or a bucket, without a database."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from app.bucket.mounting import BucketMount
from app.bucket.sources import Source, Wanted
from app.errors import Conflict, NotFound, Rejected
from app.history.cold_ticks import stream_open
from app.history.order import KEY_COLUMNS
from app.history.ticks import COLUMNS, tick_schema
from app.lake.layout import BARS, TICKS, parse_timeframe
from app.lake.query import collect, confined, interrupted
from app.lake.schemas import BAR_FILE
from app.market.market import Market
from app.ticks.slices import TickSlice

_DAY: Final = timedelta(days=1)
BAR_SCHEMA: Final = pa.schema(
    [field.with_type(pa.string()) if pa.types.is_dictionary(field.type) else field for field in BAR_FILE.columns]
)


def stream_ticks(source: Source, market: Market, symbol: str, part: TickSlice) -> Iterator[pa.Table]:
    """The ticks of a symbol with `ts` in the range of `part`, in the order of (ts, seq, source), table by table.

    Only days, row groups and columns that are asked for are read. Rejected when a column does not exist or the range is
    empty; Conflict when a file is missing or damaged; Unavailable when folder or store fail.
    """
    if unknown := [name for name in part.columns if name not in COLUMNS]:
        raise Rejected(f"ticks have no column {', '.join(unknown)}: known are {', '.join(COLUMNS)}")
    needed = tuple(name for name in COLUMNS if name in {*part.columns, *KEY_COLUMNS})
    schema = tick_schema(needed)
    wanted = wanted_files(market, TICKS, symbol, part.start, part.end)
    inner = TickSlice(part.start, part.end, part.source, columns=needed)
    for found in source.find(wanted):
        with source.open(wanted, found) as file:
            for table in stream_open(file, inner):
                yield table.cast(schema).select(part.columns)


def read_bars(
    source: Source, market: Market, symbol: str, timeframe: str, start: datetime, end: datetime, name: str | None
) -> pa.Table:
    """The bars of a symbol that open in `[start, end)`, by `t_open` and source, as their files have them.

    `timeframe` is one of the lake's, 1m, 5m or 1h; `name` that of a source, None for all. Errors as of `stream_ticks`.
    """
    wanted = wanted_files(market, BARS, symbol, start, end, parse_timeframe(timeframe))
    tables = [BAR_SCHEMA.empty_table()]
    for found in source.find(wanted):
        with source.open(wanted, found) as file:
            tables.append(file.read(use_threads=False).cast(BAR_SCHEMA))
    bars = pa.concat_tables(tables)
    opens = bars.column("t_open")
    is_wanted = pc.and_(pc.greater_equal(opens, start), pc.less(opens, end))
    if name is not None:
        is_wanted = pc.and_(is_wanted, pc.equal(bars.column("source"), name))
    return bars.filter(is_wanted).sort_by([("t_open", "ascending"), ("source", "ascending")])


def ask(
    source: Source,
    market: Market,
    symbols: Sequence[str],
    start: datetime,
    end: datetime,
    query: str,
    timeout_s: float | None = None,
) -> pa.Table:
    """What DuckDB answers to a query over the view `ticks`, of whole trading days that meet `[start, end)`.

    It is confined to the files of these days and symbols, and checks no checksum of a page. The columns `symbol` and
    `session_date` are those of the files. NotFound when there is no file; Rejected when the query is wrong; Unavailable
    when it is still running `timeout_s` seconds after its files were found, or when it or its answer needs more than
    1 GB.
    """
    import duckdb

    files = [one for name in symbols for one in source.find(wanted_files(market, TICKS, name, start, end))]
    if not files:
        raise NotFound(f"there are no ticks of {', '.join(symbols)} in these days")
    mount = source.mount(files)
    with _failing_as(mount), confined([source.root], files=mount) as connection, interrupted(connection, timeout_s):
        ticks = connection.read_parquet([one.address for one in files], hive_partitioning=False)
        ticks.create_view("ticks")
        try:
            # A folder may be written to as well, which COPY would do.
            asks = {duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN, duckdb.StatementType.MULTI}
            kinds = {statement.type for statement in connection.extract_statements(query)}
            found = connection.sql(query) if kinds and kinds <= asks else None
            if found is None:
                raise Rejected("the query asks for nothing: it must be a SELECT")
            return collect(found)
        except (duckdb.BinderException, duckdb.ParserException, duckdb.CatalogException) as error:
            raise Rejected(f"the query is wrong: {str(error).splitlines()[0]}") from None


@contextmanager
def _failing_as(mount: BucketMount | None) -> Iterator[None]:
    try:
        yield
    except Conflict:
        if mount is not None and mount.failure is not None:
            raise mount.failure from None
        raise


def wanted_files(
    market: Market, kind: str, symbol: str, start: datetime | None, end: datetime | None, timeframe: str = ""
) -> Wanted:
    """The files that may have rows of `[start, end)`; Rejected when the range is empty or outside the calendar."""
    if start is None or end is None or start >= end:
        raise Rejected("the range is empty: give a start that is before the end")
    # The trading day of an instant is its date in UTC or a later one.
    last = market.session_of(end - timedelta(microseconds=1))
    return Wanted(kind, symbol, timeframe, start, end, _day_before(start), last + _DAY)


def _day_before(instant: datetime) -> date:
    try:
        return instant.date() - _DAY
    except OverflowError:
        raise Rejected(f"{instant.date()} is outside the calendar") from None

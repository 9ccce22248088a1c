"""Questions to the lake, asked of DuckDB inside a sandbox that reaches the lake's files and nothing else."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Final

import duckdb
import pyarrow as pa

from app.errors import Conflict, Rejected, Unavailable
from app.lake.layout import Lake, Partition
from app.lake.schemas import BAR_FILE, TICK_FILE, FileSchema

MEMORY_LIMIT_MB: Final = 1024
_FILES_AT_ONCE: Final = 32
_LAST_DAY: Final = date.max - timedelta(days=2)
_DAMAGED: Final = (duckdb.IOException, duckdb.InvalidInputException, duckdb.SerializationException)
_TICKS: Final = """
SELECT {columns} FROM read_parquet(?)
WHERE symbol = ? AND session_date >= ? AND session_date < ? ORDER BY ts, seq, source
"""
_SOURCES: Final = """
SELECT DISTINCT source FROM read_parquet(?) WHERE symbol = ? AND t_open >= ? AND t_open < ? ORDER BY source
"""
_BARS: Final = """
SELECT symbol, source, session_date, t_open, t_close, open, high, low, close, volume, tick_count
FROM read_parquet(?) WHERE symbol = ? AND source = ? AND t_open >= ? AND t_open < ? ORDER BY t_open LIMIT ?
"""


@contextmanager
def connect(
    lake: Lake, *, memory_limit_mb: int = MEMORY_LIMIT_MB, threads: int | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection of its own, closed at the end; not to be shared between threads.

    It reaches files under the lake's root only, loads no extension, sees no Python variable, knows time in UTC, and its
    settings are locked. `threads` defaults to the machine's. Inside the block a damaged file is a Conflict, and a
    question too large for the memory limit Unavailable.
    """
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": f"{memory_limit_mb}MB",
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "python_enable_replacements": False,
        "temp_directory": "",
        **({"threads": threads} if threads else {}),
    }
    connection = duckdb.connect(config=config)
    try:
        roots = ", ".join(_quoted(f"{root}/") for root in (lake.root.absolute(), lake.root.resolve()))
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"SET allowed_directories = [{roots}]")
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        yield connection
    except duckdb.OutOfMemoryException:
        raise Unavailable(f"the question needs more than {memory_limit_mb} MB: ask for fewer days") from None
    except duckdb.Error as error:
        # DuckDB reports much of what damage does to it as a bare Error; the subclasses are mistakes in the question.
        if type(error) is duckdb.Error or isinstance(error, _DAMAGED):
            raise Conflict(f"a file of the lake cannot be read: {str(error).splitlines()[0][:300]}") from None
        raise
    finally:
        connection.close()


def read_ticks(
    connection: duckdb.DuckDBPyConnection,
    lake: Lake,
    symbol: str,
    start: date,
    end: date,
    columns: Sequence[str] = tuple(TICK_FILE.columns.names),
) -> pa.Table:
    """A symbol's ticks of the trading days `[start, end)` in the order of (ts, seq), with the columns asked for.

    Rejected when a column does not exist. Names come as text; a day without a file has no rows.
    """
    if unknown := [name for name in columns if name not in TICK_FILE.columns.names]:
        raise Rejected(f"ticks have no column {', '.join(unknown)}")
    files = _paths(lake.ticks_files(start, end, {symbol}))
    if not files:
        return _nothing(TICK_FILE).select(list(columns))
    names = ", ".join(f'"{name}"' for name in columns)
    return connection.sql(_TICKS.format(columns=names), params=[files, symbol, start, end]).to_arrow_table()


def bar_sources(
    connection: duckdb.DuckDBPyConnection, lake: Lake, symbol: str, timeframe: str, start: datetime, end: datetime
) -> list[str]:
    """The sources with bars that open in `[start, end)`, by name."""
    files = _bar_paths(lake, symbol, timeframe, start, end)
    if not files:
        return []
    return [name for (name,) in connection.sql(_SOURCES, params=[files, symbol, start, end]).fetchall()]


def read_bars(
    connection: duckdb.DuckDBPyConnection,
    lake: Lake,
    symbol: str,
    timeframe: str,
    source: str,
    start: datetime,
    end: datetime,
    limit: int = sys.maxsize,
) -> pa.Table:
    """One source's bars that open in `[start, end)`, by `t_open`, the first `limit` of them.

    The columns are those of a bar file, with names as text.
    """
    files = _bar_paths(lake, symbol, timeframe, start, end)
    found = []
    # Days follow each other, so that a small limit opens few of many files.
    for at in range(0, len(files), _FILES_AT_ONCE):
        params = [files[at : at + _FILES_AT_ONCE], symbol, source, start, end, limit]
        found.append(connection.sql(_BARS, params=params).to_arrow_table())
        limit -= found[-1].num_rows
        if limit <= 0:
            break
    return pa.concat_tables(found) if found else _nothing(BAR_FILE)


def _bar_paths(lake: Lake, symbol: str, timeframe: str, start: datetime, end: datetime) -> list[str]:
    # A session opens on the day before its trading day at the earliest, so its bars lie in that day or the next.
    first, last = start.astimezone(UTC).date(), min(end.astimezone(UTC).date(), _LAST_DAY)
    return _paths(lake.bars_files(timeframe, first, last + timedelta(days=2), {symbol}))


def _nothing(schema: FileSchema) -> pa.Table:
    types = {f.name: pa.string() if pa.types.is_dictionary(f.type) else f.type for f in schema.columns}
    return pa.schema(types).empty_table()


def _paths(files: Sequence[Partition]) -> list[str]:
    return [str(file.path.absolute()) for file in files]


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"

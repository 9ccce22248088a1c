"""The ticks of any range, from the database and the lake as one: no seam, no overlap."""

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final

import pyarrow as pa
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.errors import Rejected
from app.history.cold_ticks import stream_file
from app.history.hot_ticks import stream_ticks
from app.history.lake_files import open_recorded
from app.history.order import KEY_COLUMNS, merge_distinct
from app.lake.layout import TICKS, Lake
from app.lake.models import LakeFile
from app.lake.schemas import TICK_FILE
from app.market.market import Market
from app.ticks.partitions import existing_partitions
from app.ticks.slices import TickKey, TickSlice

COLUMNS: Final = tuple(TICK_FILE.columns.names)
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class DayPlace:
    """Where a symbol's ticks of a trading day are: in the database, in a file, or in both.

    `file` is set where the day has left the database; what is in the database besides came after that.
    """

    day: date
    in_database: bool
    file: LakeFile | None


def read_ticks(
    session: Session,
    lake: Lake,
    market: Market,
    symbol: str,
    start: datetime,
    end: datetime,
    *,
    source: str | None = None,
    columns: Sequence[str] | None = None,
    after: TickKey | None = None,
    limit: int | None = None,
) -> pa.Table:
    """The ticks of a symbol with `ts` in `[start, end)`, in the order of (ts, seq, source), each once.

    Columns are those of a tick file, or those asked for; names are text, prices decimal128(18, 9), times UTC in
    microseconds. `after` is the key of the last tick that is known, `limit` how many are wanted: a reader that goes
    from page to page meets none twice and misses none, whatever moves to the lake meanwhile, but for a late tick that
    is stored meanwhile and sorts before `after`. Sources are together, unless one is named. Errors are those of
    `stream_range`.
    """
    part = TickSlice(start, end, source, after, limit, tuple(columns or COLUMNS))
    with closing(stream_range(session, lake, market, symbol, part)) as tables:
        found = list(tables)
    return pa.concat_tables(found) if found else tick_schema(part.columns).empty_table()


def stream_range(session: Session, lake: Lake, market: Market, symbol: str, part: TickSlice) -> Generator[pa.Table]:
    """As `read_ticks`, table by table, so that a range of any length needs little memory.

    All is of one state: until the session's transaction ends, no day can move from the database to the lake. The
    session is busy until the last table is taken; a caller that stops before must close the generator ahead of it.
    Rejected when a column does not exist or when the range is empty, without bounds or outside of the calendar;
    Conflict when a file of the lake is missing or damaged; Unavailable when the database or the disk fails.
    """
    if unknown := [name for name in part.columns if name not in COLUMNS]:
        raise Rejected(f"ticks have no column {', '.join(unknown)}: known are {', '.join(COLUMNS)}")
    wanted = replace(part, columns=tuple(name for name in COLUMNS if name in {*part.columns, *KEY_COLUMNS}))
    left = part.limit
    for place in find_places(session, market, symbol, part):
        with closing(_stream_day(session, lake, symbol, place, replace(wanted, limit=left))) as tables:
            for table in tables:
                yield table.select(part.columns)
                left = left if left is None else left - table.num_rows
        if left is not None and left <= 0:
            return


def find_places(session: Session, market: Market, symbol: str, part: TickSlice) -> list[DayPlace]:
    """Where the ticks of a range are, by trading day; days that nothing is known of are left out.

    What it tells holds until the session's transaction ends. Errors as of `stream_range`.
    """
    start, end = part.start, part.end
    if start is None or end is None or start >= end:
        raise Rejected("the range of ticks is empty: give a start that is before the end")
    hold_places(session)
    # The trading day of an instant is its date in UTC or a later one.
    last = market.session_of(end - timedelta(microseconds=1))
    first = _day_before(part.after.ts if part.after else start)
    files = purged_files(session, symbol, first, last + _DAY)
    stored = {day for day in existing_partitions(session) if first <= day <= last}
    return [DayPlace(day, day in stored, files.get(day)) for day in sorted(stored | set(files))]


def check_files(session: Session, lake: Lake, market: Market, symbol: str, start: datetime, end: datetime) -> None:
    """Verify the files from which a range would be read, so that reading it meets no damage; errors as of theirs."""
    for place in find_places(session, market, symbol, TickSlice(start, end)):
        if place.file is not None:
            with open_recorded(session, lake, place.file):
                pass


def hold_places(session: Session) -> None:
    """Keep every day's ticks in the database, or out of it, until the session's transaction ends."""
    # Whoever drops a day needs the whole table for himself, and marks its files in the same transaction.
    session.execute(text("LOCK TABLE ONLY ticks IN ACCESS SHARE MODE"))


def purged_files(session: Session, symbol: str, start: date, end: date) -> dict[date, LakeFile]:
    """The files that are the place of a symbol's ticks of trading days in `[start, end)`, by day."""
    days = (LakeFile.session_date >= start, LakeFile.session_date < end)
    query = select(LakeFile).where(LakeFile.kind == TICKS, LakeFile.symbol == symbol, *days)
    query = query.where(LakeFile.purged_at.is_not(None)).execution_options(populate_existing=True)
    return {row.session_date: row for row in session.scalars(query)}


def tick_schema(columns: Sequence[str] = COLUMNS) -> pa.Schema:
    """The schema of a table of ticks with these columns."""
    return pa.schema([_plain(TICK_FILE.columns.field(name)) for name in columns])


def _day_before(instant: datetime) -> date:
    try:
        return instant.date() - _DAY
    except OverflowError:
        raise Rejected(f"{instant.date()} is outside the calendar") from None


def _stream_day(session: Session, lake: Lake, symbol: str, place: DayPlace, part: TickSlice) -> Generator[pa.Table]:
    schema = tick_schema(part.columns)
    if place.file is None:
        yield from _stored(session, symbol, place.day, part, schema)
        return
    cold = (table.cast(schema) for table in stream_file(session, lake, place.file, part))
    if not place.in_database:
        yield from cold
        return
    with closing(_stored(session, symbol, place.day, part, schema)) as late:
        # What the database sends must be taken to its end, and a limit may stop the merging before that.
        hot = iter(list(late)) if part.limit is not None else late
        yield from _first(merge_distinct(cold, hot), part.limit)


def _first(tables: Iterator[pa.Table], limit: int | None) -> Iterator[pa.Table]:
    for table in tables:
        yield table.slice(0, limit)
        if limit is not None:
            limit -= table.num_rows
            if limit <= 0:
                return


def _stored(session: Session, symbol: str, day: date, part: TickSlice, schema: pa.Schema) -> Generator[pa.Table]:
    with closing(stream_ticks(session, day, symbol, part)) as batches:
        for batch in batches:
            yield pa.Table.from_batches([batch]).cast(schema)


def _plain(field: pa.Field) -> pa.Field:
    return field.with_type(pa.string()) if pa.types.is_dictionary(field.type) else field

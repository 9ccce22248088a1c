"""The bars of any range: from files where those are complete, else made of the stored ticks in the same way."""

from collections.abc import Generator
from datetime import date, datetime, timedelta
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy.orm import Session

from app.history.bar_days import (
    BarDay,
    find_bar_days,
    has_ticks,
    is_complete,
    read_bar_file,
    stored_sources,
)
from app.history.bar_range import BarRange
from app.history.tick_bars import make_bars, sources_seen
from app.instruments.hours import hours_on
from app.lake.layout import TIMEFRAMES, Lake
from app.lake.schemas import BAR_FILE
from app.market.markets import Markets
from app.market.sessions import Session as Hours
from app.market.timetable import micros_of
from app.ticks.partitions import existing_partitions

BAR_TABLE: Final = pa.schema(
    [field.with_type(pa.string()) if pa.types.is_dictionary(field.type) else field for field in BAR_FILE.columns]
)


def read_bars(
    session: Session,
    lake: Lake,
    markets: Markets,
    wanted: BarRange,
    *,
    source: str | None = None,
    limit: int | None = None,
) -> pa.Table:
    """The bars of a range by `t_open` and source, the first `limit` of them; of all sources, unless one is named.

    They lie in the sessions of the symbol's own market. The columns are those of a bar file, names as text. It makes no
    difference whether a day's ticks are in the database or in the lake. Errors as of `stream_bars`.
    """
    found: list[pa.Table] = []
    for table in stream_bars(session, lake, markets, wanted, source=source):
        found.append(table)
        if limit is not None and sum(part.num_rows for part in found) >= limit:
            break
    return pa.concat_tables([BAR_TABLE.empty_table(), *found]).slice(0, limit)


def stream_bars(
    session: Session, lake: Lake, markets: Markets, wanted: BarRange, *, source: str | None = None
) -> Generator[pa.Table]:
    """As `read_bars`, a table for each session that has bars, so that a range of any length needs little memory.

    A session that `known_until` cuts is made of the ticks before that instant alone.
    Rejected when the range reaches out of the calendar; Conflict when a file of the lake is missing or damaged;
    Unavailable when the database or a drive fails, or a minute has more ticks than memory is allowed for.
    """
    sessions = wanted.sessions(markets)
    for day in find_bar_days(session, lake, wanted.symbol, wanted.timeframe, sessions):
        table = _bars_of(session, lake, markets, wanted, day, source)
        table = table.filter(_is_wanted(table, wanted, source)).cast(BAR_TABLE)
        if table.num_rows:
            yield table


def bar_sources(session: Session, lake: Lake, markets: Markets, wanted: BarRange) -> list[str]:
    """The sources that have bars in a range, by name; for sessions without a complete bar file those that have ticks.

    Errors as of `stream_bars`.
    """
    days = find_bar_days(session, lake, wanted.symbol, wanted.timeframe, wanted.sessions(markets))
    return sorted(set().union(*(_sources_of(session, lake, markets, wanted, day) for day in days)))


def last_session(
    session: Session, lake: Lake, markets: Markets, symbol: str, timeframe: str, now: datetime
) -> Hours | None:
    """The newest session of which a bar of a symbol has closed at `now`; without any, the newest begun that has ticks.

    None without those.
    """
    files = {file.day for file in lake.bars_files(timeframe, date.min, date.max, {symbol})}
    files |= {file.day for file in lake.ticks_files(date.min, date.max, {symbol})}
    begun: Hours | None = None
    for day in sorted(files | existing_partitions(session), reverse=True):
        hours = hours_on(markets, symbol, day)
        if hours is None or hours.open >= now:
            continue
        closed = _last_close(hours, timeframe, now)
        if closed > hours.open and (day in files or has_ticks(session, symbol, day, closed)):
            return hours
        if begun is None and (day in files or has_ticks(session, symbol, day, now)):
            begun = hours
    return begun


def _last_close(hours: Hours, timeframe: str, now: datetime) -> datetime:
    span = timedelta(seconds=TIMEFRAMES[timeframe])
    return hours.close if now >= hours.close else hours.open + (now - hours.open) // span * span


def _bars_of(
    session: Session, lake: Lake, markets: Markets, wanted: BarRange, day: BarDay, source: str | None
) -> pa.Table:
    found = _complete_file(session, lake, wanted, day)
    if found is None:
        found = make_bars(session, lake, markets.default, wanted, day.hours, source)
    if found is None and not (source and _sources_seen(session, lake, markets, wanted, day, _known(day.hours, wanted))):
        found = read_bar_file(session, lake, day)
    return BAR_FILE.columns.empty_table() if found is None else found


def _sources_of(session: Session, lake: Lake, markets: Markets, wanted: BarRange, day: BarDay) -> set[str]:
    table = _complete_file(session, lake, wanted, day)
    if table is None:
        found = _sources_seen(session, lake, markets, wanted, day, _clipped(day.hours, wanted))
        if found or _sources_seen(session, lake, markets, wanted, day, _known(day.hours, wanted)):
            return found
        table = read_bar_file(session, lake, day)
    if table is None:
        return set()
    return set(table.filter(_is_wanted(table, wanted, None)).column("source").unique().to_pylist())


def _sources_seen(
    session: Session, lake: Lake, markets: Markets, wanted: BarRange, day: BarDay, seen: Hours
) -> set[str]:
    if day.in_database and not (day.ticks and day.ticks.purged_at):
        return stored_sources(session, wanted.symbol, seen)
    return sources_seen(session, lake, markets.default, wanted.symbol, seen)


def _complete_file(session: Session, lake: Lake, wanted: BarRange, day: BarDay) -> pa.Table | None:
    if wanted.known_until < day.hours.close or not is_complete(session, wanted.symbol, day):
        return None
    return read_bar_file(session, lake, day)


def _known(hours: Hours, wanted: BarRange) -> Hours:
    return Hours(hours.day, hours.open, min(hours.close, wanted.known_until))


def _clipped(hours: Hours, wanted: BarRange) -> Hours:
    return Hours(hours.day, max(hours.open, wanted.start), min(hours.close, wanted.end, wanted.known_until))


def _is_wanted(table: pa.Table, wanted: BarRange, source: str | None) -> pa.ChunkedArray:
    opened, closed = (table.column(name).cast(pa.int64()) for name in ("t_open", "t_close"))
    inside = pc.and_(pc.greater_equal(opened, micros_of(wanted.start)), pc.less(opened, micros_of(wanted.end)))
    known = pc.and_(inside, pc.less_equal(closed, micros_of(wanted.known_until)))
    return known if source is None else pc.and_(known, pc.equal(table.column("source").cast(pa.string()), source))

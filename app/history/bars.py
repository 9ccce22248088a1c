"""The bars of any range: from files where those are complete, else made of the stored ticks in the same way."""

from collections.abc import Generator
from datetime import date, datetime

import pyarrow as pa
from sqlalchemy.orm import Session

from app.history.bar_days import find_bar_days, has_ticks
from app.history.bar_range import BarRange
from app.history.session_bars import BAR_TABLE, SessionBars, read_session, session_sources
from app.history.timeframes import LENGTHS, stored_timeframe
from app.instruments.hours import hours_on
from app.lake.layout import Lake
from app.market.markets import Markets
from app.market.sessions import Session as Hours
from app.ticks.partitions import existing_partitions


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
    for found in stream_sessions(session, lake, markets, wanted, source=source):
        table = found.closed(wanted, source)
        if table.num_rows:
            yield table


def stream_sessions(
    session: Session, lake: Lake, markets: Markets, wanted: BarRange, *, source: str | None = None
) -> Generator[SessionBars]:
    """The sessions of a range of which there is anything, with all their bars; errors as of `stream_bars`."""
    sessions = wanted.sessions(markets)
    for day in find_bar_days(session, lake, wanted.symbol, wanted.stored, sessions):
        yield read_session(session, lake, markets, wanted, day, source)


def bar_sources(session: Session, lake: Lake, markets: Markets, wanted: BarRange) -> list[str]:
    """The sources that have bars in a range, by name; for sessions without a complete bar file those that have ticks.

    Errors as of `stream_bars`.
    """
    days = find_bar_days(session, lake, wanted.symbol, wanted.stored, wanted.sessions(markets))
    return sorted(set().union(*(session_sources(session, lake, markets, wanted, day) for day in days)))


def last_session(
    session: Session,
    lake: Lake,
    markets: Markets,
    symbol: str,
    timeframe: str,
    now: datetime,
    *,
    forming: bool = False,
) -> Hours | None:
    """The newest session of which a bar of a symbol has closed at `now`; without any, the newest begun that has ticks.

    With `forming` the newest begun that has ticks, whether a bar of it has closed or not. None without those.
    """
    files = {file.day for file in lake.bars_files(stored_timeframe(timeframe), date.min, date.max, {symbol})}
    files |= {file.day for file in lake.ticks_files(date.min, date.max, {symbol})}
    begun: Hours | None = None
    for day in sorted(files | existing_partitions(session), reverse=True):
        hours = hours_on(markets, symbol, day)
        if hours is None or hours.open >= now:
            continue
        closed = now if forming else _last_close(hours, timeframe, now)
        if closed > hours.open and (day in files or has_ticks(session, symbol, day, closed)):
            return hours
        if begun is None and (day in files or has_ticks(session, symbol, day, now)):
            begun = hours
    return begun


def _last_close(hours: Hours, timeframe: str, now: datetime) -> datetime:
    span = LENGTHS[timeframe]
    return hours.close if now >= hours.close else hours.open + (now - hours.open) // span * span

"""What a client asks of the bars, understood: the range, the source, the instant up to which bars are known."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from app.api.bar_parameters import BarsQuery
from app.api.cursors import BarCursor, in_micros, read_cursor, require_same, write_cursor
from app.api.query import WrongField
from app.clock import instant_text
from app.errors import NotFound
from app.history.bar_range import BarRange
from app.market.sessions import Session as Hours
from app.market.timetable import instant_of
from app.quotes import LIVE_SOURCES, SOURCES
from app.stores import Stores

SPAN_LIMIT: Final = timedelta(days=732)


@dataclass(frozen=True, slots=True)
class BarQuestion:
    """A range of bars of one source, None where nobody has any; `sources` are all that have.

    `at` is the instant that the client said to take for now, None where it did not; `forming` asks for the bar that
    runs.
    """

    wanted: BarRange
    source: str | None
    sources: list[str]
    at: datetime | None
    forming: bool = False

    def going_on(self, start: datetime) -> "BarQuestion":
        """The same question from a later start on."""
        return replace(self, wanted=replace(self.wanted, start=start))

    def cursor(self) -> str:
        """The cursor with which this question is asked again."""
        made = BarCursor.model_validate(
            {
                "symbol": self.wanted.symbol,
                "timeframe": self.wanted.timeframe,
                "source": self.source,
                "start_us": in_micros(self.wanted.start),
                "end_us": in_micros(self.wanted.end),
                "at_us": in_micros(self.at) if self.at else None,
            }
        )
        return write_cursor(made)


def understand_bars(session: Session, stores: Stores, query: BarsQuery, preference: Sequence[str] = ()) -> BarQuestion:
    """The question of a query; Rejected when it makes no sense, NotFound when the symbol has no bars and no ticks.

    Where it names no source, it is of real data before replayed before simulated ones, and of real ones in the order of
    `preference`.
    """
    from app.history.bars import bar_sources  # Loads Arrow.

    cursor = _cursor(query)
    at = instant_of(cursor.at_us) if cursor and cursor.at_us is not None else query.at
    now = at or stores.clock.now()
    start, end = (cursor.start, cursor.end) if cursor else _range(session, stores, query, now)
    wanted = BarRange(query.symbol, query.timeframe, start, end, now)
    sources = bar_sources(session, stores.lake, stores.markets, wanted)
    named = (cursor.source if cursor else None) or query.source
    return BarQuestion(wanted, named or preferred(sources, preference), sources, at, query.forming)


def _cursor(query: BarsQuery) -> BarCursor | None:
    if query.cursor is None:
        return None
    found = read_cursor(query.cursor, BarCursor)
    require_same(found, symbol=query.symbol, source=query.source, end=query.end)
    if query.timeframe != found.timeframe:
        raise WrongField("timeframe", f"the cursor is of {found.timeframe} bars: ask for those")
    if query.start is not None:
        raise WrongField("start", "the cursor says where to start: leave start out, or ask anew without the cursor")
    if query.at is not None and in_micros(query.at) != found.at_us:
        raise WrongField("at", "it is not that of the cursor: leave it out, or ask anew without the cursor")
    return found


def _range(session: Session, stores: Stores, query: BarsQuery, now: datetime) -> tuple[datetime, datetime]:
    newest = require_bars(session, stores, query.symbol, query.timeframe, now, forming=query.forming)
    if query.start is None and query.end is None:
        return newest.open, newest.close
    if query.start is None:
        raise WrongField("end", "it is given without start: give both, or last with end")
    end = query.end or now
    if query.start >= end:
        raise WrongField("end", f"start {instant_text(query.start)} is not before end {instant_text(end)}")
    if end - query.start > SPAN_LIMIT:
        raise WrongField("end", f"start and end are more than {SPAN_LIMIT.days} days apart: ask for fewer at a time")
    return query.start, end


def require_bars(
    session: Session, stores: Stores, symbol: str, timeframe: str, now: datetime, *, forming: bool = False
) -> Hours:
    """The newest session of which a symbol has a bar or a tick at `now`, as `last_session`; NotFound without any."""
    from app.history.bars import last_session  # Loads Arrow.

    newest = last_session(session, stores.lake, stores.markets, symbol, timeframe, now, forming=forming)
    if newest is None:
        raise NotFound(f"there are no {timeframe} bars of {symbol} from before {instant_text(now)}")
    return newest


def preferred(sources: Sequence[str], preference: Sequence[str]) -> str | None:
    """The most real of sources, of several live ones the first of `preference`; None of none."""

    def order(source: str) -> tuple[int, int]:
        rank = preference.index(source) if source in preference else len(preference)
        return (rank if source in LIVE_SOURCES else len(preference) + 1, SOURCES.index(source))

    return min(sources, key=order, default=None)

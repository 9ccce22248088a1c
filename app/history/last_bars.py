"""The last bars before an instant: a walk back over sessions that ends as soon as there are enough."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import pyarrow as pa
from sqlalchemy.orm import Session

from app.history.bar_days import find_bar_days, known_days
from app.history.bar_range import BarRange
from app.history.bar_times import instants_in, micros_in
from app.history.forming import FormingBar
from app.history.session_bars import BAR_TABLE, SessionBars, read_session
from app.instruments.hours import hours_on, market_of
from app.lake.layout import Lake
from app.market.market import FIRST_DAY
from app.market.markets import Markets
from app.market.sessions import Session as Hours
from app.market.timetable import micros_of

# Two years of daily bars, which are as many files; whoever wants more asks again from where this ended.
SESSIONS_LIMIT: Final = 520
_AT_ONCE: Final = 32

Choose = Callable[[list[str]], str | None]


@dataclass(frozen=True, slots=True)
class LastBars:
    """Bars of one source, in order; `sources` are all that have bars in their range, and this one where its bar runs.

    `wanted` is the range that they are the bars of, from the first one's opening on. `previous_end` is where the bars
    before them end, None where there are none.
    """

    wanted: BarRange
    source: str | None
    sources: list[str]
    bars: pa.Table
    forming: FormingBar | None
    previous_end: datetime | None


def read_last_bars(
    session: Session, lake: Lake, markets: Markets, wanted: BarRange, count: int, source: str | None, choose: Choose
) -> LastBars:
    """The last `count` bars of a range, whose `start` is the earliest that is looked at.

    They are of one source: the one named, else that which `choose` takes of those that have bars in the newest session
    with any. At most SESSIONS_LIMIT sessions are read: where those have fewer bars and there are more sessions, the
    range begins with the earliest that was read, which is `previous_end` then. Errors as of
    `app.history.bars.stream_bars`.
    """
    sessions = _sessions(session, lake, markets, wanted)
    walk = _Walk(wanted, source, choose)
    for found in _read_back(session, lake, markets, wanted, sessions[:SESSIONS_LIMIT]):
        walk.take(found)
        # One more tells whether there is anything before.
        if walk.count > count:
            break
    further = sessions[SESSIONS_LIMIT - 1].open if len(sessions) > SESSIONS_LIMIT else None
    return walk.end(count, further)


class _Walk:
    """What a walk back has met of the source that it is about, the newest session first."""

    def __init__(self, wanted: BarRange, source: str | None, choose: Choose) -> None:
        self._wanted, self._source, self._choose = wanted, source, choose
        self._met: list[pa.Table] = []
        self._newest: dict[str, int] = {}
        self._forming: FormingBar | None = None
        self.count = 0

    def take(self, found: SessionBars) -> None:
        if self._source is None:
            self._source = self._choose(found.sources(self._wanted))
        if self._source is None:
            return
        closed = found.closed(self._wanted)
        for source in set(closed.column("source").unique().to_pylist()) - self._newest.keys():
            self._newest[source] = micros_in(found.closed(self._wanted, source), "t_open")[-1].as_py()
        mine = found.closed(self._wanted, self._source)
        self._met.append(mine)
        self.count += mine.num_rows
        self._forming = self._forming or found.forming(self._wanted, self._source)

    def end(self, count: int, further: datetime | None) -> LastBars:
        mine = pa.concat_tables([BAR_TABLE.empty_table(), *reversed(self._met)])
        bars = mine.slice(max(0, mine.num_rows - count))
        first = instants_in(bars.slice(0, 1), "t_open")[0] if bars.num_rows else None
        previous = first if mine.num_rows > count else further
        wanted = replace(self._wanted, start=previous or first or self._wanted.end)
        sources = {source for source, at in self._newest.items() if at >= micros_of(wanted.start)}
        if self._source and self._forming:
            sources.add(self._source)
        return LastBars(wanted, self._source, sorted(sources), bars, self._forming, previous)


def _sessions(session: Session, lake: Lake, markets: Markets, wanted: BarRange) -> list[Hours]:
    end = min(wanted.end, wanted.known_until)
    last = market_of(markets, wanted.symbol).session_of(end)
    days = known_days(session, lake, wanted.symbol, wanted.stored, FIRST_DAY, last)
    found = (hours_on(markets, wanted.symbol, day) for day in sorted(days, reverse=True))
    return [hours for hours in found if hours is not None and hours.open < end]


def _read_back(
    session: Session, lake: Lake, markets: Markets, wanted: BarRange, sessions: list[Hours]
) -> Iterator[SessionBars]:
    for number in range(0, len(sessions), _AT_ONCE):
        part = sessions[number : number + _AT_ONCE]
        days = list(find_bar_days(session, lake, wanted.symbol, wanted.stored, part[::-1]))
        for day in reversed(days):
            yield read_session(session, lake, markets, wanted, day, None)

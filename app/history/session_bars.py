"""The bars of one session: from its file where that is complete, else made of the stored ticks in the same way."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy.orm import Session

from app.history.bar_days import BarDay, is_complete, read_bar_file, stored_sources
from app.history.bar_range import BarRange
from app.history.bar_times import micros_in
from app.history.forming import FormingBar, Newest
from app.history.longer_bars import join_bars
from app.history.tick_bars import make_bars, sources_seen
from app.lake.layout import Lake
from app.lake.schemas import BAR_FILE
from app.market.markets import Markets
from app.market.sessions import Session as Hours
from app.market.timetable import micros_of

BAR_TABLE: Final = pa.schema(
    [column.with_type(pa.string()) if pa.types.is_dictionary(column.type) else column for column in BAR_FILE.columns]
)


@dataclass(frozen=True, slots=True)
class SessionBars:
    """The bars of a session by `t_open` and source, of all sources or of one, as `BAR_TABLE`.

    Where they are made of ticks, the bar of the bucket that runs is among them, and `newest` tells how far the ticks
    of each source reach.
    """

    table: pa.Table
    newest: Mapping[str, Newest] = field(default_factory=dict)

    def closed(self, wanted: BarRange, source: str | None = None) -> pa.Table:
        """Those that open in the range and have closed at `known_until`."""
        opened, closed = (micros_in(self.table, name) for name in ("t_open", "t_close"))
        inside = pc.and_(pc.greater_equal(opened, micros_of(wanted.start)), pc.less(opened, micros_of(wanted.end)))
        known = pc.and_(inside, pc.less_equal(closed, micros_of(wanted.known_until)))
        return self.table.filter(known if source is None else pc.and_(known, self._is_of(source)))

    def forming(self, wanted: BarRange, source: str) -> FormingBar | None:
        """The bar of a source that runs at `known_until`; None when nothing was traded in it.

        None also when the range does not reach so far or begins later than the bar, and when no ticks are there to tell
        what was known then.
        """
        if wanted.end < wanted.known_until or source not in self.newest:
            return None
        opened, closed = (micros_in(self.table, name) for name in ("t_open", "t_close"))
        runs = pc.and_(pc.greater(closed, micros_of(wanted.known_until)), self._is_of(source))
        bar = self.table.filter(pc.and_(runs, pc.greater_equal(opened, micros_of(wanted.start))))
        return FormingBar(bar, self.newest[source]) if bar.num_rows else None

    def sources(self, wanted: BarRange) -> list[str]:
        """The sources that have such a bar in the session, closed or forming, by name."""
        found = set(self.closed(wanted).column("source").unique().to_pylist())
        return sorted(found | {source for source in self.newest if self.forming(wanted, source)})

    def _is_of(self, source: str) -> pa.ChunkedArray:
        return pc.equal(self.table.column("source"), source)


def read_session(
    session: Session, lake: Lake, markets: Markets, wanted: BarRange, day: BarDay, source: str | None
) -> SessionBars:
    """The bars of the whole session in the range's timeframe, as far as they are known at `known_until`.

    A session that `known_until` cuts is made of the ticks before that instant alone. Errors as of
    `app.history.bars.stream_bars`.
    """
    if (kept := _complete_file(session, lake, wanted, day)) is not None:
        return _lengthened(kept, wanted, day.hours)
    made = make_bars(session, lake, markets.default, wanted, day.hours, source)
    if made is not None:
        return _lengthened(made.bars, wanted, day.hours, made.newest)
    if source and _sources_seen(session, lake, markets, wanted, day, _known(day.hours, wanted)):
        return SessionBars(BAR_TABLE.empty_table())
    kept = read_bar_file(session, lake, day)
    return _lengthened(BAR_TABLE.empty_table() if kept is None else kept, wanted, day.hours)


def session_sources(session: Session, lake: Lake, markets: Markets, wanted: BarRange, day: BarDay) -> set[str]:
    """The sources that have bars of the range in a session; without a complete bar file those that have ticks."""
    kept = _complete_file(session, lake, wanted, day)
    if kept is None:
        found = _sources_seen(session, lake, markets, wanted, day, wanted.clip(day.hours))
        if found or _sources_seen(session, lake, markets, wanted, day, _known(day.hours, wanted)):
            return found
        kept = read_bar_file(session, lake, day)
    if kept is None:
        return set()
    return set(_lengthened(kept, wanted, day.hours).closed(wanted).column("source").unique().to_pylist())


def _lengthened(
    bars: pa.Table, wanted: BarRange, hours: Hours, newest: Mapping[str, Newest] | None = None
) -> SessionBars:
    plain = bars.cast(BAR_TABLE)
    table = plain if wanted.timeframe == wanted.stored else join_bars(plain, hours, wanted.timeframe)
    return SessionBars(table, newest or {})


def _sources_seen(
    session: Session, lake: Lake, markets: Markets, wanted: BarRange, day: BarDay, seen: Hours
) -> set[str]:
    if seen.open >= seen.close:
        return set()
    if day.in_database and not (day.ticks and day.ticks.purged_at):
        return stored_sources(session, wanted.symbol, seen)
    return sources_seen(session, lake, markets.default, wanted.symbol, seen)


def _complete_file(session: Session, lake: Lake, wanted: BarRange, day: BarDay) -> pa.Table | None:
    if wanted.known_until < day.hours.close or not is_complete(session, wanted.symbol, day):
        return None
    return read_bar_file(session, lake, day)


def _known(hours: Hours, wanted: BarRange) -> Hours:
    return Hours(hours.day, hours.open, min(hours.close, wanted.known_until))

"""Where bars are missing, and whether the market was quiet there or nobody listened. Nothing is ever filled in."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Final, Literal

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.history.bar_range import BarRange
from app.ledger.coverage import (
    MINUTE,
    REACH_MINUTES,
    Span,
    cover_events,
    covered_share,
    is_covered,
    read_coverage,
    unite,
    window_on,
)
from app.market.market import Market
from app.market.sessions import RollWindow
from app.market.sessions import Session as Hours
from app.market.timetable import micros_of
from app.ticks.partitions import existing_partitions

Label = Literal["quiet", "no_feed", "unknown"]
# Until so much later, events may still arrive that show the feed alive in a minute.
SETTLING: Final = (REACH_MINUTES + 1) * MINUTE
# What is recorded of a day is taken as complete up to this much before it was recorded.
RECORDING: Final = timedelta(minutes=10)
# A look into the index for each minute and symbol, until one hits; the ticks themselves are not read.
_EVENTFUL: Final = text("""
WITH RECURSIVE names(symbol) AS (
    (SELECT symbol FROM ticks WHERE session_date = :day ORDER BY symbol LIMIT 1)
    UNION ALL
    SELECT (SELECT t.symbol FROM ticks t WHERE t.session_date = :day AND t.symbol > names.symbol ORDER BY 1 LIMIT 1)
    FROM names WHERE names.symbol IS NOT NULL
), minutes AS (
    SELECT at FROM generate_series(CAST(:start AS timestamptz), CAST(:last AS timestamptz), INTERVAL '1 minute') AS at
)
SELECT at FROM minutes, LATERAL (
    SELECT 1 FROM names, LATERAL (
        SELECT 1 FROM ticks WHERE session_date = :day AND ticks.symbol = names.symbol
            AND ts >= at AND ts < at + INTERVAL '1 minute' AND source = :source LIMIT 1
    ) AS tick LIMIT 1
) AS event
""")


@dataclass(frozen=True, slots=True)
class Hole:
    """Buckets without a bar, from the first one's open to the last one's close, all of one session.

    `quiet`: the source was alive in every minute, and nothing was traded. `no_feed`: in some minute of each bucket it
    was not. `unknown`: nothing is recorded, or it is too early to tell.
    """

    start: datetime
    end: datetime
    label: Label


@dataclass(frozen=True, slots=True)
class DayCover:
    """In which minutes of a trading day a source was alive, as far as that was known at `settled_until`."""

    window: RollWindow
    minutes: bytes
    settled_until: datetime

    def share(self, start: datetime, end: datetime) -> float:
        """The share of the minutes of `[start, end)` in which the source was alive, 0 to 1."""
        return covered_share(self.window, self.minutes, Span(start, end))

    def label(self, start: datetime, end: datetime) -> Label:
        """What a bucket without a bar is."""
        first, last = (start - self.window.start) // MINUTE, -((self.window.start - end) // MINUTE)
        silent = [minute for minute in range(first, last) if not is_covered(self.minutes, minute)]
        if not silent:
            return "quiet"
        is_settled = self.window.start + (silent[0] + 1) * MINUTE <= self.settled_until
        return "no_feed" if is_settled else "unknown"


Covers = Mapping[date, DayCover]


def read_covers(session: Session, market: Market, source: str, days: Collection[date], now: datetime) -> Covers:
    """When a source was alive on trading days, by day; a day of which nothing is known is left out.

    It is what is recorded, and for what was not recorded yet, what the ticks of all symbols show that are still in
    the database. `market` is the desk's, whatever the symbol: its trading days are those of sources.
    """
    rows, stored = read_coverage(session, days, [source]), existing_partitions(session)
    found: dict[date, DayCover] = {}
    for day in days:
        window, row = window_on(market, day), rows.get((source, day))
        if window is None or window.start >= now:
            continue
        known_until = row.updated_at - RECORDING if row else window.start
        unrecorded = Span(max(window.start, known_until), min(window.end, now))
        events = _eventful_minutes(session, source, unrecorded, day) if day in stored else []
        if row is not None or events:
            minutes = unite(row.minutes if row else b"", cover_events(window, events))
            found[day] = DayCover(window, minutes, now - SETTLING)
    return found


def find_holes(
    sessions: Collection[Hours], wanted: BarRange, opened: Collection[datetime], covers: Covers
) -> Iterator[Hole]:
    """The holes between a source's bars of a range, in order, of which `opened` are the opening times.

    Only buckets that open in the range, inside of a session, and have closed at `known_until` count.
    """
    present = {micros_of(at) for at in opened}
    for hours in sessions:
        buckets = _Buckets.of(hours, wanted)
        cover = covers.get(hours.day)
        if cover is None and not any(hours.open <= at < hours.close for at in opened):
            yield from buckets.whole()
        else:
            yield from _runs([found for found in buckets if micros_of(found.start) not in present], cover)


def _runs(missing: list[Span], cover: DayCover | None) -> Iterator[Hole]:
    labelled = [(cover.label(one.start, one.end) if cover else "unknown", one) for one in missing]
    # Buckets that touch share the difference of their place and the time at which they open.
    numbered = enumerate(labelled)
    length = missing[0].end - missing[0].start if missing else MINUTE
    for (label, _), group in groupby(numbered, lambda item: (item[1][0], item[1][1].start - item[0] * length)):
        run = [one for _, (_, one) in group]
        yield Hole(run[0].start, run[-1].end, label)


@dataclass(frozen=True, slots=True)
class _Buckets:
    """The buckets of a session that a range asks for: `count` of them from `first` on, the last one cut at `close`."""

    first: datetime
    count: int
    length: timedelta
    close: datetime

    @classmethod
    def of(cls, hours: Hours, wanted: BarRange) -> "_Buckets":
        length = wanted.length
        first = hours.open + max(0, -((hours.open - wanted.start) // length)) * length
        count = -((first - min(hours.close, wanted.end)) // length)
        if wanted.known_until < hours.close:
            count = min(count, (wanted.known_until - first) // length)
        return cls(first, max(0, count), length, hours.close)

    def __iter__(self) -> Iterator[Span]:
        for number in range(self.count):
            at = self.first + number * self.length
            yield Span(at, min(at + self.length, self.close))

    def whole(self) -> Iterator[Hole]:
        if self.count:
            yield Hole(self.first, min(self.first + self.count * self.length, self.close), "unknown")


def _eventful_minutes(session: Session, source: str, span: Span, day: date) -> list[int]:
    if span.start >= span.end:
        return []
    first = span.start.replace(second=0, microsecond=0)
    values = {"day": day, "source": source, "start": first, "last": span.end - timedelta(microseconds=1)}
    return [micros_of(at) for at in session.scalars(_EVENTFUL, values)]

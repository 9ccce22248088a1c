"""A market: which trading day an instant belongs to, when it opens and closes, and what it has completed."""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from threading import Lock
from typing import Final
from zoneinfo import ZoneInfo

from app.clock import Clock, SystemClock
from app.errors import NotFound, Rejected
from app.market.sessions import RollWindow, Session
from app.market.timetable import MICROSECOND, Profile, Timetable, build_timetable, instant_of, micros_of

FIRST_DAY: Final = date(2000, 1, 1)
YEARS_AHEAD: Final = 2


class Market:
    """Answers in microseconds from a timetable that is built at the first question and kept.

    Instants must be aware; they and days must lie between 2000-01-01 and the end of the second year after the clock's
    year (UTC), else Rejected. The timetable follows the clock by itself. Safe to share between threads.
    """

    def __init__(self, profile: Profile, clock: Clock | None = None) -> None:
        self._profile = profile
        self._clock = clock or SystemClock()
        self._lock = Lock()
        self._timetable: Timetable | None = None

    @property
    def name(self) -> str:
        """The market's name, such as CME_Futures."""
        return self._profile.name

    @property
    def timezone(self) -> ZoneInfo:
        """The zone in which the market states its hours."""
        return self._profile.timezone

    def session_of(self, ts: datetime) -> date:
        """The trading day of an instant: the first session label on or after day D, which begins at the roll."""
        micros, table = self._place(ts)
        return table.days[bisect_right(table.rolls, micros)]

    def window_of(self, ts: datetime) -> RollWindow:
        """The whole span of instants that share the trading day of `ts`."""
        micros, table = self._place(ts)
        index = bisect_right(table.rolls, micros)
        return RollWindow(table.days[index], instant_of(table.rolls[index - 1]), instant_of(table.rolls[index]))

    def session(self, day: date) -> Session | None:
        """The session with that label; None when the market does not trade then."""
        table = self._cover(day)
        index = bisect_left(table.days, day)
        return _session(table, index) if table.days[index] == day else None

    def sessions(self, start: date, end: date) -> list[Session]:
        """The sessions labelled from `start` until before `end`, in order; Rejected when `start` is after `end`."""
        if start > end:
            raise Rejected(f"the first day {start} is after the last {end}: exchange them")
        if start == end:
            return []
        self._cover(start)
        table = self._cover(end - timedelta(days=1))
        return [_session(table, i) for i in range(bisect_left(table.days, start), bisect_left(table.days, end))]

    def is_open(self, ts: datetime) -> bool:
        """Whether a session runs: true at its open, false at its close."""
        micros, table = self._place(ts)
        index = bisect_right(table.opens, micros) - 1
        return micros < table.closes[index]

    def last_completed(self, now: datetime, count: int) -> list[Session]:
        """The `count` latest sessions closed at `now`, oldest first; fewer where the calendar begins."""
        micros, table = self._place(now)
        end = bisect_right(table.closes, micros)
        begin = bisect_left(table.days, FIRST_DAY)
        return [_session(table, i) for i in range(max(begin, end - max(count, 0)), end)]

    def next_open(self, ts: datetime) -> datetime:
        """The first opening instant strictly after `ts`."""
        micros, table = self._place(ts)
        return instant_of(table.opens[bisect_right(table.opens, micros)])

    def _place(self, ts: datetime) -> tuple[int, Timetable]:
        try:
            micros = micros_of(ts)
        except TypeError:
            raise Rejected(f"the time {ts!s} has no zone: pass an aware datetime") from None
        table = self._timetable
        if table is None or not table.start_us <= micros < table.end_us:
            table = self._extend(micros, str(ts))
        return micros, table

    def _cover(self, day: date) -> Timetable:
        micros = micros_of(datetime.combine(day, time(), UTC))
        table = self._timetable
        if table is None or not table.start_us <= micros < table.end_us:
            table = self._extend(micros, str(day))
        return table

    def _extend(self, micros: int, asked: str) -> Timetable:
        end = date(self._clock.now().year + YEARS_AHEAD + 1, 1, 1)
        with self._lock:
            table = self._timetable
            if table is None or instant_of(table.end_us).date() < end:
                table = self._timetable = build_timetable(self._profile, FIRST_DAY, end)
        if not table.start_us <= micros < table.end_us:
            last = instant_of(table.end_us) - MICROSECOND
            raise Rejected(f"{asked} is outside the calendar of {self.name}, {FIRST_DAY} to {last.date()}")
        return table


def _session(table: Timetable, index: int) -> Session:
    return Session(table.days[index], instant_of(table.opens[index]), instant_of(table.closes[index]))


MARKETS: Final[Mapping[str, Market]] = {
    "CME_Futures": Market(
        Profile("CME_Futures", "CMEGLOBEX_EQUITY", ZoneInfo("America/Chicago"), roll=timedelta(hours=17))
    )
}


def market(name: str = "CME_Futures") -> Market:
    """The market of that name, the same object at every call; NotFound lists the known names."""
    try:
        return MARKETS[name]
    except KeyError:
        raise NotFound(f"no market is called {name!r}: known are {', '.join(MARKETS)}") from None

"""A market: which trading day an instant belongs to, what its status is, and what comes next."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from threading import Lock
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from app.clock import Clock, SystemClock
from app.errors import Rejected
from app.market.overrides import NO_OVERRIDES, Overrides
from app.market.sessions import (
    CalendarDay,
    MarketState,
    RegularHours,
    RollWindow,
    Session,
    Status,
    Transition,
    TransitionType,
)
from app.market.timetable import MICROSECOND, ONE_DAY, Profile, Timetable, build_timetable, instant_of, micros_of

if TYPE_CHECKING:
    from app.market.vectors import Vectors

FIRST_DAY: Final = date(2000, 1, 1)
YEARS_AHEAD: Final = 2
LAST_YEARS_AHEAD: Final = 10
_ENTERED: Final = {Status.OPEN: TransitionType.OPEN, Status.PRE_MARKET: TransitionType.PRE_OPEN}


class Market:
    """Answers in microseconds from a timetable that is built at the first question and kept.

    Instants must be aware; they and days must lie between 2000-01-01 and the end of the tenth year after the clock's
    year (UTC), else Rejected. The timetable follows the clock, what is asked, and changes of `overrides`, by itself.
    `rth` is the market whose sessions are this one's regular trading hours, itself unless told. Safe to share between
    threads.
    """

    def __init__(
        self,
        profile: Profile,
        clock: Clock | None = None,
        overrides: Callable[[], Overrides] = lambda: NO_OVERRIDES,
        rth: "Market | None" = None,
    ) -> None:
        self._profile = profile
        self._clock = clock or SystemClock()
        self._read_overrides = overrides
        self._rth = rth or self
        self._lock = Lock()
        self._overrides = NO_OVERRIDES
        self._timetable: Timetable | None = None
        self._vectors: Vectors | None = None

    @property
    def name(self) -> str:
        """The market's name, such as CME_Futures."""
        return self._profile.name

    @property
    def profile(self) -> Profile:
        """The market's rules."""
        return self._profile

    @property
    def timezone(self) -> ZoneInfo:
        """The zone in which the market states its hours."""
        return self._profile.timezone

    @property
    def checked_until(self) -> date:
        """The last day up to which the holidays were compared with the exchange's own schedule."""
        return max(self._profile.checked_until, self._read_overrides().checked_until or date.min)

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
        return _session_on(self._cover(day), day)

    def sessions(self, start: date, end: date) -> list[Session]:
        """The sessions labelled from `start` until before `end`, in order; Rejected when `start` is after `end`."""
        if start > end:
            raise Rejected(f"the first day {start} is after the last {end}: exchange them")
        if start == end:
            return []
        self._cover(start)
        table = self._cover(end - ONE_DAY)
        return [_session(table, i) for i in range(bisect_left(table.days, start), bisect_left(table.days, end))]

    def day(self, day: date) -> CalendarDay:
        """What the calendar says of a date, whether there is a session on it or not."""
        return _calendar_day(self._cover(day), day)

    def is_open(self, ts: datetime) -> bool:
        """Whether a session runs: true at its open, false at its close."""
        return self.status_at(ts) is Status.OPEN

    def status_at(self, ts: datetime) -> Status:
        """What the market does at an instant; every window holds its beginning and not its end."""
        micros, table = self._place(ts)
        return table.states[bisect_right(table.edges, micros) - 1]

    def next_transition(self, ts: datetime) -> Transition:
        """The first change of status strictly after `ts`."""
        micros, table = self._place(ts)
        return _transition(table, bisect_right(table.edges, micros))

    def last_completed(self, now: datetime, count: int) -> list[Session]:
        """The `count` latest sessions closed at `now`, oldest first; fewer where the calendar begins."""
        micros, table = self._place(now)
        end = bisect_right(table.closes, micros)
        begin = bisect_left(table.days, FIRST_DAY)
        return [_session(table, i) for i in range(max(begin, end - max(count, 0)), end)]

    def trade_date(self, day: date) -> date | None:
        """The date under which CME clears the session of a trading day: itself, or the first day after its holiday
        that is none; None for markets that are not of CME, and for days without a session."""
        return _trade_date(self._cover(day), day) if self._profile.clears_ahead else None

    def regular_hours(self, day: date, at: datetime) -> RegularHours:
        """The regular trading hours on a trading day, and whether they run at `at`."""
        return _regular_hours(self._rth.session(day), at)

    def state_at(self, ts: datetime) -> MarketState:
        """Everything that the calendar says of an instant."""
        micros, table = self._place(ts)
        _, rth_table = self._rth._place(ts)
        local = ts.astimezone(self.timezone)
        wall = timedelta(hours=local.hour, minutes=local.minute, seconds=local.second)
        today = local.date() + ONE_DAY if wall >= self._profile.roll else local.date()
        edge = bisect_right(table.edges, micros)
        session = _session(table, bisect_right(table.rolls, micros))
        is_early = session.day in table.early
        return MarketState(
            market=self.name,
            timezone=self.timezone.key,
            at=ts.astimezone(UTC),
            status=table.states[edge - 1],
            next_transition=_transition(table, edge),
            today=_calendar_day(table, today),
            session=session,
            is_early_close=is_early,
            remark=table.remarks.get(session.day) if is_early else None,
            # The session may lie just behind the calendar's last instant, where only the tables reach.
            rth=_regular_hours(_session_on(rth_table, session.day), ts),
            trade_date=_trade_date(table, session.day) if self._profile.clears_ahead else None,
        )

    def vectors(self, first: datetime, last: datetime) -> "Vectors":
        """The same rules for arrays of instants that lie between `first` and `last`, both included."""
        from app.market.vectors import Vectors

        self._place(first)
        _, table = self._place(last)
        known = self._vectors
        if known is None or known.table is not table:
            known = self._vectors = Vectors(table)
        return known

    def _place(self, ts: datetime) -> tuple[int, Timetable]:
        try:
            micros = micros_of(ts)
        except TypeError:
            raise Rejected(f"the time {ts!s} has no zone: pass an aware datetime") from None
        return micros, self._table(micros, ts)

    def _cover(self, day: date) -> Timetable:
        return self._table(micros_of(datetime.combine(day, time(), UTC)), day)

    def _table(self, micros: int, asked: date) -> Timetable:
        table = self._timetable
        is_known = table is not None and table.start_us <= micros < table.end_us
        if table is None or not is_known or self._read_overrides() is not self._overrides:
            table = self._build(micros, asked)
        return table

    def _build(self, micros: int, asked: date) -> Timetable:
        year = self._clock.now().year
        ahead = YEARS_AHEAD if asked.year < year + YEARS_AHEAD else LAST_YEARS_AHEAD
        end = date(year + ahead + 1, 1, 1)
        with self._lock:
            table, overrides = self._timetable, self._read_overrides()
            if table is None or instant_of(table.end_us).date() < end or overrides is not self._overrides:
                own = overrides.by_market.get(self.name, ())
                reach = max(end, instant_of(table.end_us).date()) if table else end
                table = build_timetable(self._profile, FIRST_DAY, reach, own)
                self._timetable, self._overrides = table, overrides
        if not table.start_us <= micros < table.end_us:
            last = instant_of(micros_of(datetime(year + LAST_YEARS_AHEAD + 1, 1, 1, tzinfo=UTC))) - MICROSECOND
            raise Rejected(f"{asked} is outside the calendar of {self.name}, {FIRST_DAY} to {last.date()}")
        return table


def _session(table: Timetable, index: int) -> Session:
    return Session(table.days[index], instant_of(table.opens[index]), instant_of(table.closes[index]))


def _session_on(table: Timetable, day: date) -> Session | None:
    index = bisect_left(table.days, day)
    return _session(table, index) if table.days[index] == day else None


def _calendar_day(table: Timetable, day: date) -> CalendarDay:
    is_early = day in table.early
    return CalendarDay(day, _session_on(table, day), is_early, table.holidays.get(day), table.remarks.get(day))


def _regular_hours(hours: Session | None, at: datetime) -> RegularHours:
    if hours is None:
        return RegularHours(False, None, None)
    return RegularHours(hours.open <= at < hours.close, hours.open, hours.close)


def _trade_date(table: Timetable, day: date) -> date | None:
    index = bisect_left(table.days, day)
    if table.days[index] != day:
        return None
    while table.days[index] in table.holidays:
        index += 1
    return table.days[index]


def _transition(table: Timetable, edge: int) -> Transition:
    before, after = table.states[edge - 1], table.states[edge]
    left = TransitionType.CLOSE if before is Status.OPEN else TransitionType.POST_CLOSE
    return Transition(instant_of(table.edges[edge]), _ENTERED.get(after, left))

"""A calendar flattened into sorted tuples, so that a question is a bisection and needs no pandas."""

import warnings
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from app.market.overrides import Override
from app.market.sessions import Status

if TYPE_CHECKING:
    from exchange_calendars.exchange_calendar import ExchangeCalendar, HolidayCalendar

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)
ONE_DAY: Final = timedelta(days=1)
MARGIN: Final = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Profile:
    """A market's rules: its calendar, its zone, and how long after a label's local midnight the trading day rolls to
    the next, which is a whole day where it ends at midnight.

    Trading before the core session begins at `pre_from`, local time, and after it lasts for `post_for`. Holidays follow
    from rules that were compared with the exchange's own schedule up to the day `checked_until`. `rth_of` names the
    market whose sessions are this one's regular trading hours; its own when there is none. A market that
    `clears_ahead` counts a holiday session to the next trade date that is no holiday.
    """

    name: str
    calendar: str
    timezone: ZoneInfo
    roll: timedelta
    pre_from: time | None = None
    post_for: timedelta | None = None
    checked_until: date = date.max
    rth_of: str | None = None
    clears_ahead: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Timetable:
    """Sessions in order of their days; times are microseconds since 1970 UTC.

    `rolls[i]` is where the window of `days[i]` ends and the next begins. From `edges[i]` until `edges[i + 1]` the
    market has the status `states[i]`. `holidays` and `remarks` are by date, `early` are the days whose session ends
    before the regular close. It answers for instants in `[start_us, end_us)`, and reaches a little further on both
    sides, so that each of those has neighbours.
    """

    days: tuple[date, ...]
    opens: tuple[int, ...]
    closes: tuple[int, ...]
    rolls: tuple[int, ...]
    start_us: int
    end_us: int
    edges: tuple[int, ...] = ()
    states: tuple[Status, ...] = ()
    early: frozenset[date] = frozenset()
    holidays: Mapping[date, str] = field(default_factory=dict)
    remarks: Mapping[date, str] = field(default_factory=dict)


def micros_of(instant: datetime) -> int:
    """Whole microseconds since 1970 UTC; TypeError when the datetime is naive."""
    return (instant - EPOCH) // MICROSECOND


def instant_of(micros: int) -> datetime:
    """The UTC instant that many microseconds since 1970."""
    return EPOCH + timedelta(microseconds=micros)


@lru_cache(maxsize=16)
def build_timetable(profile: Profile, start: date, end: date, overrides: tuple[Override, ...] = ()) -> Timetable:
    """The timetable for instants from `start` 00:00Z until `end` 00:00Z; takes about 0.1 s, 0.5 s the first time.

    `overrides` are this market's; each takes the place of what the calendar says of its day. The same question gives
    the same object, which nobody changes.
    """
    from app.market.calendars import CALENDARS  # Imports pandas: 100 MB that a process without questions saves.

    with warnings.catch_warnings():
        # The library uses parts of pandas that pandas is about to change; its answers are right all the same.
        warnings.simplefilter("ignore", DeprecationWarning)
        calendar = CALENDARS[profile.calendar](start=start - MARGIN, end=end + MARGIN)
        schedule = _Schedule(profile, calendar)
        names = _NamedDays(calendar, start - MARGIN, end + MARGIN)
    for override in overrides:
        schedule.apply(override)
        names.apply(override)
    return schedule.timetable(names, start, end)


class _Schedule:
    def __init__(self, profile: Profile, calendar: "ExchangeCalendar") -> None:
        self._profile, self._calendar = profile, calendar
        self._regular = [(begin.date() if begin else date.min, close) for begin, close in calendar.close_times]
        days = [label.date() for label in calendar.sessions]
        opens, closes = (_micros(nanos.tolist()) for nanos in (calendar.opens_nanos, calendar.closes_nanos))
        self._hours = {day: (opens[i], closes[i]) for i, day in enumerate(days)}
        self._first, self._last = days[0], days[-1]

    def apply(self, override: Override) -> None:
        if not self._first <= override.day <= self._last:
            return
        if override.close is None:
            self._hours.pop(override.day, None)
            return
        known = self._hours.get(override.day)
        opened = known[0] if known else self._regular_open(override.day)
        self._hours[override.day] = (opened, self._local(override.day, override.close))

    def timetable(self, names: "_NamedDays", start: date, end: date) -> Timetable:
        days = tuple(sorted(self._hours))
        edges = list(self._edges(days))
        early = frozenset(day for day in days if self._hours[day][1] < self._regular_close(day))
        return Timetable(
            days=days,
            opens=tuple(self._hours[day][0] for day in days),
            closes=tuple(self._hours[day][1] for day in days),
            rolls=tuple(_at(self._profile, day, self._profile.roll) for day in days),
            start_us=micros_of(datetime.combine(start, time(), UTC)),
            end_us=micros_of(datetime.combine(end, time(), UTC)),
            edges=tuple(at for at, _ in edges),
            states=tuple(state for _, state in edges),
            early=early,
            holidays=names.holidays,
            remarks={day: name for day, name in names.remarks.items() if day in early or day not in self._hours},
        )

    def _edges(self, days: Iterable[date]) -> Iterable[tuple[int, Status]]:
        profile = self._profile
        for day in days:
            opened, closed = self._hours[day]
            if profile.pre_from is not None:
                yield self._local(day, profile.pre_from), Status.PRE_MARKET
            yield opened, Status.OPEN
            if profile.post_for is not None:
                yield closed, Status.POST_MARKET
                closed += profile.post_for // MICROSECOND
            yield closed, Status.CLOSED

    def _regular_open(self, day: date) -> int:
        [(_, opened)] = self._calendar.open_times
        return self._local(day + self._calendar.open_offset * ONE_DAY, opened)

    def _regular_close(self, day: date) -> int:
        begins = [begin for begin, _ in self._regular]
        return self._local(day, self._regular[bisect_right(begins, day) - 1][1])

    def _local(self, day: date, at: time) -> int:
        return micros_of(datetime.combine(day, at, self._profile.timezone))


class _NamedDays:
    def __init__(self, calendar: "ExchangeCalendar", start: date, end: date) -> None:
        from app.market.holidays import OCCASIONS

        def dates(rules: "HolidayCalendar") -> dict[date, str]:
            found = rules.holidays(str(start), str(end), return_name=True)
            return {day.date(): name for day, name in found.items() if day.weekday() < 5}

        self.holidays = dates(calendar.named_holidays)
        closed = {day.date() for day in calendar.adhoc_holidays}
        self.holidays |= {day: name for day, name in OCCASIONS.items() if day in closed}
        self.remarks = {**dates(calendar.named_early_closes), **OCCASIONS, **self.holidays}

    def apply(self, override: Override) -> None:
        self.remarks[override.day] = override.name
        if override.is_holiday is None:
            return
        self.holidays.pop(override.day, None)
        if override.is_holiday:
            self.holidays[override.day] = override.name


def _micros(nanos: Iterable[int]) -> tuple[int, ...]:
    return tuple(value // 1000 for value in nanos)


def _at(profile: Profile, day: date, after_midnight: timedelta) -> int:
    local = datetime.combine(day, time()) + after_midnight
    return micros_of(local.replace(tzinfo=profile.timezone))

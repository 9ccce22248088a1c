"""What the product groups of CME Globex have in common, and the equity-index group. Loads pandas."""

from datetime import time
from typing import Final
from zoneinfo import ZoneInfo

import pandas as pd
from exchange_calendars.exchange_calendar import ExchangeCalendar, HolidayCalendar

from app.market.holidays import (
    CHRISTMAS,
    EVES,
    GOOD_FRIDAYS,
    HOLIDAYS,
    INDEPENDENCE_DAY,
    JOBS_FRIDAYS,
    JUNETEENTH,
    KING_DAY,
    LABOR_DAY,
    MEMORIAL_DAY,
    NEW_YEAR,
    PRESIDENTS_DAY,
    THANKSGIVING,
    between,
)

SpecialClose = tuple[time, HolidayCalendar]
AdhocClose = tuple[time, pd.DatetimeIndex]

# The first year in which each holiday session of the equity group ran to noon instead of 10:30.
NOON_SINCE: Final = (
    (KING_DAY, 2015),
    (PRESIDENTS_DAY, 2015),
    (MEMORIAL_DAY, 2014),
    (INDEPENDENCE_DAY, 2014),
    (LABOR_DAY, 2014),
    (THANKSGIVING, 2014),
)
# Equity, rate and FX futures have traded up to the jobs report on Good Friday since 2010.
TRADED_GOOD_FRIDAYS: Final = JOBS_FRIDAYS[JOBS_FRIDAYS.year >= 2010]


class CMEGlobex(ExchangeCalendar):  # type: ignore[misc]
    """Products of CME Globex: 17:00 Chicago on the evening before the label until 16:00 on the label.

    A holiday half-session is a session of its own, labelled with the holiday. Product groups differ in their holidays
    and early closes, which subclasses state.
    """

    tz = ZoneInfo("America/Chicago")
    open_times = ((None, time(17)),)
    close_times: tuple[tuple[pd.Timestamp | None, time], ...] = ((None, time(16)),)

    @property
    def open_offset(self) -> int:
        """Days from the label to the day of the open."""
        return -1

    @property
    def regular_holidays(self) -> HolidayCalendar:
        """Days without a session, every year."""
        return HolidayCalendar([NEW_YEAR, CHRISTMAS])

    @property
    def named_holidays(self) -> HolidayCalendar:
        """The exchange's holidays, closed or traded."""
        return HolidayCalendar(HOLIDAYS)

    @property
    def named_early_closes(self) -> HolidayCalendar:
        """The days beside holidays on which a group may close early."""
        return HolidayCalendar(EVES)


class CMEGlobexEquity(CMEGlobex):
    """CME equity index futures.

    Sources: CME Group's notices of 2012-11 (trade day ends 16:15 instead of 15:15 from trade date 2012-11-19), of
    2015-09 (16:00 from 2015-09-21) and its holiday schedules; ad-hoc dates from its press releases (2001-09-11,
    2004-06-11, 2007-01-02, Hurricane Sandy 2012-10-29 and -30, 2018-12-05, 2025-01-09). Left out: the pause 15:15-15:30
    (until 2021-06); before 2012-11-19 the first part of a trade day, 15:30-16:30 on the afternoon before; and hours of
    which the exchange's service told on the Saturdays 2026-06-20, 2026-07-04 and 2027-06-19, without a trade being
    known in them.
    """

    name = "CMEGLOBEX_EQUITY"
    close_times = (
        (None, time(15, 15)),
        (pd.Timestamp("2012-11-19"), time(16, 15)),
        (pd.Timestamp("2015-09-21"), time(16)),
    )

    @property
    def adhoc_holidays(self) -> list[pd.Timestamp]:
        """Single days without a session; Good Friday is one unless the jobs report falls on it."""
        closed = pd.DatetimeIndex(["2001-09-12", "2001-09-13", "2001-09-14", "2007-01-02"])
        return list(GOOD_FRIDAYS.difference(TRADED_GOOD_FRIDAYS).union(closed))

    @property
    def special_closes(self) -> list[SpecialClose]:
        """Early closes that return every year, by Chicago time."""
        noon = [between(rule, f"{year}-01-01") for rule, year in NOON_SINCE]
        morning = [between(rule, None, f"{year - 1}-12-31") for rule, year in NOON_SINCE]
        return [
            (time(10, 30), HolidayCalendar(morning)),
            (time(12), HolidayCalendar([*noon, JUNETEENTH])),
            (time(12, 15), HolidayCalendar(EVES)),
        ]

    @property
    def special_closes_adhoc(self) -> list[AdhocClose]:
        """Early closes of single days, by Chicago time."""
        storm = pd.DatetimeIndex(["2012-10-29", "2012-10-30"])
        return [
            (time(8), pd.DatetimeIndex(["2004-06-11"])),
            (time(8, 15), TRADED_GOOD_FRIDAYS.union(storm)),
            (time(8, 30), pd.DatetimeIndex(["2018-12-05", "2025-01-09"])),
            (time(9, 15), pd.DatetimeIndex(["2001-09-11"])),
        ]

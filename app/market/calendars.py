"""Exchange calendars by product group. Loads pandas (100 MB): import it only where a timetable is built."""

from collections.abc import Mapping
from copy import copy
from datetime import time
from typing import Final
from zoneinfo import ZoneInfo

import pandas as pd
from exchange_calendars.exchange_calendar import (
    MONDAY,
    THURSDAY,
    TUESDAY,
    WEDNESDAY,
    ExchangeCalendar,
    HolidayCalendar,
)
from exchange_calendars.us_holidays import Christmas as ChristmasDay
from exchange_calendars.us_holidays import (
    ChristmasEveInOrAfter1993,
    USBlackFridayInOrAfter1993,
    USIndependenceDay,
    USJuneteenth,
    USMartinLutherKingJrAfter1998,
    USMemorialDay,
    USNewYearsDay,
    USPresidentsDay,
    USThanksgivingDay,
)
from pandas.tseries.holiday import GoodFriday, Holiday, USLaborDay

SpecialClose = tuple[time, HolidayCalendar]
AdhocClose = tuple[time, pd.DatetimeIndex]

INDEPENDENCE_EVE: Final = Holiday(
    "Independence Day eve", month=7, day=3, days_of_week=(MONDAY, TUESDAY, WEDNESDAY, THURSDAY)
)
# The first year in which each holiday session ran to noon instead of 10:30.
NOON_SINCE: Final = (
    (USMartinLutherKingJrAfter1998, 2015),
    (USPresidentsDay, 2015),
    (USMemorialDay, 2014),
    (USIndependenceDay, 2014),
    (USLaborDay, 2014),
    (USThanksgivingDay, 2014),
)
GOOD_FRIDAYS: Final = GoodFriday.dates("2000-01-01", "2099-12-31")
# The jobs report appears on the first Friday of the month; equity futures trade up to it since 2010.
JOBS_FRIDAYS: Final = GOOD_FRIDAYS[(GOOD_FRIDAYS.month == 4) & (GOOD_FRIDAYS.day <= 7) & (GOOD_FRIDAYS.year >= 2010)]


def _between(rule: Holiday, first: str | None, last: str | None) -> Holiday:
    clipped = copy(rule)
    clipped.start_date = rule.start_date if first is None else pd.Timestamp(first)
    clipped.end_date = rule.end_date if last is None else pd.Timestamp(last)
    return clipped


class CMEGlobexEquity(ExchangeCalendar):  # type: ignore[misc]
    """CME equity index futures on Globex: 17:00 Chicago on the evening before the label until 16:00 on the label.

    Sources: CME Group's notices of 2012-11 (trade day ends 16:15 instead of 15:15 from trade date 2012-11-19), of
    2015-09 (16:00 from 2015-09-21) and its holiday schedules; ad-hoc dates from its press releases (2001-09-11,
    2004-06-11, 2007-01-02, Hurricane Sandy 2012-10-29 and -30, 2018-12-05, 2025-01-09). A holiday half-session is a
    session of its own, labelled with the holiday. Left out: the pause 15:15-15:30 (until 2021-06), and before
    2012-11-19 the first part of a trade day, 15:30-16:30 on the afternoon before.
    """

    name = "CMEGLOBEX_EQUITY"
    tz = ZoneInfo("America/Chicago")
    open_times = ((None, time(17)),)
    close_times = (
        (None, time(15, 15)),
        (pd.Timestamp("2012-11-19"), time(16, 15)),
        (pd.Timestamp("2015-09-21"), time(16)),
    )

    @property
    def open_offset(self) -> int:
        """Days from the label to the day of the open."""
        return -1

    @property
    def regular_holidays(self) -> HolidayCalendar:
        """Days without a session, every year."""
        return HolidayCalendar([USNewYearsDay, ChristmasDay])

    @property
    def adhoc_holidays(self) -> list[pd.Timestamp]:
        """Single days without a session; Good Friday is one unless the jobs report falls on it."""
        closed = pd.DatetimeIndex(["2001-09-12", "2001-09-13", "2001-09-14", "2007-01-02"])
        return list(GOOD_FRIDAYS.difference(JOBS_FRIDAYS).union(closed))

    @property
    def special_closes(self) -> list[SpecialClose]:
        """Early closes that return every year, by Chicago time."""
        noon = [_between(rule, f"{year}-01-01", None) for rule, year in NOON_SINCE]
        morning = [_between(rule, None, f"{year - 1}-12-31") for rule, year in NOON_SINCE]
        eves = [INDEPENDENCE_EVE, USBlackFridayInOrAfter1993, ChristmasEveInOrAfter1993]
        return [
            (time(10, 30), HolidayCalendar(morning)),
            (time(12), HolidayCalendar([*noon, USJuneteenth])),
            (time(12, 15), HolidayCalendar(eves)),
        ]

    @property
    def special_closes_adhoc(self) -> list[AdhocClose]:
        """Early closes of single days, by Chicago time."""
        storm = pd.DatetimeIndex(["2012-10-29", "2012-10-30"])
        return [
            (time(8), pd.DatetimeIndex(["2004-06-11"])),
            (time(8, 15), JOBS_FRIDAYS.union(storm)),
            (time(8, 30), pd.DatetimeIndex(["2018-12-05", "2025-01-09"])),
            (time(9, 15), pd.DatetimeIndex(["2001-09-11"])),
        ]


CALENDARS: Final[Mapping[str, type[ExchangeCalendar]]] = {CMEGlobexEquity.name: CMEGlobexEquity}

"""The groups of CME Globex beside the equity-index group: energy and metals, interest rates, FX. Loads pandas.

Sources of all three, as public projects have written them down: CME Group's schedules for each holiday of 2010 to 2023;
what its trading-hours service answered for 2024 to 2027, last in 2026-09; and what a class names. From 2015 on every
session is meant to be right; earlier ones are best known.
"""

from collections.abc import Sequence
from datetime import time
from typing import Final

import pandas as pd
from exchange_calendars.exchange_calendar import FRIDAY, HolidayCalendar
from pandas.tseries.holiday import Holiday

from app.market.cme import TRADED_GOOD_FRIDAYS, AdhocClose, CMEGlobex, SpecialClose
from app.market.holidays import (
    BLACK_FRIDAY,
    CHRISTMAS_EVE,
    GOOD_FRIDAYS,
    INDEPENDENCE_DAY,
    JUNETEENTH,
    KING_DAY,
    LABOR_DAY,
    MEMORIAL_DAY,
    PRESIDENTS_DAY,
    THANKSGIVING,
    between,
)

TRADED_HOLIDAYS: Final[Sequence[Holiday]] = (
    KING_DAY,
    PRESIDENTS_DAY,
    MEMORIAL_DAY,
    INDEPENDENCE_DAY,
    LABOR_DAY,
    THANKSGIVING,
)
# Energy, metals and FX trade longer on holidays since 2022, but not on those that a weekend follows.
FRIDAY_HOLIDAYS: Final = pd.DatetimeIndex(
    [
        day
        for rule in (JUNETEENTH, INDEPENDENCE_DAY)
        for day in rule.dates("2022-01-01", "2099-12-31")
        if day.weekday() == FRIDAY
    ]
)
CLOSED_GOOD_FRIDAYS: Final = GOOD_FRIDAYS.difference(TRADED_GOOD_FRIDAYS)


def _clipped(first: str | None, last: str | None) -> list[Holiday]:
    return [between(rule, first, last) for rule in TRADED_HOLIDAYS]


def _fridays_before(rule: Holiday, last_year: int) -> list[pd.Timestamp]:
    return list(rule.dates("2000-01-01", f"{last_year}-12-31") - pd.Timedelta(days=3))


# Rates and FX closed at 15:15 before long weekends until a year that depends on the holiday, and on single days.
FINANCIAL_EVES: Final = pd.DatetimeIndex(
    [
        *_fridays_before(KING_DAY, 2015),
        *_fridays_before(PRESIDENTS_DAY, 2015),
        *_fridays_before(MEMORIAL_DAY, 2015),
        *_fridays_before(LABOR_DAY, 2014),
        *pd.DatetimeIndex(["2009-04-09", "2010-07-02", "2011-07-01"]),
        *pd.DatetimeIndex(["2009-10-09", "2010-10-08", "2011-10-07", "2012-10-05"]),
    ]
)
FINANCIAL_CLOSES: Final[Sequence[AdhocClose]] = (
    (time(10, 15), TRADED_GOOD_FRIDAYS),
    (time(12, 15), pd.DatetimeIndex(["2010-12-31"])),
    (time(15, 15), FINANCIAL_EVES),
)


class CMEGlobexEnergyMetals(CMEGlobex):
    """NYMEX energy and COMEX metals, such as CL, GC, SI and HG: until 16:15 Chicago, from 2015-09-21 until 16:00.

    Good Friday is always closed. Holiday sessions end at 13:30 since 2022, on a Friday at 12:00 as all did before; the
    day after Thanksgiving at 13:45 since 2024, at 12:45 before; Christmas Eve at 12:45. July 3 and national days of
    mourning are ordinary. Source of the regular close: CME Globex notice of 2015-09-07. Left out: early closes before
    2010 other than at 12:45, and the Saturdays 05:00-17:00 after Friday holidays that the service shows from 2026 on,
    of which no trade is known.
    """

    name = "CMEGLOBEX_ENERGY_METALS"
    close_times = ((None, time(16, 15)), (pd.Timestamp("2015-09-21"), time(16)))

    @property
    def adhoc_holidays(self) -> list[pd.Timestamp]:
        """Days without a session whose date no yearly rule gives: every Good Friday."""
        return list(GOOD_FRIDAYS)

    @property
    def special_closes(self) -> list[SpecialClose]:
        """Early closes that return every year, by Chicago time."""
        return [
            (time(12, 15), HolidayCalendar(_clipped("2010-01-01", "2014-04-30"))),
            (time(12), HolidayCalendar(_clipped("2014-05-01", "2021-12-31"))),
            (time(13, 30), HolidayCalendar([*_clipped("2022-01-01", None), JUNETEENTH])),
            (time(12, 45), HolidayCalendar([between(BLACK_FRIDAY, None, "2023-12-31"), CHRISTMAS_EVE])),
            (time(13, 45), HolidayCalendar([between(BLACK_FRIDAY, "2024-01-01")])),
        ]

    @property
    def special_closes_adhoc(self) -> list[AdhocClose]:
        """Early closes of single days, by Chicago time; they outrank those of every year."""
        eves_2010 = ["2010-01-15", "2010-02-12", "2010-05-28", "2010-07-02", "2010-09-03", "2010-10-08"]
        return [
            (time(12), FRIDAY_HOLIDAYS),
            (time(15, 15), pd.DatetimeIndex([*eves_2010, "2010-12-31", "2011-01-14"])),
        ]


class CMEGlobexRates(CMEGlobex):
    """CBOT Treasury futures, such as ZB, ZN, ZF and ZT: until 16:00 Chicago.

    Good Friday is closed unless the jobs report falls on it, then it ends at 10:15. Holiday sessions end at 12:00, the
    day after Thanksgiving and Christmas Eve at 12:15; July 3 is ordinary. Sources of single days: CME Group's releases
    of 2018-12-02 and 2024-12-30 on days of mourning, Reuters for 2012-10-29. Left out: the open at 17:30 until
    2011-09-30, the hours of e-cbot before 2008, and opens at 05:00 after Christmas and New Year in 2011 to 2014.
    """

    name = "CMEGLOBEX_RATES"

    @property
    def adhoc_holidays(self) -> list[pd.Timestamp]:
        """Single days without a session; Good Friday is one unless the jobs report falls on it."""
        return [*CLOSED_GOOD_FRIDAYS, pd.Timestamp("2018-12-05")]

    @property
    def special_closes(self) -> list[SpecialClose]:
        """Early closes that return every year, by Chicago time."""
        return [
            (time(12), HolidayCalendar([*TRADED_HOLIDAYS, JUNETEENTH])),
            (time(12, 15), HolidayCalendar([BLACK_FRIDAY, CHRISTMAS_EVE])),
        ]

    @property
    def special_closes_adhoc(self) -> list[AdhocClose]:
        """Early closes of single days, by Chicago time; they outrank those of every year."""
        return [
            (time(11), pd.DatetimeIndex(["2012-10-29"])),
            (time(12, 15), pd.DatetimeIndex(["2025-01-09"])),
            # What the exchange published in 2026, against its own habit: to close too late here loses nothing.
            (time(13, 30), pd.DatetimeIndex(["2027-07-05"])),
            *FINANCIAL_CLOSES,
        ]


class CMEGlobexFX(CMEGlobex):
    """CME currency futures, such as 6E and 6J: until 16:00 Chicago.

    Good Friday is closed unless the jobs report falls on it, then it ends at 10:15. Holidays are ordinary since 2022,
    on a Friday they end at 12:00 as all did before. The day after Thanksgiving ends at 13:45 since 2025, at 12:15
    before; Christmas Eve at 12:45 since 2024, at 12:15 before. July 3 and national days of mourning are ordinary. The
    close of 2024-11-29 is what was published in 2024-07. Left out: opens at 05:00 after Christmas and New Year in 2011
    to 2014, and the Saturdays 05:00-17:00 after Friday holidays that the service shows from 2026 on, of which no trade
    is known.
    """

    name = "CMEGLOBEX_FX"

    @property
    def adhoc_holidays(self) -> list[pd.Timestamp]:
        """Days without a session whose date no yearly rule gives: Good Friday without the jobs report."""
        return list(CLOSED_GOOD_FRIDAYS)

    @property
    def special_closes(self) -> list[SpecialClose]:
        """Early closes that return every year, by Chicago time."""
        until_2023, from_2024 = between(CHRISTMAS_EVE, None, "2023-12-31"), between(CHRISTMAS_EVE, "2024-01-01")
        return [
            (time(12), HolidayCalendar(_clipped(None, "2021-12-31"))),
            (time(12, 15), HolidayCalendar([between(BLACK_FRIDAY, None, "2024-12-31"), until_2023])),
            (time(12, 45), HolidayCalendar([from_2024])),
            (time(13, 45), HolidayCalendar([between(BLACK_FRIDAY, "2025-01-01")])),
        ]

    @property
    def special_closes_adhoc(self) -> list[AdhocClose]:
        """Early closes of single days, by Chicago time; they outrank those of every year."""
        return [(time(12), FRIDAY_HOLIDAYS), *FINANCIAL_CLOSES]

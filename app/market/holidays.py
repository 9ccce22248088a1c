"""Holiday rules under the names that Thor uses, and how to clip them to the years in which they hold. Loads pandas."""

from collections.abc import Mapping, Sequence
from copy import copy
from datetime import date
from typing import Final

import pandas as pd
from exchange_calendars.exchange_calendar import MONDAY, THURSDAY, TUESDAY, WEDNESDAY
from exchange_calendars.us_holidays import (
    Christmas,
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


def named(name: str, rule: Holiday) -> Holiday:
    """The rule under another name."""
    renamed = copy(rule)
    renamed.name = name
    return renamed


def between(rule: Holiday, first: str | None = None, last: str | None = None) -> Holiday:
    """The rule from day `first` to day `last`, both included; a side that is not given stays as it was."""
    clipped = copy(rule)
    clipped.start_date = rule.start_date if first is None else pd.Timestamp(first)
    clipped.end_date = rule.end_date if last is None else pd.Timestamp(last)
    return clipped


NEW_YEAR: Final = named("New Year's Day", USNewYearsDay)
KING_DAY: Final = named("Martin Luther King Jr. Day", USMartinLutherKingJrAfter1998)
PRESIDENTS_DAY: Final = named("Presidents' Day", USPresidentsDay)
GOOD_FRIDAY: Final = named("Good Friday", GoodFriday)
MEMORIAL_DAY: Final = named("Memorial Day", USMemorialDay)
JUNETEENTH: Final = named("Juneteenth", USJuneteenth)
INDEPENDENCE_DAY: Final = named("Independence Day", USIndependenceDay)
LABOR_DAY: Final = named("Labor Day", USLaborDay)
THANKSGIVING: Final = named("Thanksgiving Day", USThanksgivingDay)
CHRISTMAS: Final = named("Christmas", Christmas)
# The holidays of United States exchanges, in the order of the year.
HOLIDAYS: Final[Sequence[Holiday]] = (
    NEW_YEAR,
    KING_DAY,
    PRESIDENTS_DAY,
    GOOD_FRIDAY,
    MEMORIAL_DAY,
    JUNETEENTH,
    INDEPENDENCE_DAY,
    LABOR_DAY,
    THANKSGIVING,
    CHRISTMAS,
)

# Days on which some markets close early, and that are no holidays.
INDEPENDENCE_EVE: Final = Holiday(
    "Independence Day eve", month=7, day=3, days_of_week=(MONDAY, TUESDAY, WEDNESDAY, THURSDAY)
)
BLACK_FRIDAY: Final = named("Day after Thanksgiving", USBlackFridayInOrAfter1993)
CHRISTMAS_EVE: Final = named("Christmas Eve", ChristmasEveInOrAfter1993)
EVES: Final = (INDEPENDENCE_EVE, BLACK_FRIDAY, CHRISTMAS_EVE)

GOOD_FRIDAYS: Final = GoodFriday.dates("2000-01-01", "2099-12-31")
# The jobs report appears on the first Friday of the month, also when that is Good Friday.
JOBS_FRIDAYS: Final = GOOD_FRIDAYS[(GOOD_FRIDAYS.month == 4) & (GOOD_FRIDAYS.day <= 7)]

# Single days on which exchanges closed or stopped early.
OCCASIONS: Final[Mapping[date, str]] = {
    date(2001, 9, 11): "Attacks of September 11",
    date(2001, 9, 12): "Attacks of September 11",
    date(2001, 9, 13): "Attacks of September 11",
    date(2001, 9, 14): "Attacks of September 11",
    date(2004, 6, 11): "National Day of Mourning for Ronald Reagan",
    date(2007, 1, 2): "National Day of Mourning for Gerald Ford",
    date(2012, 10, 29): "Hurricane Sandy",
    date(2012, 10, 30): "Hurricane Sandy",
    date(2018, 12, 5): "National Day of Mourning for George H. W. Bush",
    date(2025, 1, 9): "National Day of Mourning for Jimmy Carter",
}

"""United States equities: the library's New York calendar, with its holidays under the names that Thor uses."""

from collections.abc import Mapping
from typing import Final

from exchange_calendars.exchange_calendar import HolidayCalendar
from exchange_calendars.exchange_calendar_xnys import XNYSExchangeCalendar

from app.market.holidays import EVES, named

NAMES: Final[Mapping[str, str]] = {
    "Dr. Martin Luther King Jr. Day": "Martin Luther King Jr. Day",
    "President's Day": "Presidents' Day",
    "Washington's Birthday": "Presidents' Day",
    "Juneteenth National Independence Day": "Juneteenth",
    "July 4th": "Independence Day",
    "Thanksgiving": "Thanksgiving Day",
}


class USEquity(XNYSExchangeCalendar):  # type: ignore[misc]
    """The core session of the New York Stock Exchange, 09:30 to 16:00, as exchange-calendars has it."""

    name = "US_EQUITY"

    @property
    def named_holidays(self) -> HolidayCalendar:
        """The exchange's holidays, all of them closed."""
        rules = self.regular_holidays.rules
        return HolidayCalendar([named(NAMES.get(rule.name, rule.name), rule) for rule in rules])

    @property
    def named_early_closes(self) -> HolidayCalendar:
        """The days beside holidays on which the exchange may close early."""
        return HolidayCalendar(EVES)

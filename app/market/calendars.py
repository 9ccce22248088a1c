"""The exchange calendars that markets follow, by name. Loads pandas (100 MB): import it only to build a timetable."""

from collections.abc import Mapping
from typing import Final

from exchange_calendars.exchange_calendar import ExchangeCalendar

from app.market.cme import CMEGlobexEquity
from app.market.cme_groups import CMEGlobexEnergyMetals, CMEGlobexFX, CMEGlobexRates
from app.market.us_equity import USEquity

CALENDARS: Final[Mapping[str, type[ExchangeCalendar]]] = {
    calendar.name: calendar
    for calendar in (CMEGlobexEquity, CMEGlobexEnergyMetals, CMEGlobexRates, CMEGlobexFX, USEquity)
}

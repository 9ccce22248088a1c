"""All markets that Thor knows, with one clock and one file of overrides."""

from collections.abc import Callable, Mapping
from datetime import date, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from app.clock import Clock
from app.errors import NotFound
from app.market.market import Market
from app.market.overrides import NO_OVERRIDES, Limits, Overrides
from app.market.timetable import Profile

DEFAULT: Final = "CME_Futures"
US_EQUITY: Final = "US_Equity"
_CHICAGO: Final = ZoneInfo("America/Chicago")
_NEW_YORK: Final = ZoneInfo("America/New_York")


def _cme(name: str, calendar: str) -> Profile:
    return Profile(
        name,
        calendar,
        _CHICAGO,
        roll=timedelta(hours=17),
        checked_until=date(2027, 12, 31),  # As published in 2026-09; final two weeks before a holiday.
        rth_of=US_EQUITY,
        clears_ahead=True,
    )


PROFILES: Final[Mapping[str, Profile]] = {
    profile.name: profile
    for profile in (
        _cme(DEFAULT, "CMEGLOBEX_EQUITY"),
        _cme("CME_Energy_Metals", "CMEGLOBEX_ENERGY_METALS"),
        _cme("CME_Rates", "CMEGLOBEX_RATES"),
        _cme("CME_FX", "CMEGLOBEX_FX"),
        Profile(
            US_EQUITY,
            "US_EQUITY",
            _NEW_YORK,
            roll=timedelta(days=1),
            pre_from=time(4),
            post_for=timedelta(hours=4),
            checked_until=date(2027, 12, 31),
        ),
    )
}
_CME_CLOSE: Final = Limits(after=None, latest=time(16))
LIMITS: Final[Mapping[str, Limits]] = {
    name: Limits(time(9, 30), time(16)) if name == US_EQUITY else _CME_CLOSE for name in PROFILES
}


class Markets:
    """The markets by name. `default` is the desk's: its trading days are those of ticks, files and partitions.

    `overrides_fault()` is what is wrong with the desk's overrides, in one line, or None.
    """

    def __init__(
        self,
        default: str = DEFAULT,
        clock: Clock | None = None,
        overrides: Callable[[], Overrides] = lambda: NO_OVERRIDES,
        overrides_fault: Callable[[], str | None] = lambda: None,
    ) -> None:
        self.overrides_fault = overrides_fault
        equity = Market(PROFILES[US_EQUITY], clock, overrides)
        others = {
            name: Market(profile, clock, overrides, equity if profile.rth_of else None)
            for name, profile in PROFILES.items()
            if name != US_EQUITY
        }
        self._markets = {**others, US_EQUITY: equity}
        self.default = self.named(default)

    @property
    def names(self) -> list[str]:
        """The names of all markets, the futures first."""
        return list(self._markets)

    def named(self, name: str) -> Market:
        """The market of that name; NotFound lists the known names."""
        try:
            return self._markets[name]
        except KeyError:
            raise NotFound(f"no market is called {name[:40]!r}: known are {', '.join(self._markets)}") from None

    def of_calendar(self, calendar: str) -> Market:
        """The market of a product group's calendar.

        The desk's own market stands in for a calendar that Thor does not have, and for one with other trading days.
        """
        desk = self.default.profile
        for market in self._markets.values():
            profile = market.profile
            if profile.calendar == calendar and (profile.timezone, profile.roll) == (desk.timezone, desk.roll):
                return market
        return self.default


_CALENDARS_ALONE: Final = Markets()


def market(name: str = DEFAULT) -> Market:
    """The market of that name as its calendar has it, without overrides; NotFound lists the known names."""
    return _CALENDARS_ALONE.named(name)

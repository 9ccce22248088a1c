"""Stand-ins for what tests must hold in their hands: time, and the way to the workers."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta

from app.clock import Clock
from app.instruments.catalogue import ENERGY_METALS
from app.market.market import Market
from app.market.markets import DEFAULT, PROFILES, Markets
from app.market.overrides import Override, Overrides

METALS = "Test_Metals"
LABOR_DAY = date(2025, 9, 1)
JOBS_GOOD_FRIDAY = date(2026, 4, 3)


class FixedClock:
    """A clock that stands until it is told to go on."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> datetime:
        """The instant at which it stands."""
        return self._now

    def advance(self, by: timedelta) -> None:
        """Go on by a span of time."""
        self._now += by


class RecordingDispatch:
    """Keeps what it was asked to send to the queues, in order."""

    def __init__(self) -> None:
        self.sent: list[tuple[object, ...]] = []

    def start_collector(self, source: str) -> None:
        """Keep the wish."""
        self.sent.append(("start_collector", source))

    def start_ingest(self, slot: int) -> None:
        """Keep the wish."""
        self.sent.append(("start_ingest", slot))

    def export_session(self, market: str, day: date) -> None:
        """Keep the wish."""
        self.sent.append(("export_session", market, day))

    def close_session(self, market: str, day: date) -> None:
        """Keep the wish."""
        self.sent.append(("close_session", market, day))

    def apply_retention(self, market: str) -> None:
        """Keep the wish."""
        self.sent.append(("apply_retention", market))

    def reconcile(self) -> None:
        """Keep the wish."""
        self.sent.append(("reconcile",))

    def probe(self, queue: str) -> None:
        """Keep the wish."""
        self.sent.append(("probe", queue))


class MarketsWithMetals(Markets):
    """The desk's market, and one for energy and metals: open until 13:30 on Labor Day, closed on Good Friday."""

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__(clock=clock)
        known = Overrides(
            {
                METALS: (
                    Override(LABOR_DAY, time(13, 30), "Labor Day", is_holiday=True),
                    Override(JOBS_GOOD_FRIDAY, None, "Good Friday", is_holiday=True),
                )
            }
        )
        self._metals = Market(replace(PROFILES[DEFAULT], name=METALS), clock, lambda: known)

    @property
    def names(self) -> list[str]:
        """The names of all markets, the metals last."""
        return [*super().names, METALS]

    def named(self, name: str) -> Market:
        """The market of that name."""
        return self._metals if name == METALS else super().named(name)

    def of_calendar(self, calendar: str) -> Market:
        """The metals' market for their calendar, the desk's for all others."""
        return self._metals if calendar == ENERGY_METALS else self.default

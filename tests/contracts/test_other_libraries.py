"""Our calendars against those of pandas-market-calendars: whatever differs must be known, and must differ still."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

import pandas as pd
import pandas_market_calendars as packaged
import pytest

from app.market.calendars import CALENDARS
from app.market.sessions import Session

CHICAGO = ZoneInfo("America/Chicago")
END = "2027-12-31"


@dataclass(frozen=True)
class Difference:
    """Closes on the days `first` to `last`, Chicago time, None where there is no session, and why ours is right."""

    first: date
    last: date
    ours: str | None
    theirs: str | None
    reason: str


def on(day: str, ours: str | None, theirs: str | None, reason: str) -> Difference:
    return Difference(date.fromisoformat(day), date.fromisoformat(day), ours, theirs, reason)


NO_JOBS_REPORT = "from 2023 on they let every Good Friday be traded, also without a jobs report"
MOURNING = "they know no day of mourning; the exchange announced this one"
LABOR_DAY = "from 2022 on the exchange's schedules have 13:30 on Labor Day as on other holidays"
FRIDAY_HOLIDAY = "a holiday session ends at 12:00 before a weekend; of these they know single days of 2026 at most"
DAY_AFTER = "the exchange's trading-hours service has 13:45 on the day after Thanksgiving"
CHRISTMAS_EVE = "the exchange's trading-hours service has 12:45 on Christmas Eve"

EQUITY = [
    Difference(date(2015, 1, 1), date(2015, 9, 18), "16:15", "16:00", "until 2015-09-18 the regular close was 16:15"),
    on("2018-12-05", "08:30", "16:00", MOURNING),
    on("2024-03-29", None, "08:15", NO_JOBS_REPORT),
    on("2025-01-09", "08:30", "16:00", MOURNING),
    on("2025-04-18", None, "08:15", NO_JOBS_REPORT),
    on("2027-03-26", None, "08:15", NO_JOBS_REPORT),
]
ENERGY_METALS = [
    on("2022-09-05", "13:30", "12:00", LABOR_DAY),
    on("2023-09-04", "13:30", "12:00", LABOR_DAY),
    on("2024-09-02", "13:30", "12:00", LABOR_DAY),
    on("2024-11-29", "13:45", "12:45", DAY_AFTER),
    on("2024-12-24", "12:45", "16:00", CHRISTMAS_EVE),
    on("2025-07-04", "12:00", "13:30", FRIDAY_HOLIDAY),
    on("2025-09-01", "13:30", "12:00", LABOR_DAY),
    on("2025-11-28", "13:45", "12:45", DAY_AFTER),
    on("2025-12-24", "12:45", "16:00", CHRISTMAS_EVE),
    on("2027-06-18", "12:00", "13:30", FRIDAY_HOLIDAY),
    on("2027-09-06", "13:30", "12:00", LABOR_DAY),
    on("2027-11-26", "13:45", "12:45", DAY_AFTER),
]
RATES = [
    on("2024-03-29", None, "10:15", NO_JOBS_REPORT),
    on("2025-01-09", "12:15", "16:00", MOURNING),
    on("2025-04-18", None, "10:15", NO_JOBS_REPORT),
    on("2027-03-26", None, "10:15", NO_JOBS_REPORT),
    on("2027-07-05", "13:30", "12:00", "the exchange's trading-hours service has 13:30 on this one holiday"),
]
FX = [
    on("2024-03-29", None, "10:15", NO_JOBS_REPORT),
    on("2024-12-24", "12:45", "12:15", CHRISTMAS_EVE),
    on("2025-04-18", None, "10:15", NO_JOBS_REPORT),
    on("2025-07-04", "12:00", "16:00", FRIDAY_HOLIDAY),
    on("2025-11-28", "13:45", "12:15", DAY_AFTER),
    on("2025-12-24", "12:45", "12:15", CHRISTMAS_EVE),
    on("2026-06-19", "12:00", "16:00", FRIDAY_HOLIDAY),
    on("2026-07-03", "12:00", "16:00", FRIDAY_HOLIDAY),
    on("2026-11-27", "13:45", "12:15", DAY_AFTER),
    on("2026-12-24", "12:45", "12:15", CHRISTMAS_EVE),
    on("2027-03-26", None, "10:15", NO_JOBS_REPORT),
    on("2027-06-18", "12:00", "16:00", FRIDAY_HOLIDAY),
    on("2027-11-26", "13:45", "12:15", DAY_AFTER),
]


COMPARED = [
    ("CMEGLOBEX_EQUITY", "CME Globex Equity", "2015-01-01", EQUITY),
    ("CMEGLOBEX_ENERGY_METALS", "CMEGlobex_EnergyAndMetals", "2022-01-01", ENERGY_METALS),
    ("CMEGLOBEX_RATES", "CME Globex Fixed Income", "2022-01-01", RATES),
    ("CMEGLOBEX_FX", "CMEGlobex_FX", "2022-01-01", FX),
]


@pytest.mark.parametrize(("calendar", "other", "start", "known"), COMPARED)
def test_every_difference_to_the_packaged_calendar_is_explained(
    calendar: str, other: str, start: str, known: Sequence[Difference]
) -> None:
    found = differences(closes(ours(calendar, start)), closes(theirs(other, start)))

    unexplained = [(day, *pair) for day, pair in found.items() if not any(explains(one, day, pair) for one in known)]
    gone = [one for one in known if not any(explains(one, day, pair) for day, pair in found.items())]
    assert (unexplained, gone) == ([], [])


@pytest.mark.parametrize(("calendar", "other", "start", "known"), COMPARED)
def test_sessions_that_both_have_open_at_the_same_instant(
    calendar: str, other: str, start: str, known: Sequence[Difference]
) -> None:
    own, packaged_ones = ours(calendar, start), theirs(other, start)

    assert [day for day in own.keys() & packaged_ones.keys() if own[day].open != packaged_ones[day].open] == []


def test_equities_have_3358_sessions_from_2015_to_2027() -> None:
    assert len(ours("CMEGLOBEX_EQUITY", "2015-01-01")) == 3358


def test_a_difference_is_explained_by_its_days_and_by_both_closes() -> None:
    known = on("2027-03-26", None, "08:15", "")

    assert explains(known, date(2027, 3, 26), (None, "08:15"))
    assert not explains(known, date(2027, 3, 25), (None, "08:15"))
    assert not explains(known, date(2027, 3, 26), (None, "16:00"))


def ours(calendar: str, start: str) -> dict[date, Session]:
    with warnings.catch_warnings():
        # Ours rests on exchange-calendars, which uses parts of pandas that pandas is about to change.
        warnings.simplefilter("ignore", DeprecationWarning)
        schedule = CALENDARS[calendar](start=start, end=END).schedule
    return sessions(schedule[["open", "close"]])


def theirs(name: str, start: str) -> dict[date, Session]:
    return sessions(packaged.get_calendar(name).schedule(start, END)[["market_open", "market_close"]])


def sessions(schedule: pd.DataFrame) -> dict[date, Session]:
    return {day.date(): Session(day.date(), opened, closed) for day, opened, closed in schedule.itertuples()}


def closes(found: dict[date, Session]) -> dict[date, str]:
    return {day: f"{session.close.astimezone(CHICAGO):%H:%M}" for day, session in found.items()}


def differences(one: dict[date, str], other: dict[date, str]) -> dict[date, tuple[str | None, str | None]]:
    pairs = {day: (one.get(day), other.get(day)) for day in sorted(one | other)}
    return {day: pair for day, pair in pairs.items() if pair[0] != pair[1]}


def explains(known: Difference, day: date, pair: tuple[str | None, str | None]) -> bool:
    return known.first <= day <= known.last and (known.ours, known.theirs) == pair

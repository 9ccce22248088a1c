"""The calendars of energy and metals, interest rates and FX against closes that the exchange announced."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.market.market import Market
from app.market.markets import market
from app.market.sessions import Session
from app.market.timetable import Profile

CHICAGO = ZoneInfo("America/Chicago")
GROUPS = {
    name: Market(Profile(name, f"CMEGLOBEX_{name}", CHICAGO, timedelta(hours=17)))
    for name in ("ENERGY_METALS", "RATES", "FX")
}
EQUITY = market()


def close_of(group: Market, day: str) -> str | None:
    session = group.session(date.fromisoformat(day))
    return None if session is None else f"{session.close.astimezone(CHICAGO):%H:%M}"


def sessions_of(group: str, first_year: int) -> list[Session]:
    return GROUPS[group].sessions(date(first_year, 1, 1), date(2028, 1, 1))


@pytest.mark.parametrize(
    ("day", "close"),
    [
        ("2010-01-18", "12:15"), ("2010-07-02", "15:15"), ("2012-10-29", "16:15"), ("2013-10-07", "16:15"),
        ("2014-02-17", "12:15"), ("2014-05-26", "12:00"), ("2015-09-18", "16:15"), ("2015-09-21", "16:00"),
        ("2015-04-03", None), ("2016-11-25", "12:45"), ("2018-12-05", "16:00"), ("2018-12-24", "12:45"),
        ("2020-07-03", "12:00"), ("2021-09-06", "12:00"), ("2021-12-24", None), ("2022-01-17", "13:30"),
        ("2022-06-20", "13:30"), ("2022-09-05", "13:30"), ("2023-02-20", "13:30"), ("2023-04-07", None),
        ("2023-11-24", "12:45"), ("2024-03-29", None), ("2024-07-03", "16:00"), ("2024-07-04", "13:30"),
        ("2024-11-28", "13:30"), ("2024-11-29", "13:45"), ("2024-12-24", "12:45"), ("2025-01-09", "16:00"),
        ("2025-06-19", "13:30"), ("2025-07-04", "12:00"), ("2025-09-01", "13:30"), ("2025-11-28", "13:45"),
        ("2026-04-03", None), ("2026-06-19", "12:00"), ("2026-07-03", "12:00"), ("2026-09-07", "13:30"),
        ("2026-11-27", "13:45"), ("2026-12-24", "12:45"), ("2027-03-26", None), ("2027-06-18", "12:00"),
        ("2027-07-05", "13:30"), ("2027-12-23", "16:00"), ("2027-12-24", None), ("2027-12-31", "16:00"),
    ],
)  # fmt: skip
def test_energy_and_metals_close_when_the_exchange_announced(day: str, close: str | None) -> None:
    assert close_of(GROUPS["ENERGY_METALS"], day) == close


@pytest.mark.parametrize(
    ("day", "close"),
    [
        ("2010-04-02", "10:15"), ("2010-12-31", "12:15"), ("2012-10-05", "15:15"), ("2012-10-29", "11:00"),
        ("2012-10-30", "16:00"), ("2014-08-29", "15:15"), ("2015-01-16", "15:15"), ("2015-01-19", "12:00"),
        ("2015-04-03", "10:15"), ("2015-05-22", "15:15"), ("2015-09-04", "16:00"), ("2015-09-18", "16:00"),
        ("2016-01-15", "16:00"), ("2016-03-25", None), ("2018-07-03", "16:00"), ("2018-12-04", "16:00"),
        ("2018-12-05", None), ("2018-12-06", "16:00"), ("2021-04-02", "10:15"), ("2022-06-20", "12:00"),
        ("2022-11-25", "12:15"), ("2023-04-07", "10:15"), ("2024-03-29", None), ("2024-07-03", "16:00"),
        ("2024-11-29", "12:15"), ("2024-12-24", "12:15"), ("2025-01-09", "12:15"), ("2025-04-18", None),
        ("2025-07-04", "12:00"), ("2025-09-01", "12:00"), ("2025-11-28", "12:15"), ("2026-04-03", "10:15"),
        ("2026-06-19", "12:00"), ("2026-12-24", "12:15"), ("2027-03-26", None), ("2027-06-18", "12:00"),
        ("2027-07-05", "13:30"), ("2027-11-25", "12:00"), ("2027-12-23", "16:00"), ("2027-12-24", None),
    ],
)  # fmt: skip
def test_interest_rates_close_when_the_exchange_announced(day: str, close: str | None) -> None:
    assert close_of(GROUPS["RATES"], day) == close


@pytest.mark.parametrize(
    ("day", "close"),
    [
        ("2006-01-13", "15:15"), ("2006-01-16", "12:00"), ("2010-04-02", "10:15"), ("2012-08-31", "15:15"),
        ("2015-04-03", "10:15"), ("2015-05-22", "15:15"), ("2015-07-03", "12:00"), ("2015-09-18", "16:00"),
        ("2018-11-23", "12:15"), ("2018-12-05", "16:00"), ("2020-12-24", "12:15"), ("2021-04-02", "10:15"),
        ("2021-11-25", "12:00"), ("2022-01-17", "16:00"), ("2022-04-15", None), ("2022-07-04", "16:00"),
        ("2022-11-25", "12:15"), ("2023-04-07", "10:15"), ("2023-11-24", "12:15"), ("2024-03-29", None),
        ("2024-07-03", "16:00"), ("2024-07-04", "16:00"), ("2024-11-29", "12:15"), ("2024-12-24", "12:45"),
        ("2025-01-09", "16:00"), ("2025-04-18", None), ("2025-07-04", "12:00"), ("2025-09-01", "16:00"),
        ("2025-11-27", "16:00"), ("2025-11-28", "13:45"), ("2025-12-24", "12:45"), ("2026-04-03", "10:15"),
        ("2026-06-19", "12:00"), ("2026-07-03", "12:00"), ("2026-09-07", "16:00"), ("2027-06-18", "12:00"),
        ("2027-07-05", "16:00"), ("2027-11-26", "13:45"), ("2027-12-23", "16:00"), ("2027-12-24", None),
    ],
)  # fmt: skip
def test_currencies_close_when_the_exchange_announced(day: str, close: str | None) -> None:
    assert close_of(GROUPS["FX"], day) == close


def test_on_labor_day_gold_and_the_euro_trade_on_after_equities_have_stopped() -> None:
    closes = {name: close_of(group, "2026-09-07") for name, group in {**GROUPS, "EQUITY": EQUITY}.items()}

    assert closes == {"EQUITY": "12:00", "RATES": "12:00", "ENERGY_METALS": "13:30", "FX": "16:00"}


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("day", ["2015-01-01", "2016-12-26", "2022-12-26", "2023-01-02", "2025-12-25", "2026-01-01"])
def test_christmas_and_new_year_have_no_session(group: str, day: str) -> None:
    assert close_of(GROUPS[group], day) is None


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("day", ["2021-12-31", "2022-01-03", "2025-10-13", "2025-11-11", "2025-12-31", "2026-07-02"])
def test_a_day_that_only_looks_like_a_holiday_is_ordinary(group: str, day: str) -> None:
    assert close_of(GROUPS[group], day) == "16:00"


@pytest.mark.parametrize("group", GROUPS)
def test_every_session_opens_at_five_on_the_evening_before(group: str) -> None:
    openings = {session.day: session.open.astimezone(CHICAGO) for session in sessions_of(group, 2000)}

    assert [
        day for day, opening in openings.items() if f"{opening:%F %H:%M:%S}" != f"{day - timedelta(days=1)} 17:00:00"
    ] == []


@pytest.mark.parametrize("group", GROUPS)
def test_no_session_lasts_longer_than_the_regular_one(group: str) -> None:
    longest = {
        year: max(session.close - session.open for session in sessions_of(group, 2000) if session.day.year == year)
        for year in range(2000, 2028)
    }

    quarter = timedelta(minutes=15) if group == "ENERGY_METALS" else timedelta()
    assert longest == {year: timedelta(hours=23) + (quarter if year <= 2015 else timedelta()) for year in longest}


@pytest.mark.parametrize("group", GROUPS)
def test_no_group_trades_on_a_day_without_an_equity_session(group: str) -> None:
    equity = {session.day for session in EQUITY.sessions(date(2010, 1, 1), date(2028, 1, 1))}

    assert {session.day for session in sessions_of(group, 2010)} <= equity


def test_groups_skip_equity_days_only_for_good_friday_and_a_funeral() -> None:
    equity = {session.day for session in EQUITY.sessions(date(2010, 1, 1), date(2028, 1, 1))}

    skipped = {name: sorted(map(str, equity - {s.day for s in sessions_of(name, 2010)})) for name in GROUPS}

    assert skipped == {
        "ENERGY_METALS": ["2010-04-02", "2012-04-06", "2015-04-03", "2021-04-02", "2023-04-07", "2026-04-03"],
        "RATES": ["2018-12-05"],
        "FX": [],
    }

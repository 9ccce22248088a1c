"""The CME equity-index calendar against closes that the exchange announced."""

from datetime import date

import pytest

from app.market.markets import market


def close_of(day: str) -> str | None:
    session = market().session(date.fromisoformat(day))
    return None if session is None else f"{session.close.astimezone(market().timezone):%H:%M}"


@pytest.mark.parametrize("day", ["2025-04-18", "2024-03-29", "2027-03-26", "2013-03-29", "2007-04-06"])
def test_good_friday_without_the_jobs_report_has_no_session(day: str) -> None:
    assert close_of(day) is None


@pytest.mark.parametrize("day", ["2010-04-02", "2012-04-06", "2015-04-03", "2021-04-02", "2023-04-07", "2026-04-03"])
def test_good_friday_with_the_jobs_report_ends_before_the_cash_open(day: str) -> None:
    assert close_of(day) == "08:15"


@pytest.mark.parametrize(
    "day", ["2025-12-25", "2026-01-01", "2023-01-02", "2022-12-26", "2021-12-24", "2010-12-24", "2007-01-02"]
)
def test_christmas_new_year_and_the_ford_funeral_have_no_session(day: str) -> None:
    assert close_of(day) is None


def test_a_new_year_on_a_saturday_costs_no_session() -> None:
    assert close_of("2021-12-31") == "16:00"


@pytest.mark.parametrize(
    "day",
    [
        "2025-01-20", "2025-02-17", "2025-05-26", "2025-06-19", "2025-07-04", "2025-09-01", "2025-11-27",
        "2026-06-19", "2026-07-03", "2022-06-20", "2021-07-05", "2020-07-03", "2014-05-26",
    ],
)  # fmt: skip
def test_a_holiday_session_ends_at_noon(day: str) -> None:
    assert close_of(day) == "12:00"


@pytest.mark.parametrize(
    "day", ["2006-01-16", "2006-02-20", "2013-05-27", "2013-07-04", "2003-09-01", "2013-11-28", "2014-01-20"]
)
def test_an_earlier_holiday_session_ended_at_half_past_ten(day: str) -> None:
    assert close_of(day) == "10:30"


@pytest.mark.parametrize("day", ["2025-07-03", "2025-11-28", "2025-12-24", "2026-11-27", "2026-12-24", "2013-07-03"])
def test_the_eve_of_a_holiday_ends_at_a_quarter_past_twelve(day: str) -> None:
    assert close_of(day) == "12:15"


@pytest.mark.parametrize("day", ["2026-07-02", "2021-06-18", "2025-10-13", "2025-11-11", "2025-12-31"])
def test_a_day_that_only_looks_like_a_holiday_is_ordinary(day: str) -> None:
    assert close_of(day) == "16:00"


@pytest.mark.parametrize(
    ("day", "close"),
    [
        ("2001-09-11", "09:15"), ("2001-09-12", None), ("2001-09-14", None), ("2001-09-17", "15:15"),
        ("2004-06-11", "08:00"), ("2012-10-29", "08:15"), ("2012-10-30", "08:15"), ("2012-10-31", "15:15"),
        ("2018-12-05", "08:30"), ("2025-01-09", "08:30"),
    ],
)  # fmt: skip
def test_disasters_and_days_of_mourning_cut_single_days_short(day: str, close: str | None) -> None:
    assert close_of(day) == close


@pytest.mark.parametrize(
    ("day", "close"),
    [
        ("2012-11-16", "15:15"), ("2012-11-19", "16:15"), ("2013-10-07", "16:15"),
        ("2015-09-18", "16:15"), ("2015-09-21", "16:00"), ("2026-11-20", "16:00"),
    ],
)  # fmt: skip
def test_the_regular_close_follows_the_history_of_the_exchange(day: str, close: str) -> None:
    assert close_of(day) == close

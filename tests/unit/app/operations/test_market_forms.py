from datetime import date, timedelta

import pytest

from app.operations.market_days import market_days
from app.operations.market_forms import calendar_form, session_form
from tests.hours import MARKETS, TICK, at

CLOSE = at("2025-10-09T21:00:00Z")
DESK = MARKETS.default


@pytest.mark.parametrize(
    ("before", "seconds"),
    [(TICK, 1), (timedelta(seconds=1), 1), (timedelta(seconds=1) + TICK, 2), (timedelta(hours=5), 18_000)],
)
def test_seconds_are_rounded_up_so_that_a_countdown_ends_with_the_change(before: timedelta, seconds: int) -> None:
    assert session_form(DESK.state_at(CLOSE - before))["seconds_to_transition"] == seconds


def test_instants_have_a_fraction_only_where_there_is_one() -> None:
    assert session_form(DESK.state_at(CLOSE))["current_time"] == "2025-10-09T21:00:00Z"
    assert session_form(DESK.state_at(CLOSE - TICK))["current_time"] == "2025-10-09T20:59:59.999999Z"


def test_the_fields_of_the_source_document_come_first_and_in_its_order() -> None:
    assert list(session_form(DESK.state_at(CLOSE))) == [
        "status",
        "market",
        "current_time",
        "next_transition",
        "next_transition_type",
        "is_trading_day",
        "is_weekend",
        "is_holiday",
        "holiday_name",
        "timezone",
        "session_date",
        "session_open",
        "session_close",
        "is_early_close",
        "remark",
        "rth",
        "seconds_to_transition",
        "cme_trade_date",
    ]


def test_a_calendar_lists_sessions_and_the_weekdays_without_one() -> None:
    told = calendar_form(DESK, market_days(DESK, date(2025, 7, 3), date(2025, 7, 6)))

    assert told == {
        "market": "CME_Futures",
        "timezone": "America/Chicago",
        "start": "2025-07-03",
        "end": "2025-07-06",
        "checked_until": DESK.checked_until.isoformat(),
        "sessions": [
            {
                "session_date": "2025-07-03",
                "session_open": "2025-07-02T22:00:00Z",
                "session_close": "2025-07-03T17:15:00Z",
                "is_early_close": True,
                "holiday_name": None,
                "remark": "Independence Day eve",
                "rth": {"open": "2025-07-03T13:30:00Z", "close": "2025-07-03T17:00:00Z"},
                "cme_trade_date": "2025-07-03",
            },
            {
                "session_date": "2025-07-04",
                "session_open": "2025-07-03T22:00:00Z",
                "session_close": "2025-07-04T17:00:00Z",
                "is_early_close": True,
                "holiday_name": "Independence Day",
                "remark": "Independence Day",
                "rth": {"open": None, "close": None},
                "cme_trade_date": "2025-07-07",
            },
        ],
        "closed": [],
    }


def test_a_closed_weekday_is_told_with_its_name() -> None:
    told = calendar_form(DESK, market_days(DESK, date(2025, 12, 25), date(2025, 12, 25)))

    assert told["sessions"] == []
    assert told["closed"] == [{"date": "2025-12-25", "holiday_name": "Christmas", "remark": "Christmas"}]

from datetime import date

import pytest

from app.errors import Rejected
from app.operations.market_days import DAYS_LIMIT, days_ahead, market_days, weekdays_closed
from tests.hours import MARKETS, ONE_DAY, at

DESK = MARKETS.default
SATURDAY = at("2025-10-11T12:00:00Z")


def test_every_date_of_a_range_is_there_and_its_end_too() -> None:
    found = market_days(DESK, date(2025, 12, 24), date(2025, 12, 28))

    assert [day.calendar.day.day for day in found] == [24, 25, 26, 27, 28]
    assert [day.calendar.day.day for day in found if day.calendar.session] == [24, 26]
    assert [(day.day.day, day.holiday) for day in weekdays_closed(found)] == [(25, "Christmas")]


def test_a_day_without_a_session_has_neither_regular_hours_nor_a_trade_date() -> None:
    [christmas] = market_days(DESK, date(2025, 12, 25), date(2025, 12, 25))

    assert (christmas.rth.open, christmas.trade_date) == (None, None)


def test_a_range_begins_on_the_present_day_and_lasts_30_days_unless_told() -> None:
    def ends(start: date | None, end: date | None) -> list[str]:
        found = days_ahead(DESK, start, end, SATURDAY)
        return [str(found[0].calendar.day), str(found[-1].calendar.day)]

    assert ends(None, None) == ["2025-10-11", "2025-11-10"]
    assert ends(date(2025, 1, 1), None) == ["2025-01-01", "2025-01-31"]
    assert ends(None, date(2025, 10, 12)) == ["2025-10-11", "2025-10-12"]
    assert ends(date(2025, 1, 2), date(2025, 1, 3)) == ["2025-01-02", "2025-01-03"]


@pytest.mark.parametrize(
    ("start", "end", "reason"),
    [
        (date(2025, 1, 2), date(2025, 1, 1), "exchange them"),
        (None, date(2025, 10, 10), "lies before the present day 2025-10-11: give a start"),
        (date(2010, 1, 1), date(2010, 1, 1) + DAYS_LIMIT * ONE_DAY, "3,661 days: ask for at most 3,660"),
        (date(1999, 12, 31), date(2000, 1, 5), "1999-12-31 is outside the calendar"),
        (date.min, None, "outside the calendar"),
        (date.max, None, "outside the calendar"),
        (date(2036, 12, 31), date(2037, 1, 1), "2037-01-01 is outside the calendar"),
    ],
)
def test_a_range_that_makes_no_sense_is_rejected(start: date | None, end: date | None, reason: str) -> None:
    with pytest.raises(Rejected, match=reason):
        days_ahead(DESK, start, end, SATURDAY)


def test_the_longest_range_is_answered() -> None:
    assert len(market_days(DESK, date(2010, 1, 1), date(2010, 1, 1) + (DAYS_LIMIT - 1) * ONE_DAY)) == DAYS_LIMIT

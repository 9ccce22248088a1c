from datetime import UTC, date, datetime

import pytest

from app.cli.trading_days import explain_empty, parse_days, require_begun
from app.errors import Rejected
from app.market.markets import market


def test_one_day_or_a_range_with_both_ends():
    assert parse_days("2025-10-09", None, None) == [date(2025, 10, 9)]
    assert parse_days(None, "2025-02-27", "2025-03-01") == [date(2025, 2, 27), date(2025, 2, 28), date(2025, 3, 1)]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ((None, None, None), "no day is named"),
        (("2025-10-09", "2025-10-01", None), "exclude each other"),
        (("2025-10-09", None, "2025-10-10"), "exclude each other"),
        ((None, "2025-10-01", None), "add --end"),
        ((None, None, "2025-10-01"), "add --start"),
        ((None, "2025-10-02", "2025-10-01"), "is after"),
        ((None, "0001-01-01", "2025-10-01"), "ask for at most 3,660"),
        (("2025-02-30", None, None), "2025-02-30"),
        (("tomorrow", None, None), "tomorrow"),
        (("", None, None), "YYYY-MM-DD"),
        ((None, "2025-10-1", "2025-10-02"), "2025-10-1"),
    ],
)
def test_days_that_make_no_sense_are_rejected(options, reason):
    with pytest.raises(Rejected, match=reason):
        parse_days(*options)


def test_the_running_trading_day_has_begun_and_the_next_has_not():
    evening = datetime(2025, 10, 9, 22, 30, tzinfo=UTC)

    require_begun(market(), [date(2025, 10, 9), date(2025, 10, 10)], evening)

    with pytest.raises(Rejected, match="2025-10-11 lies in the future: the present trading day is 2025-10-10"):
        require_begun(market(), [date(2025, 10, 9), date(2025, 10, 11)], evening)


def test_days_on_which_nothing_happened_are_explained():
    days = [date(2025, 10, day) for day in (3, 4, 5)]

    assert list(explain_empty(market(), days, "No ticks are stored")) == [
        "No session: 2025-10-04, 2025-10-05",
        "No ticks are stored: 2025-10-03",
    ]
    assert list(explain_empty(market(), [], "No ticks are stored")) == []


def test_many_days_are_not_all_named():
    (line,) = explain_empty(market(), [date(2025, 9, day) for day in range(8, 13)] * 3, "Nothing")

    assert line.endswith("2025-09-12 and 5 more")

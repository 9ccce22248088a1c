from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from app.alerts.quiet_hours import QuietHours
from app.errors import Rejected

CHICAGO = ZoneInfo("America/Chicago")
NIGHT = QuietHours(time(22), time(5))


def at(text):
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize(
    ("now", "over_at"),
    [
        ("2026-01-15T21:59:59-06:00", None),
        ("2026-01-15T22:00:00-06:00", "2026-01-16T05:00:00-06:00"),
        ("2026-01-15T23:59:59-06:00", "2026-01-16T05:00:00-06:00"),
        ("2026-01-16T00:00:00-06:00", "2026-01-16T05:00:00-06:00"),
        ("2026-01-16T04:59:59-06:00", "2026-01-16T05:00:00-06:00"),
        ("2026-01-16T05:00:00-06:00", None),
        ("2026-01-16T12:00:00-06:00", None),
    ],
)
def test_quiet_hours_across_midnight_end_in_the_morning(now, over_at):
    assert NIGHT.over_at(at(now), CHICAGO) == (at(over_at) if over_at else None)


@pytest.mark.parametrize(
    ("now", "over_at"),
    [
        ("2026-01-15T11:59:00-06:00", None),
        ("2026-01-15T12:00:00-06:00", "2026-01-15T13:30:00-06:00"),
        ("2026-01-15T13:29:00-06:00", "2026-01-15T13:30:00-06:00"),
        ("2026-01-15T13:30:00-06:00", None),
    ],
)
def test_quiet_hours_within_a_day_end_on_it(now, over_at):
    noon = QuietHours(time(12), time(13, 30))

    assert noon.over_at(at(now), CHICAGO) == (at(over_at) if over_at else None)


@pytest.mark.parametrize(
    ("now", "over_at"),
    [
        # The night of March is an hour shorter, that of November an hour longer.
        ("2026-03-07T22:00:00-06:00", "2026-03-08T05:00:00-05:00"),
        ("2026-10-31T22:00:00-05:00", "2026-11-01T05:00:00-06:00"),
        ("2026-11-01T01:30:00-05:00", "2026-11-01T05:00:00-06:00"),
    ],
)
def test_the_clocks_on_the_wall_count_in_a_night_in_which_they_change(now, over_at):
    assert NIGHT.over_at(at(now), CHICAGO) == at(over_at)


@pytest.mark.parametrize("now", ["2026-03-08T01:00:00-06:00", "2026-03-08T01:59:00-06:00"])
def test_an_end_that_the_clocks_leave_out_comes_as_much_later(now):
    assert QuietHours(time(22), time(2, 30)).over_at(at(now), CHICAGO) == at("2026-03-08T03:30:00-05:00")


@pytest.mark.parametrize(
    ("now", "over_at"),
    [
        ("2026-11-01T00:30:00-05:00", "2026-11-01T01:30:00-05:00"),
        ("2026-11-01T01:45:00-05:00", None),
        ("2026-11-01T01:15:00-06:00", "2026-11-01T01:30:00-06:00"),
        ("2026-11-01T01:45:00-06:00", None),
    ],
)
def test_an_hour_that_comes_twice_is_quiet_twice(now, over_at):
    assert QuietHours(time(22), time(1, 30)).over_at(at(now), CHICAGO) == (at(over_at) if over_at else None)


def test_they_are_read_as_hours_and_minutes():
    assert QuietHours.parse(" 22:05-05:30 ") == QuietHours(time(22, 5), time(5, 30))


@pytest.mark.parametrize("text", ["", "22-5", "22:00", "24:00-05:00", "22:60-05:00", "22:00-05:00Z", "22:00-22:00"])
def test_what_is_no_span_of_a_day_is_rejected(text):
    with pytest.raises(Rejected, match=r"must (look like|begin and end)"):
        QuietHours.parse(text)

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from app.clock import SystemClock, brief_text, instant_text, parse_day, parse_instant
from app.errors import Rejected


def test_the_system_clock_tells_an_instant_in_utc():
    assert SystemClock().now().tzinfo is UTC


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2025-10-09T15:30:00Z", datetime(2025, 10, 9, 15, 30, tzinfo=UTC)),
        ("2025-10-09T10:30:00-05:00", datetime(2025, 10, 9, 15, 30, tzinfo=UTC)),
        ("2025-11-02T01:30:00.000001-06:00", datetime(2025, 11, 2, 7, 30, 0, 1, tzinfo=UTC)),
        ("2025-10-09T15:30:00.123456999Z", datetime(2025, 10, 9, 15, 30, 0, 123456, tzinfo=UTC)),
        ("2025-10-09T15:30:00,5+00", datetime(2025, 10, 9, 15, 30, 0, 500_000, tzinfo=UTC)),
        ("2025-10-09 15:30Z", datetime(2025, 10, 9, 15, 30, tzinfo=UTC)),
        ("2025-10-09t15:30:00z", datetime(2025, 10, 9, 15, 30, tzinfo=UTC)),
        ("20251009T153000+0000", datetime(2025, 10, 9, 15, 30, tzinfo=UTC)),
        ("2025-W41-4T15:30:00Z", datetime(2025, 10, 9, 15, 30, tzinfo=UTC)),
    ],
)
def test_an_instant_is_read_as_utc(text, instant):
    found = parse_instant(text)

    assert found == instant
    assert found.utcoffset() == timedelta()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("tomorrow", "not an ISO 8601 time"),
        ("", "not an ISO 8601 time"),
        ("2025-02-30T00:00:00Z", "not an ISO 8601 time"),
        ("2016-12-31T23:59:60Z", "not an ISO 8601 time"),
        ("2025-10-09x15:30:00Z", "not an ISO 8601 time"),
        ("2025-10-09\N{ROCKET}15:30:00Z", "not an ISO 8601 time"),
        ("2025-10-09T15:30:00.Z", "not an ISO 8601 time"),
        ("2025-10-09T153000999Z", "not an ISO 8601 time"),
        ("2025-10-09T15:30:00ZZ", "not an ISO 8601 time"),
        ("2025-10-09T15:30:00Z\n", "not an ISO 8601 time"),
        ("２０２５-10-09T15:30:00Z", "not an ISO 8601 time"),
        ("1760023800", "not an ISO 8601 time"),
        ("2025-10-09T15:30:00", "no offset"),
        ("2025-10-09", "no offset"),
        ("0001-01-01T00:00:00+14:00", "outside the calendar"),
        ("9999-12-31T23:59:59-14:00", "outside the calendar"),
    ],
)
def test_what_names_no_instant_is_rejected_with_the_reason(text, reason):
    with pytest.raises(Rejected, match=reason):
        parse_instant(text)


def test_a_date_is_read():
    assert parse_day("2024-02-29") == date(2024, 2, 29)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2025-02-30",
        "0000-01-01",
        "tomorrow",
        "2025-10-9",
        "20251009",
        "2025-W41-4",
        "2025-10-09T",
        "２025-10-09",
        "-025-10-09",
    ],
)
def test_what_is_no_date_of_the_one_form_is_rejected(text):
    with pytest.raises(Rejected, match="YYYY-MM-DD"):
        parse_day(text)


@pytest.mark.parametrize("parse", [parse_day, parse_instant])
def test_a_refusal_stays_short_and_printable_whatever_was_given(parse):
    with pytest.raises(Rejected) as refused:
        parse("\n\x1b[2J" + "9" * 100_000)

    assert len(str(refused.value)) < 200
    assert str(refused.value).isprintable()


def test_an_instant_is_written_with_microseconds_and_z():
    assert instant_text(datetime(2025, 10, 9, 15, 30, tzinfo=UTC)) == "2025-10-09T15:30:00.000000Z"
    assert instant_text(datetime(2025, 10, 9, 10, 30, tzinfo=timezone(timedelta(hours=-5)))) == (
        "2025-10-09T15:30:00.000000Z"
    )


def test_a_brief_instant_has_a_fraction_only_where_there_is_one():
    assert brief_text(datetime(2025, 10, 9, 10, 30, tzinfo=timezone(timedelta(hours=-5)))) == "2025-10-09T15:30:00Z"
    assert brief_text(datetime(2025, 10, 9, 15, 30, microsecond=5, tzinfo=UTC)) == "2025-10-09T15:30:00.000005Z"

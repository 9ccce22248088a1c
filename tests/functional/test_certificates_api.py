"""GET /api/certificates."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.api.certificate_shapes import CERTIFICATES_EXAMPLE, CertificatesAnswer
from app.desk.events import EventKey, end_event, plan_event
from app.desk.models import SessionCertificate
from app.desk.snapshots import save_certificate
from app.runtime import Runtime
from tests.desk_days import watch_only
from tests.fakes import FixedClock

DAY = date(2025, 10, 9)
CLOSE = datetime(2025, 10, 9, 21, tzinfo=UTC)
MADE = CLOSE + timedelta(seconds=124, milliseconds=120)
MARKET = "CME_Futures"


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(CLOSE + timedelta(hours=30))


def test_a_certificate_is_told_and_the_example_is_true(client: FlaskClient, rt: Runtime) -> None:
    watch_only(rt, "ES")
    certify(rt, DAY, "incomplete", "no feed was alive in 12 of 1,380 minutes")
    close(rt, DAY)

    answer = client.get("/api/certificates?start=2025-10-09&end=2025-10-10")

    CertificatesAnswer.model_validate(answer.json, strict=True)
    assert answer.json["certificates"][1:] == CERTIFICATES_EXAMPLE["certificates"]
    assert (answer.json["start"], answer.json["end"]) == (CERTIFICATES_EXAMPLE["start"], CERTIFICATES_EXAMPLE["end"])


def test_past_sessions_come_newest_first_and_those_that_run_or_lie_ahead_not_at_all(
    client: FlaskClient, rt: Runtime, clock: FixedClock
) -> None:
    watch_only(rt, "6E", "ES")
    clock.advance(CLOSE - timedelta(seconds=1) - clock.now())

    before = told(client, "?start=2025-10-06&end=2025-10-12")
    clock.advance(timedelta(seconds=1))
    after = told(client, "?start=2025-10-06&end=2025-10-12")

    days = ["2025-10-08", "2025-10-07", "2025-10-06"]
    assert [(one["session_date"], one["market"]) for one in before] == [
        (day, market) for day in days for market in (MARKET, "CME_FX")
    ]
    assert [(one["session_date"], one["market"]) for one in after[:2]] == [
        ("2025-10-09", MARKET),
        ("2025-10-09", "CME_FX"),
    ]


def test_a_session_without_a_certificate_has_no_verdict_and_its_close_tells_why(
    client: FlaskClient, rt: Runtime
) -> None:
    watch_only(rt, "ES")
    plan(rt, date(2025, 10, 8))
    close(rt, date(2025, 10, 7), "skipped", "there was nothing to close")

    found = {one["session_date"]: one for one in told(client, "?start=2025-10-06&end=2025-10-08")}

    assert {one["verdict"] for one in found.values()} == {None}
    assert {day: (one["overdue"], one["close_status"]) for day, one in found.items()} == {
        "2025-10-08": (True, "planned"),
        "2025-10-07": (False, "skipped"),
        "2025-10-06": (False, None),
    }
    assert found["2025-10-07"]["close_reason"] == "there was nothing to close"
    assert (found["2025-10-08"]["made_at"], found["2025-10-08"]["reasons"]) == (None, [])


def test_a_close_is_overdue_after_fifteen_minutes(client: FlaskClient, rt: Runtime, clock: FixedClock) -> None:
    watch_only(rt, "ES")
    plan(rt, DAY)

    found = []
    for late in (timedelta(minutes=15) - timedelta(seconds=1), timedelta(minutes=15)):
        clock.advance(CLOSE + late - clock.now())
        found += [one["overdue"] for one in told(client, "?start=2025-10-09&end=2025-10-09")]

    assert found == [False, True]


def test_a_market_is_told_alone_and_one_that_is_not_watched_any_more_with_the_others(
    client: FlaskClient, rt: Runtime
) -> None:
    watch_only(rt, "ES")
    certify(rt, DAY, "complete", market="CME_Rates")

    days = "start=2025-10-09&end=2025-10-09"
    assert [one["market"] for one in told(client, f"?{days}")] == [MARKET, "CME_Rates"]
    assert [one["market"] for one in told(client, f"?{days}&market=CME_Rates")] == ["CME_Rates"]
    assert [(one["market"], one["verdict"]) for one in told(client, f"?{days}&market=US_Equity")] == [
        ("US_Equity", None)
    ]


def test_a_certificate_of_a_day_that_the_calendar_has_lost_is_told(client: FlaskClient, rt: Runtime) -> None:
    watch_only(rt, "ES")
    certify(rt, date(2025, 10, 4), "failed", "ticks are missing")  # A Saturday.

    found = told(client, "?start=2025-10-04&end=2025-10-05")

    assert [(one["session_date"], one["session_close"], one["verdict"]) for one in found] == [
        ("2025-10-04", None, "failed")
    ]


def test_unless_told_the_days_are_the_thirty_before_the_present_one(client: FlaskClient, rt: Runtime) -> None:
    answer = client.get("/api/certificates")

    assert (answer.json["start"], answer.json["end"]) == ("2025-09-11", "2025-10-11")
    assert {one["market"] for one in answer.json["certificates"]} == {MARKET, "CME_Energy_Metals", "CME_Rates"}


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("start=2025-10-09&end=2025-10-08", "start 2025-10-09 is after end 2025-10-08"),
        ("start=2024-09-05&end=2025-10-10", "401 days: ask for at most 400"),
        ("start=1850-01-01&end=1850-01-02", "outside the calendar"),
        ("end=0001-01-05", "0001-01-05 is outside the calendar"),
        ("start=9999-12-31&end=9999-12-31", "9999-12-31 is outside the calendar"),
        ("start=9999-12-31", "start 9999-12-31 is after end 2025-10-11"),
        ("start=0001-01-01", "ask for at most 400"),
        ("market=Moon", "no market is called 'Moon'"),
        ("day=1", "day"),
        ("end=today", "end"),
    ],
)
def test_what_makes_no_sense_is_refused(client: FlaskClient, query: str, words: str) -> None:
    answer = client.get(f"/api/certificates?{query}")

    assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")
    assert words in answer.json["detail"]


def test_four_hundred_days_are_answered(client: FlaskClient, rt: Runtime) -> None:
    watch_only(rt, "ES")

    found = told(client, "?start=2024-09-06&end=2025-10-10")

    assert found[-1]["session_date"] == "2024-09-06"
    assert len(found) == len(rt.market.sessions(date(2024, 9, 6), date(2025, 10, 11)))


def told(client: FlaskClient, query: str) -> list[dict[str, Any]]:
    """The answer's sessions."""
    answer = client.get(f"/api/certificates{query}")
    CertificatesAnswer.model_validate(answer.json, strict=True)
    return answer.json["certificates"]


def certify(rt: Runtime, day: date, verdict: str, *reasons: str, market: str = MARKET) -> None:
    """Keep a certificate."""
    known = {"figures": {}, "files": [], "made_at": MADE}
    with rt.sessions.begin() as session:
        save_certificate(
            session,
            SessionCertificate(market=market, session_date=day, verdict=verdict, reasons=list(reasons), **known),
        )


def plan(rt: Runtime, day: date) -> None:
    """Plan the close of a session."""
    with rt.sessions.begin() as session:
        plan_event(session, EventKey(MARKET, day, "close"), rt.market.session(day).close)


def close(rt: Runtime, day: date, ending: str = "done", reason: str = "") -> None:
    """End the close of a session."""
    plan(rt, day)
    with rt.sessions.begin() as session:
        end_event(session, EventKey(MARKET, day, "close"), MADE, ending, reason)

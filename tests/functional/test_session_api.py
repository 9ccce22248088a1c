"""GET /api/session and /api/sessions, which need no server."""

from datetime import timedelta

import pytest

from app.api.session_shapes import (
    SESSION_EXAMPLE,
    SESSIONS_EXAMPLE,
    CalendarSession,
    ClosedDay,
    SessionAnswer,
    SessionsAnswer,
)
from app.factory import create_app
from app.market.markets import PROFILES
from app.settings import load_settings
from tests.fakes import FixedClock, RecordingDispatch
from tests.hours import TICK, at, example_rows, needs_shared_data, worked_answer

THANKSGIVING = at("2025-11-27T15:30:00Z")


@needs_shared_data
@pytest.mark.parametrize("row", example_rows(), ids=lambda row: f"{row['market']} {row['at_utc']}")
def test_every_worked_answer_is_given(client, row):
    answer = client.get("/api/session", query_string={"market": row["market"], "at": row["at_utc"]})

    promised = worked_answer(row)
    assert answer.status_code == 200
    assert {name: answer.json[name] for name in promised} == promised


def test_without_parameters_it_is_the_desks_market_now(client):
    answer = client.get("/api/session")

    assert answer.content_type == "application/json"
    assert answer.json == {
        "status": "OPEN",
        "market": "CME_Futures",
        "current_time": "2025-11-27T15:30:00Z",
        "next_transition": "2025-11-27T18:00:00Z",
        "next_transition_type": "CLOSE",
        "is_trading_day": True,
        "is_weekend": False,
        "is_holiday": True,
        "holiday_name": "Thanksgiving Day",
        "timezone": "America/Chicago",
        "session_date": "2025-11-27",
        "session_open": "2025-11-26T23:00:00Z",
        "session_close": "2025-11-27T18:00:00Z",
        "is_early_close": True,
        "remark": "Thanksgiving Day",
        "rth": {"is_open": False, "open": None, "close": None},
        "seconds_to_transition": 9000,
        "cme_trade_date": "2025-11-28",
    }


def test_the_present_instant_has_its_microseconds_and_the_countdown_whole_seconds(client, clock):
    clock.advance(timedelta(hours=2, minutes=29, seconds=59) + TICK)

    answer = client.get("/api/session").json

    assert (answer["current_time"], answer["seconds_to_transition"]) == ("2025-11-27T17:59:59.000001Z", 1)


@pytest.mark.parametrize("name", PROFILES)
def test_the_answers_have_the_shapes_that_the_documentation_promises(client, name):
    one = client.get(f"/api/session?market={name}").json
    many = client.get(f"/api/sessions?market={name}&start=2025-12-01").json

    SessionAnswer.model_validate_json(client.get(f"/api/session?market={name}").text, strict=True, extra="forbid")
    SessionsAnswer.model_validate(many, strict=True, extra="forbid")
    assert list(one) == list(SessionAnswer.model_fields)
    assert list(many["sessions"][0]) == list(CalendarSession.model_fields)
    assert list(many["closed"][0]) == list(ClosedDay.model_fields)
    assert (one["market"], many["market"]) == (name, name)
    assert (one["cme_trade_date"] is None) == (name == "US_Equity")


def test_the_examples_of_the_documentation_are_answers(client):
    one = client.get("/api/session?at=" + SESSION_EXAMPLE["current_time"]).json
    many = client.get("/api/sessions?start=2025-12-25&end=2025-12-26").json

    assert one == SESSION_EXAMPLE
    assert many == SESSIONS_EXAMPLE | {"checked_until": many["checked_until"]}


@pytest.mark.parametrize(
    "text",
    [
        "2025-10-09T15:30:00%2B00:00",
        "2025-10-09T15:30:00+00:00",
        "2025-10-09T15:30:00 00:00",
        "2025-10-09T10:30:00-05:00",
        "2025-10-10T00:30:00%2B09:00",
        "2025-10-09T15:30:00.000Z",
        "20251009T153000Z",
    ],
)
def test_an_instant_may_be_written_with_any_offset(client, text):
    assert client.get(f"/api/session?at={text}").json["current_time"] == "2025-10-09T15:30:00Z"


@pytest.mark.parametrize("path", ["/api/session", "/api/sessions"])
@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("at=", "not an ISO 8601 time"),
        ("at=now", "not an ISO 8601 time"),
        ("at=2025-10-09T15:30:00", "no offset"),
        ("at=2025-10-09", "no offset"),
        ("at=2016-12-31T23:59:60Z", "not an ISO 8601 time"),
        ("at=2025-02-30T00:00:00Z", "not an ISO 8601 time"),
        ("at=0001-01-01T00:00:00Z", "outside the calendar of CME_Futures"),
        ("at=0001-01-01T00:00:00%2B14:00", "outside the calendar"),
        ("at=9999-12-31T23:59:59Z", "outside the calendar of CME_Futures"),
        ("at=9999-12-31T23:59:59-14:00", "outside the calendar"),
        ("at=1999-12-31T23:59:59Z", "2000-01-01 to"),
        ("at=1760023800", "not an ISO 8601 time"),
        ("market=", "no market is called ''"),
        ("market=Moon", "known are CME_Futures"),
        ("market=cme_futures", "no market is called"),
        ("market=CME_Futures';DROP TABLE ticks;--", "no market is called"),
        ("market=../../etc/passwd", "no market is called"),
        ("market=%F0%9F%98%80", "no market is called"),
        ("market=" + "x" * 5000, "no market is called"),
        ("market=US_Equity&market=US_Equity", "2 times"),
        ("markets=US_Equity", "markets: is not known here"),
    ],
)
def test_a_wrong_query_is_a_problem_that_names_what_is_wrong(client, path, query, word):
    answer = client.get(f"{path}?{query}")

    assert (answer.status_code, answer.content_type) == (400, "application/problem+json")
    assert word in answer.json["detail"]
    assert answer.text.isprintable()
    assert len(answer.text) < 1500


def test_a_calendar_lists_the_sessions_of_its_days_and_the_days_without_one(client):
    answer = client.get("/api/sessions?start=2025-12-22&end=2026-01-04").json

    assert [session["session_date"][5:] for session in answer["sessions"]] == [
        *("12-22", "12-23", "12-24", "12-26"),
        *("12-29", "12-30", "12-31", "01-02"),
    ]
    assert [day["date"] for day in answer["closed"]] == ["2025-12-25", "2026-01-01"]
    assert (answer["start"], answer["end"]) == ("2025-12-22", "2026-01-04")
    [eve] = [session for session in answer["sessions"] if session["is_early_close"]]
    assert (eve["session_date"], eve["remark"], eve["holiday_name"]) == ("2025-12-24", "Christmas Eve", None)


def test_a_calendar_begins_today_and_lasts_30_days_unless_told(client):
    now = client.get("/api/sessions").json
    then = client.get("/api/sessions?at=2025-07-04T22:00:00Z").json

    assert (now["start"], now["end"]) == ("2025-11-27", "2025-12-27")
    assert (then["start"], then["sessions"][0]["session_date"]) == ("2025-07-05", "2025-07-07")


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("start=2025-10-10&end=2025-10-09", "start 2025-10-10 is after end 2025-10-09"),
        ("end=2025-11-26", "give a start as well"),
        ("start=2010-01-01&end=2020-01-09", "3,660"),
        ("start=0001-01-01&end=9999-12-31", "at most 3,660"),
        ("start=1999-12-31", "outside the calendar"),
        ("start=9999-12-31", "outside the calendar"),
        ("start=2025-02-30", "start: '2025-02-30' is not a date"),
        ("start=", "start: '' is not a date"),
        ("start=2025-10-09T00:00:00Z", "is not a date"),
        ("start=2025-W41-4", "is not a date"),
    ],
)
def test_a_wrong_range_is_a_problem_that_names_what_is_wrong(client, query, word):
    answer = client.get(f"/api/sessions?{query}")

    assert answer.status_code == 400
    assert word in answer.json["detail"]


def test_overrides_of_the_desk_are_in_the_answers(app_with, tmp_path):
    file = tmp_path / "overrides.yaml"
    file.write_text(
        "overrides:\n"
        "  - {markets: [CME_Futures], date: 2025-12-01, close: 08:30, name: A day of mourning}\n"
        "  - {markets: [CME_Futures], date: 2025-12-02, closed: true, holiday: false, name: A storm}\n"
    )

    answer = app_with(market_overrides=file).get("/api/sessions?start=2025-12-01&end=2025-12-02").json

    assert [(one["session_close"], one["remark"]) for one in answer["sessions"]] == [
        ("2025-12-01T14:30:00Z", "A day of mourning")
    ]
    assert answer["closed"] == [{"date": "2025-12-02", "holiday_name": None, "remark": "A storm"}]


def test_overrides_that_went_wrong_are_told_by_readiness_and_do_it_no_harm(app_with, tmp_path):
    file = tmp_path / "overrides.yaml"
    file.write_text("overrides: []")
    client = app_with(market_overrides=file)
    file.write_text("overrides: [")

    checks = {check["name"]: check for check in client.get("/api/health/ready").json["checks"]}

    assert checks["calendar"]["ok"]
    assert "overrides.yaml: line 1" in checks["calendar"]["detail"]


def test_the_desks_market_is_that_of_its_settings(app_with):
    assert app_with(market="US_Equity").get("/api/session").json["market"] == "US_Equity"


@pytest.fixture
def clock():
    return FixedClock(THANKSGIVING)


@pytest.fixture
def client(app_with):
    return app_with()


@pytest.fixture
def app_with(tmp_path, clock):
    def make(**settings):
        return create_app(
            load_settings(_env_file=None, state_dir=tmp_path / "none", **settings), RecordingDispatch(), clock
        ).test_client()

    return make

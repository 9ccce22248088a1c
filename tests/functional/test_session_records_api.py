from datetime import UTC, date, datetime, timedelta

import pytest
from flask.testing import FlaskClient

from app.api.session_record_shapes import SessionRecordsAnswer
from app.operations.closing import close_session
from app.operations.opening import open_session
from app.operations.session_status import market_figures
from app.runtime import Runtime
from tests.desk_days import traded
from tests.fakes import FixedClock
from tests.ticks import store_quotes

DAY, CLOSE = date(2025, 10, 9), datetime(2025, 10, 9, 21, tzinfo=UTC)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(CLOSE - timedelta(hours=1))


def test_the_record_of_a_day_has_events_snapshot_and_certificate_of_each_watched_market(
    client: FlaskClient, rt: Runtime, clock: FixedClock
) -> None:
    ticks = traded(rt.market.session(DAY))
    store_quotes(rt.sessions, ticks)
    open_session(rt, "CME_Futures", DAY)
    clock.advance(timedelta(hours=1, minutes=2))
    close_session(rt, "CME_Futures", DAY)

    answer = client.get("/api/sessions/2025-10-09")

    SessionRecordsAnswer.model_validate(answer.json, strict=True)
    assert answer.json["session_date"] == "2025-10-09"
    markets = {one["market"]: one for one in answer.json["markets"]}
    assert set(markets) == {"CME_Futures", "CME_Energy_Metals", "CME_Rates"}
    futures = markets["CME_Futures"]
    assert futures["session_close"] == "2025-10-09T21:00:00.000000Z"
    assert [(event["event"], event["status"]) for event in futures["events"]] == [("open", "late"), ("close", "late")]
    assert (futures["snapshot"]["ticks"], futures["certificate"]["verdict"]) == (len(ticks), "incomplete")
    assert futures["certificate"]["files"][0]["path"] == "ticks/date=2025-10-09/symbol=ES/ticks.parquet"
    assert markets["CME_Rates"]["events"] == []


def test_one_market_is_told_alone_and_a_day_without_session_has_no_hours(client: FlaskClient) -> None:
    answer = client.get("/api/sessions/2025-12-25?market=CME_FX")

    assert [one["market"] for one in answer.json["markets"]] == ["CME_FX"]
    assert answer.json["markets"][0]["session_open"] is None


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("2025-13-01", 400),
        ("now", 400),
        ("1850-01-01", 400),
        ("2025-10-09?market=Moon", 400),
        ("2025-10-09?day=1", 400),
    ],
)
def test_what_makes_no_sense_is_refused(client: FlaskClient, path: str, status: int) -> None:
    answer = client.get(f"/api/sessions/{path}")

    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")


def test_the_status_tells_markets_waiting_events_and_certificates(rt: Runtime) -> None:
    open_session(rt, "CME_Futures", DAY)

    figures = market_figures(rt)

    assert figures["CME_Futures"] == {
        "status": "OPEN",
        "session_date": "2025-10-09",
        "next": "CLOSE 2025-10-09T21:00:00.000000Z",
    }
    assert (figures["events"], figures["certificates"]) == ([], {})

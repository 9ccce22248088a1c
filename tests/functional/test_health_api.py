"""GET /api/health, /live and /ready on real stores."""

from datetime import timedelta

import pytest

from app.api.answers import ReadinessAnswer
from app.bus import keys
from app.dispatch import QUEUES
from app.market.markets import PROFILES
from tests.factories import MOMENT, wire
from tests.fakes import FixedClock

NOW_MS = int(MOMENT.timestamp() * 1000)


def test_the_process_says_that_it_lives(client):
    assert (client.get("/api/health/live").status_code, client.get("/api/health/live").json) == (
        200,
        {"status": "live"},
    )


def test_everything_at_work_is_ready(client, served):
    answer = client.get("/api/health/ready")

    assert (answer.status_code, answer.json["status"]) == (200, "ready")
    assert [check["name"] for check in answer.json["checks"]] == [
        "redis",
        "postgres",
        "ingest",
        "room",
        "ledger",
        "calendar",
        "queues",
        "feeds",
        "agreement",
        "sessions",
        "jobs",
        "premarket",
        "alerts",
        "stream",
    ]
    assert all(check["ok"] for check in answer.json["checks"])
    ReadinessAnswer.model_validate(answer.json, strict=True)


def test_holidays_that_are_soon_not_known_are_told_and_do_no_harm(client, served, clock):
    clock.advance(timedelta(days=3000))

    checks = {check["name"]: check for check in client.get("/api/health/ready").json["checks"]}

    assert checks["calendar"]["ok"]
    assert "known holidays run out for CME_Futures" in checks["calendar"]["detail"]
    assert set(checks["calendar"]["checked_until"]) == set(PROFILES)


def test_a_part_that_makes_no_progress_is_named_and_the_answer_is_503(client, served, bus):
    bus.xadd(keys.STREAM, wire())

    answer = client.get("/api/health/ready")

    assert (answer.status_code, answer.json["status"]) == (503, "not_ready")
    assert answer.content_type == "application/json"
    assert [check["name"] for check in answer.json["checks"] if not check["ok"]] == ["ingest"]


def test_a_page_is_told_the_same_with_status_200(client, served, bus):
    bus.xadd(keys.STREAM, wire())

    shown, ready = client.get("/api/health"), client.get("/api/health/ready")

    assert (shown.status_code, ready.status_code) == (200, 503)
    assert shown.json["status"] == "not_ready"
    assert [(check["name"], check["ok"]) for check in shown.json["checks"]] == [
        (check["name"], check["ok"]) for check in ready.json["checks"]
    ]


def test_queues_without_a_worker_are_not_ready(client, bus):
    answer = client.get("/api/health/ready")

    [queues] = [check for check in answer.json["checks"] if check["name"] == "queues"]
    assert answer.status_code == 503
    assert all(queue in queues["detail"] for queue in QUEUES)


@pytest.fixture
def clock():
    return FixedClock(MOMENT)


@pytest.fixture
def served(bus):
    for queue in QUEUES:
        bus.set(keys.pulse(queue), NOW_MS)

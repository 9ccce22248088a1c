from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from redis import Redis
from werkzeug.test import TestResponse

from app.bus import keys
from app.bus.hashes import write_hash
from app.bus.leases import acquire
from app.collectors.crashes import count_crash
from app.operations.wishes import is_wanted
from app.runtime import Runtime
from app.settings import Settings, load_settings
from tests.factories import quotes
from tests.fakes import FixedClock, RecordingDispatch
from tests.ticks import store_quotes

NOW = datetime(2025, 10, 9, 15, 30, tzinfo=UTC)
PROBLEM = "application/problem+json"

Order = Callable[..., TestResponse]


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    told = load_settings(_env_file=None, excel_data_file=settings.state_dir / "quotes.xlsx", session_sources="EXCEL")
    return settings.model_copy(update=told.model_dump(include={"excel_data_file", "session_sources"}))


@pytest.fixture
def order(client: FlaskClient) -> Order:
    """Sends an order and gets the answer."""
    return lambda source, what, **options: client.post(f"/api/collectors/{source}/{what}", **({"json": {}} | options))


def test_every_source_that_can_have_a_collector_is_listed(client: FlaskClient) -> None:
    answer = client.get("/api/collectors")

    assert answer.status_code == 200
    assert answer.json["as_of"] == "2025-10-09T15:30:00.000000Z"
    listed = [(one["source"], one["configured"], one["wanted"], one["state"]) for one in answer.json["collectors"]]
    assert listed == [
        ("EXCEL", True, False, "stopped"),
        ("SCHWAB", False, False, "stopped"),
        ("SIMULATED", True, False, "stopped"),
    ]


def test_a_collector_shows_who_holds_it_and_what_it_brings(client: FlaskClient, bus: Redis) -> None:
    now_ms = int(NOW.timestamp() * 1000)
    write_hash(bus, keys.desired("EXCEL"), {"wanted": "1", "by": "hours"})
    token = acquire(bus, keys.lease("EXCEL"), keys.epoch("EXCEL")).token
    health = {"state": "running", "feed": "streaming", "rate": "3.5", "published": 7, "event_ms": now_ms - 1500}
    write_hash(bus, keys.health("EXCEL"), {**health, "symbols": "ES,NQ", "silent": "NQ"})

    shown = client.get("/api/collectors/EXCEL").json

    assert (shown["state"], shown["by"], shown["holder"]["token"], shown["holder"]["kind"]) == (
        "running",
        "hours",
        token,
        "worker",
    )
    assert (shown["rate_per_s"], shown["published"], shown["change_age_s"]) == (3.5, 7, 1.5)
    assert (shown["symbols"], shown["silent_symbols"]) == (["ES", "NQ"], ["NQ"])


def test_a_crash_loop_is_shown(client: FlaskClient, bus: Redis) -> None:
    write_hash(bus, keys.desired("EXCEL"), {"wanted": "1", "by": "hours"})
    for _ in range(3):
        count_crash(bus, "EXCEL", 1, "the sheet is gone", NOW)

    shown = client.get("/api/collectors/EXCEL").json

    assert shown["state"] == "crash loop"
    assert (shown["crashes"]["count"], shown["crashes"]["last_error"]) == (3, "the sheet is gone")
    assert shown["crashes"]["next_start"] > "2025-10-09T15:30:29"


@pytest.mark.parametrize("source", ["REPLAY", "excel", "TELEX"])
def test_what_has_no_collector_is_404(client: FlaskClient, order: Order, source: str) -> None:
    answers = [
        client.get(f"/api/collectors/{source}"),
        *(order(source, what) for what in ("start", "stop", "restart", "auto")),
    ]

    assert [(answer.status_code, answer.content_type) for answer in answers] == [(404, PROBLEM)] * 5
    assert "known is EXCEL, SCHWAB, SIMULATED" in answers[0].json["detail"]


def test_a_source_is_started_restarted_and_stopped_by_hand(
    order: Order, rt: Runtime, bus: Redis, clock: FixedClock, dispatch: RecordingDispatch
) -> None:
    started = order("EXCEL", "start")
    clock.advance(timedelta(seconds=1))
    restarted = order("EXCEL", "restart")
    stopped = order("EXCEL", "stop")

    answers = [started, restarted, stopped]
    assert [answer.status_code for answer in answers] == [202] * 3
    assert [(answer.json["wanted"], answer.json["by"], answer.json["state"]) for answer in answers] == [
        (True, "hand", "starting"),
        (True, "hand", "starting"),
        (False, "hand", "stopped"),
    ]
    assert bus.hget(keys.desired("EXCEL"), "restart_ms") == str(int(clock.now().timestamp() * 1000))
    assert dispatch.sent == [("start_collector", "EXCEL")] * 2


def test_a_source_that_was_stopped_by_hand_is_given_back_to_the_market_hours(client: FlaskClient, order: Order) -> None:
    order("EXCEL", "stop")

    answer = order("EXCEL", "auto")

    assert (answer.status_code, answer.json["wanted"], answer.json["by"]) == (202, True, "hours")
    assert order("SIMULATED", "auto").status_code == 409


def test_what_a_dead_collector_said_of_its_feed_is_not_shown_as_present(client: FlaskClient, bus: Redis) -> None:
    write_hash(bus, keys.desired("EXCEL"), {"wanted": "1", "by": "hours"})
    health = {"state": "running", "feed": "streaming", "rate": "3.5", "steady_ms": 1, "at_ms": 2}
    write_hash(bus, keys.health("EXCEL"), health)

    shown = client.get("/api/collectors/EXCEL").json

    assert (shown["state"], shown["feed"], shown["steady_since"], shown["rate_per_s"]) == ("starting", None, None, 0)
    assert shown["detail"] == "its collector is gone, another one is started"


@pytest.mark.parametrize("what", ["start", "restart"])
def test_a_source_that_cannot_be_collected_here_is_409_unless_a_process_of_its_own_lives(
    order: Order, rt: Runtime, bus: Redis, what: str
) -> None:
    refused = order("SCHWAB", what)
    acquire(bus, keys.agent("SCHWAB"), "epoch")
    order("SCHWAB", "start")

    assert (refused.status_code, order("SCHWAB", what).status_code) == (409, 202)
    assert "start `flask schwab-to-redis`" in refused.json["detail"]


def test_what_is_not_wanted_cannot_be_restarted(order: Order) -> None:
    assert order("EXCEL", "restart").status_code == 409


def test_real_and_simulated_quotes_are_never_collected_together(order: Order, rt: Runtime) -> None:
    assert order("SIMULATED", "start").status_code == 202
    live = order("EXCEL", "start")
    order("SIMULATED", "stop")
    store_quotes(rt.sessions, quotes(1, source="EXCEL"))
    simulated = order("SIMULATED", "start")

    assert (live.status_code, simulated.status_code) == (409, 409)
    assert "stop SIMULATED first" in live.json["detail"]
    assert not is_wanted(rt, "EXCEL")
    assert not is_wanted(rt, "SIMULATED")


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({"headers": {"Authorization": "Bearer x"}}, 401),
        ({"json": None, "data": "wanted=1"}, 415),
        ({"json": {"force": True}}, 400),
        ({"json": []}, 400),
    ],
)
def test_an_order_of_nobody_or_of_another_form_changes_nothing(
    order: Order, rt: Runtime, options: dict[str, Any], status: int
) -> None:
    answer = order("EXCEL", "start", **options)

    assert (answer.status_code, is_wanted(rt, "EXCEL")) == (status, False)


def test_the_specification_describes_the_orders(client: FlaskClient) -> None:
    paths = client.get("/openapi.json").json["paths"]

    statuses = {"202", "400", "401", "403", "404", "409", "413", "415", "429", "503"}
    for what in ("start", "stop", "restart", "auto"):
        assert set(paths[f"/api/collectors/{{source}}/{what}"]["post"]["responses"]) == statuses

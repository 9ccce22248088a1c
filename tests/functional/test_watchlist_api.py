"""GET and PUT /api/watchlist."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from redis import Redis

from app.api.watchlist_shapes import WatchlistAnswer, WatchlistSetAnswer
from app.bus import keys
from app.bus.hashes import read_hash
from app.errors import Unavailable
from app.instruments.catalogue import DEFAULT_WATCHLIST
from app.operations.wishes import SIMULATED, want_in_session
from app.runtime import EXTENSION, Runtime
from tests.desk_days import watch_only
from tests.fakes import FixedClock

PROBLEM = "application/problem+json"


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2025, 10, 9, 15, 30, tzinfo=UTC))


def test_the_watchlist_is_told_in_the_traders_order(client: FlaskClient, rt: Runtime) -> None:
    watch_only(rt, "NQ", "6E")

    answer = client.get("/api/watchlist")

    WatchlistAnswer.model_validate(answer.json, strict=True)
    assert answer.json == {"symbols": ["NQ", "6E"]}


def test_a_new_watchlist_is_told_everywhere_at_once(client: FlaskClient, rt: Runtime) -> None:
    watch_only(rt, "ES")
    assert quoted(client) == ["ES"]  # From here on the list is remembered.

    answer = client.put("/api/watchlist", json={"symbols": ["YM", "/ES:XCME", "nq"]})

    WatchlistSetAnswer.model_validate(answer.json, strict=True)
    assert (answer.status_code, answer.json) == (
        200,
        {"symbols": ["YM", "ES", "NQ"], "restarted": [], "collectors_told": True},
    )
    assert client.get("/api/watchlist").json == {"symbols": ["YM", "ES", "NQ"]}
    assert quoted(client) == ["YM", "ES", "NQ"]


def test_collectors_that_follow_the_watchlist_begin_anew_with_it(client: FlaskClient, rt: Runtime, bus: Redis) -> None:
    want_in_session(rt, SIMULATED)

    answer = client.put("/api/watchlist", json={"symbols": ["CL", "ES"]})

    assert answer.json["restarted"] == [SIMULATED]
    wish = read_hash(bus, keys.desired(SIMULATED))
    assert (wish["symbols"], "restart_ms" in wish) == ("CL,ES", True)


def test_another_order_restarts_no_collector(client: FlaskClient, rt: Runtime, bus: Redis) -> None:
    watch_only(rt, "ES", "NQ")
    want_in_session(rt, SIMULATED)

    answer = client.put("/api/watchlist", json={"symbols": ["NQ", "ES"]})

    assert answer.json == {"symbols": ["NQ", "ES"], "restarted": [], "collectors_told": True}
    assert "restart_ms" not in read_hash(bus, keys.desired(SIMULATED))


def test_while_redis_is_away_the_list_is_kept_and_it_is_said_that_nobody_was_told(app: APIFlask, rt: Runtime) -> None:
    app.extensions[EXTENSION] = replace(rt, connect_redis=refuse)

    answer = app.test_client().put("/api/watchlist", json={"symbols": ["CL"]})

    assert (answer.status_code, answer.json) == (200, {"symbols": ["CL"], "restarted": [], "collectors_told": False})


def test_every_symbol_that_cannot_be_watched_is_named_with_its_place(client: FlaskClient) -> None:
    answer = client.put("/api/watchlist", json={"symbols": ["ES", "AAPL", "a b", "/es", "ESZ25", "NQ"]})

    assert (answer.status_code, answer.mimetype) == (400, PROBLEM)
    assert answer.json["errors"] == [
        {"in": "json", "field": "symbols.1", "detail": "there is no instrument AAPL"},
        {"in": "json", "field": "symbols.2", "detail": answer.json["errors"][1]["detail"]},
        {"in": "json", "field": "symbols.3", "detail": "ES would be watched twice"},
        {"in": "json", "field": "symbols.4", "detail": "ESZ25 is a contract: watch ES, and its rolls are followed"},
    ]
    assert "'a b' is no symbol" in answer.json["errors"][1]["detail"]
    assert "symbols.1: there is no instrument AAPL" in answer.json["detail"]
    assert client.get("/api/watchlist").json == {"symbols": list(DEFAULT_WATCHLIST)}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "symbols"),
        ({"symbols": []}, "symbols"),
        ({"symbols": "ES"}, "symbols"),
        ({"symbols": ["ES", 7]}, "symbols.1"),
        ({"symbols": ["ES", "E" * 41]}, "symbols.1"),
        ({"symbols": ["ES"] * 501}, "symbols"),
        ({"symbols": ["ES"], "at": 1}, "at"),
    ],
)
def test_a_body_that_is_no_watchlist_is_refused(client: FlaskClient, body: object, field: str) -> None:
    answer = client.put("/api/watchlist", json=body)

    assert (answer.status_code, answer.mimetype) == (400, PROBLEM)
    assert [error["field"] for error in answer.json["errors"]] == [field]


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({"headers": {"Authorization": "Bearer x"}}, 401),
        ({"json": None, "data": '{"symbols": ["ES"]}', "content_type": "text/plain"}, 415),
        ({"json": None, "data": '{"symbols": ["ES"', "content_type": "application/json"}, 400),
    ],
)
def test_it_is_changed_by_operators_only_and_by_json(
    client: FlaskClient, options: dict[str, object], status: int
) -> None:
    answer = client.put("/api/watchlist", **({"json": {"symbols": ["ES"]}} | options))

    assert (answer.status_code, answer.mimetype) == (status, PROBLEM)
    assert client.get("/api/watchlist").json == {"symbols": list(DEFAULT_WATCHLIST)}


def refuse(**_options: object) -> Redis:
    """No Redis is there."""
    raise Unavailable("Redis is away")


def quoted(client: FlaskClient) -> list[str]:
    """The symbols of the quotes of the watchlist."""
    return [one["symbol"] for one in client.get("/api/quotes").json["quotes"]]

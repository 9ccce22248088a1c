"""What the API grants each caller: requests a second, places for streams, and one effect for one key."""

from collections.abc import Callable

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from redis import Redis
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker
from werkzeug.test import TestResponse

from app.access.roles import Role
from app.api.parts import EXTENSION
from app.bus import keys
from app.bus.hashes import read_hash
from app.errors import Unavailable
from app.gate.policy import NEEDED
from app.runtime import Runtime
from app.settings import Settings, load_settings
from tests.fakes import RecordingDispatch
from tests.keyed_client import bearing, make_key

PROBLEM = "application/problem+json"
FEW: dict[str, float] = {"rate_limit_per_s": 5, "write_limit_per_s": 1}
USUAL: dict[str, float] = {name: Settings.model_fields[name].default for name in FEW}

Order = Callable[..., TestResponse]


@pytest.fixture
def settings(settings: Settings, request: pytest.FixtureRequest) -> Settings:
    told = load_settings(_env_file=None, **getattr(request, "param", {}))
    return settings.model_copy(update={name: getattr(told, name) for name in getattr(request, "param", {})})


@pytest.mark.parametrize("settings", [FEW], indirect=True)
def test_who_asks_too_often_is_told_to_slow_down_and_others_are_served(client: FlaskClient) -> None:
    answers = [client.get("/api/desk") for _ in range(30)]
    refused = [answer for answer in answers if answer.status_code == 429]

    assert {answer.status_code for answer in answers[:20]} == {200}
    assert refused
    assert {answer.mimetype for answer in refused} == {PROBLEM}
    assert all(answer.headers["Retry-After"] == "1" for answer in refused)
    assert all(answer.headers["RateLimit"] == '"requests";r=0;t=1' for answer in refused)
    assert refused[0].headers["RateLimit-Policy"] == '"requests";q=20;w=4'
    assert client.get("/api/desk", environ_base={"REMOTE_ADDR": "127.0.0.2"}).status_code == 200
    assert client.get("/api/health/live").status_code == 200


@pytest.mark.parametrize("settings", [FEW], indirect=True)
def test_a_caller_is_known_by_the_key_that_was_shown_and_not_by_the_address(client: FlaskClient, rt: Runtime) -> None:
    key = bearing(make_key(rt, Role.VIEWER))

    statuses = [
        client.get("/api/desk", headers=key, environ_base={"REMOTE_ADDR": f"10.0.0.{number}"}).status_code
        for number in range(30)
    ]

    assert statuses[:20] == [200] * 20
    assert 429 in statuses


@pytest.mark.parametrize("settings", [FEW], indirect=True)
def test_changes_are_limited_more_strictly_and_do_not_hold_up_reading(client: FlaskClient) -> None:
    answers = [client.put("/api/watchlist", json={"symbols": ["ES"]}) for _ in range(8)]

    assert [answer.status_code for answer in answers[:5]] == [200] * 5
    assert answers[-1].status_code == 429
    assert client.get("/api/watchlist").status_code == 200


@pytest.mark.parametrize("settings", [FEW], indirect=True)
def test_the_admin_is_limited_too(client: FlaskClient, rt: Runtime) -> None:
    key = bearing(make_key(rt, Role.ADMIN))
    answers = [client.get("/admin/settings/", headers=key) for _ in range(30)]

    assert answers[0].status_code == 200
    assert answers[-1].status_code == 429
    assert answers[-1].headers["Retry-After"] == "1"


@pytest.mark.parametrize("settings", [USUAL], indirect=True)
def test_all_pages_of_the_dashboard_at_once_are_not_too_often(client: FlaskClient) -> None:
    symbols = ",".join(f"S{number}" for number in range(200))
    paths = ["/", "/api/desk", "/api/session", f"/api/quotes?symbols={symbols}", "/api/alerts", "/api/jobs"]
    paths += ["/api/collectors", "/api/instruments", "/api/watchlist", "/api/lake", "/api/gaps", "/api/losses"]

    statuses = [client.get(path).status_code for path in paths * 20]

    assert 429 not in statuses


@pytest.mark.parametrize("settings", [{"sse_clients_per_caller": 2, "sse_max_clients": 3}], indirect=True)
def test_one_caller_cannot_take_all_places_of_the_stream(app: APIFlask) -> None:
    hub = app.extensions[EXTENSION].hub
    client, other = app.test_client(), {"REMOTE_ADDR": "127.0.0.2"}
    try:
        held = [client.get("/api/quotes/stream?symbols=ES") for _ in range(2)]
        third = client.get("/api/quotes/stream?symbols=ES")
        held.append(client.get("/api/quotes/stream?symbols=ES", environ_base=other))
        fourth = client.get("/api/quotes/stream?symbols=ES", environ_base={"REMOTE_ADDR": "127.0.0.3"})

        assert [answer.status_code for answer in held] == [200] * 3
        assert (third.status_code, fourth.status_code) == (429, 429)
        assert third.headers["Retry-After"] == "10"
        assert "one caller" in third.json["detail"]
        for answer in held:
            answer.close()
    finally:
        hub.close()


def test_a_statement_of_a_request_may_not_take_longer_than_its_limit(
    app: APIFlask, sessions: sessionmaker[Session], monkeypatch: pytest.MonkeyPatch
) -> None:
    rt = app.extensions["thor"]
    monkeypatch.setattr("app.api.statement_limits.STATEMENT_LIMIT_MS", 50)

    def work() -> str:
        with rt.sessions() as session:
            session.execute(text("SELECT pg_sleep(5)"))
        return "done"

    monkeypatch.setitem(NEEDED, "long", Role.VIEWER)
    app.add_url_rule("/api/long", "long", work)

    answer = app.test_client().get("/api/long")

    assert (answer.status_code, answer.mimetype) == (503, PROBLEM)
    assert "Retry-After" in answer.headers


def test_a_request_is_given_ten_seconds_a_statement_and_work_that_is_none_has_no_limit(
    app: APIFlask, monkeypatch: pytest.MonkeyPatch
) -> None:
    rt = app.extensions["thor"]

    def limit() -> str:
        with rt.sessions() as session:
            return str(session.scalar(text("SHOW statement_timeout")))

    monkeypatch.setitem(NEEDED, "limit", Role.VIEWER)
    app.add_url_rule("/api/limit", "limit", limit)

    assert app.test_client().get("/api/limit").text == "10s"
    assert limit() == "0"


def test_the_same_order_under_one_key_is_carried_out_once(client: FlaskClient, bus: Redis) -> None:
    client.post("/api/collectors/SIMULATED/start", json={})
    key = {"Idempotency-Key": "order-1"}

    first = client.post("/api/collectors/SIMULATED/restart", json={}, headers=key)
    asked_at = read_hash(bus, keys.desired("SIMULATED"))
    again = client.post("/api/collectors/SIMULATED/restart", json={}, headers=key)

    assert (first.status_code, again.status_code) == (202, 202)
    assert again.json == first.json
    assert ("Idempotency-Replayed" in first.headers, again.headers["Idempotency-Replayed"]) == (False, "true")
    assert read_hash(bus, keys.desired("SIMULATED")) == asked_at


def test_a_key_is_good_for_one_request_only(client: FlaskClient) -> None:
    key = {"Idempotency-Key": "order-2"}
    assert client.post("/api/collectors/SIMULATED/start", json={}, headers=key).status_code == 202

    other = client.post("/api/collectors/SIMULATED/stop", json={}, headers=key)

    assert (other.status_code, other.mimetype) == (409, PROBLEM)
    assert "another request" in other.json["detail"]


def test_a_key_belongs_to_its_caller(client: FlaskClient, rt: Runtime) -> None:
    path, order = "/api/collectors/SIMULATED/start", {"Idempotency-Key": "order-3"}

    answers = [client.post(path, json={}, headers={**order, **bearing(make_key(rt))}) for _ in range(2)]

    assert ["Idempotency-Replayed" in answer.headers for answer in answers] == [False, False]


def test_what_failed_may_be_tried_again_under_its_key(client: FlaskClient) -> None:
    key = {"Idempotency-Key": "order-4"}
    refused = client.post("/api/collectors/SIMULATED/restart", json={}, headers=key)
    client.post("/api/collectors/SIMULATED/start", json={})

    again = client.post("/api/collectors/SIMULATED/restart", json={}, headers=key)

    assert (refused.status_code, again.status_code) == (409, 202)


def test_a_request_whose_first_is_still_worked_on_waits(client: FlaskClient, bus: Redis) -> None:
    path, key = "/api/collectors/SIMULATED/start", {"Idempotency-Key": "order-5"}
    client.post(path, json={}, headers=key)
    (place,) = bus.keys("api:answered:*")
    print_ = bus.get(place).split('"print": "')[1][:64]
    bus.set(place, f'{{"print": "{print_}"}}')

    answer = client.post(path, json={}, headers=key)

    assert (answer.status_code, "worked on" in answer.json["detail"]) == (409, True)


@pytest.mark.parametrize("key", ["a b", "é", "x" * 201, ""])
def test_a_key_that_is_malformed_is_refused(client: FlaskClient, key: str) -> None:
    answer = client.post("/api/collectors/SIMULATED/start", json={}, headers={"Idempotency-Key": key})

    assert answer.status_code == 400


def test_what_nobody_could_remember_is_not_promised(app: APIFlask, database_url: str) -> None:
    def refuse() -> Redis:
        raise Unavailable("Redis does not answer")

    object.__setattr__(app.extensions[EXTENSION], "connect_bus", refuse)

    answer = app.test_client().post(
        "/api/lake/backfill",
        json={"start": "2025-10-09", "end": "2025-10-09"},
        headers={"Idempotency-Key": "order-6"},
    )

    assert (answer.status_code, answer.mimetype) == (503, PROBLEM)


def test_a_backfill_under_one_key_is_asked_for_once(
    client: FlaskClient, dispatch: RecordingDispatch, bus: Redis
) -> None:
    body, key = {"start": "2025-10-09", "end": "2025-10-09"}, {"Idempotency-Key": "order-7"}

    first = client.post("/api/lake/backfill", json=body, headers=key)
    sent = len(dispatch.sent)
    again = client.post("/api/lake/backfill", json=body, headers=key)

    assert (first.status_code, again.json) == (202, first.json)
    assert len(dispatch.sent) == sent

import contextlib
import json
import urllib.error
import urllib.request

import pytest

from app.access.keys import revoke_key
from app.access.roles import ANONYMOUS, Role
from app.access.tokens import make_token, read_token
from app.bus import keys
from app.factory import create_app
from app.gate import streams
from app.gate.tickets import LASTS_S
from tests.functional.publishing import TestSource
from tests.functional.sse import SseClient
from tests.keyed_client import bearing, make_key
from tests.waiting import until

FAR = {"REMOTE_ADDR": "192.0.2.7"}
STREAM = "/api/alerts/stream"


@pytest.fixture
def viewer(rt):
    return make_key(rt, Role.VIEWER)


def is_known(web, key):
    with (
        contextlib.suppress(urllib.error.HTTPError),
        urllib.request.urlopen(urllib.request.Request(f"{web.url}/api/me", headers=bearing(key)), timeout=10),
    ):
        return True


@pytest.fixture
def ticket(client, viewer):
    def make(key=viewer):
        answer = client.post("/api/tickets", json={}, headers=bearing(key), environ_base=FAR)
        assert (answer.status_code, answer.json["lasts_s"]) == (201, LASTS_S)
        return answer.json["ticket"]

    return make


def follow(client, text, path=STREAM):
    """The status of a stream that is opened with a ticket, by a client that is not of this machine."""
    with client.get(path, query_string={"ticket": text}, environ_base=FAR, buffered=False) as answer:
        return answer.status_code


def test_a_key_tells_who_one_is_wherever_one_is(client, viewer):
    answer = client.get("/api/me", headers=bearing(viewer), environ_base=FAR)

    assert (answer.json["kind"], answer.json["name"], answer.json["role"]) == ("key", "tests", "viewer")


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Bearer x", "Basic dGhvcjp0aG9y", "Token x", f"Bearer {'x' * 8000}", "Bearer ключ",
     f"bearer thor_key_{'0' * 12}_{'A' * 43}"],
)  # fmt: skip
def test_a_key_that_opens_nothing_is_refused_even_where_nobody_needs_one(client, header):
    answer = client.get("/api/quotes", headers={"Authorization": header.encode().decode("latin-1")})

    assert (answer.status_code, answer.mimetype) == (401, "application/problem+json")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="thor"'


@pytest.mark.parametrize("name", ["key", "api_key", "Token", "access_token", "authorization", "password"])
def test_a_key_has_no_place_in_an_address(client, viewer, name):
    answer = client.get("/api/quotes", query_string={name: viewer})

    assert answer.status_code == 401
    assert viewer not in answer.text
    assert "Authorization: Bearer" in answer.json["detail"]


def test_a_ticket_opens_one_stream_once(client, ticket):
    made = ticket()

    assert follow(client, made) == 200
    assert follow(client, made) == 401


@pytest.mark.parametrize("path", ["/api/quotes", "/api/me", "/metrics"])
def test_a_ticket_opens_nothing_but_streams(client, ticket, path):
    assert client.get(path, query_string={"ticket": ticket()}, environ_base=FAR).status_code == 401


def test_what_is_no_ticket_opens_nothing(client, ticket, bus):
    made = ticket()
    forged = made[:-1] + ("A" if made[-1] != "A" else "B")

    for text in (
        "",
        "x",
        make_token("ticket").text,
        made.replace("ticket", "key"),
        made.replace(made[12:24], "0" * 12),
    ):
        assert follow(client, text) == 401
    assert follow(client, forged) == 401
    assert bus.keys("access:*") == []


def test_a_ticket_is_gone_after_half_a_minute(ticket, bus):
    name = ticket()[len("thor_ticket_") :][:12]

    assert 0 < bus.ttl(keys.ticket(name)) <= LASTS_S <= 30


def test_a_ticket_of_a_key_that_was_revoked_opens_nothing(client, ticket, rt):
    key = make_key(rt, Role.VIEWER)
    made = ticket(key)
    with rt.sessions.begin() as session:
        revoke_key(session, read_token(key, "key").id, rt.clock.now())
    rt.ring.look_again()

    assert follow(client, made) == 401


def test_what_a_key_changed_or_was_refused_is_on_record(client, rt, viewer, audit):
    operator = make_key(rt)
    client.put("/api/watchlist", json={"symbols": ["ES"]}, headers=bearing(operator), environ_base=FAR)
    client.put("/api/watchlist", json={"symbols": ["??"]}, headers=bearing(operator))
    client.put("/api/watchlist", json={"symbols": ["ES"]}, headers=bearing(viewer))
    client.get("/api/quotes", headers=bearing(viewer))
    client.put("/api/watchlist", json={"symbols": ["ES"]}, headers={"Authorization": "Bearer x"})

    assert [entry[-1] for entry in audit()] == ["done", "failed", "refused"]
    admin = make_key(rt, Role.ADMIN)
    newest = client.get("/api/audit?limit=2", headers=bearing(admin)).json
    assert [entry["outcome"] for entry in newest["entries"]] == ["refused", "failed"]
    assert newest["entries"][0]["facts"] == {"status": 403}
    oldest = client.get(f"/api/audit?cursor={newest['next_cursor']}", headers=bearing(admin)).json["entries"]
    assert [(entry["address"], bool(entry["request_id"])) for entry in oldest] == [("192.0.2.7", True)]


def test_a_real_server_asks_for_a_key_too(web, rt):
    key = make_key(rt)

    def status(method="GET", path="/api/watchlist", body=None, **headers):
        request = urllib.request.Request(f"{web.url}{path}", method=method, headers=headers, data=body)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    told = {"Content-Type": "application/json"}
    body = json.dumps({"symbols": ["NQ"]}).encode()
    assert status()[0] == 200
    assert status(**{"X-Forwarded-For": "192.0.2.7"})[0] == 401
    assert status("PUT", body=body, **told)[0] == 401
    assert status("PUT", body=body, **told, **bearing(key))[0] == 200
    assert status(path="/api/me", **bearing(key))[0] == 200


def test_a_stream_ends_soon_after_its_key_was_revoked(rt, viewer, monkeypatch):
    caller = rt.ring.caller_of_key(viewer)
    monkeypatch.setattr(streams, "LOOK_S", 0.0)
    chunks = streams.while_known(rt.ring, caller, iter([b"a", b"b", b"c"]))

    assert next(chunks) == b"a"
    assert next(chunks) == b"b"
    with rt.sessions.begin() as session:
        revoke_key(session, caller.credential, rt.clock.now())
    rt.ring.look_again()

    assert list(chunks) == []


def test_an_empty_chunk_is_an_occasion_to_look_and_is_not_sent(rt, viewer, monkeypatch):
    caller = rt.ring.caller_of_key(viewer)
    monkeypatch.setattr(streams, "LOOK_S", 0.0)
    asked = []

    def chunks():
        for chunk in (b"a", b"", b"b"):
            asked.append(chunk)
            if chunk == b"":
                with rt.sessions.begin() as session:
                    revoke_key(session, caller.credential, rt.clock.now())
                rt.ring.look_again()
            yield chunk

    assert list(streams.while_known(rt.ring, caller, chunks())) == [b"a"]
    assert asked == [b"a", b""]


def test_a_stream_whose_quotes_never_pause_ends_when_its_key_is_revoked(web, rt, bus):
    key = make_key(rt, Role.VIEWER)
    until(lambda: is_known(web, key))
    with TestSource(bus) as source, SseClient(f"{web.url}/api/quotes/stream?symbols=ES", headers=bearing(key)) as one:
        one.wait_connected()
        with rt.sessions.begin() as session:
            revoke_key(session, read_token(key, "key").id, rt.clock.now())

        until(lambda: source.publish(1) or one.ended)


def test_a_stream_of_nobody_in_particular_goes_on(rt, monkeypatch):
    monkeypatch.setattr(streams, "LOOK_S", 0.0)

    assert list(streams.while_known(rt.ring, ANONYMOUS, iter([b"a", b"b"]))) == [b"a", b"b"]


def test_who_is_not_known_may_not_ask_too_often(settings, dispatch, bus, sessions):
    few = create_app(settings.model_copy(update={"rate_limit_per_s": 2.0}), dispatch)
    client = few.test_client()

    refused = [client.get("/api/quotes", headers={"Authorization": "Bearer x"}).status_code for _ in range(12)]
    answer = client.get("/api/quotes", headers={"Authorization": "Bearer x"})

    assert refused[:8] == [401] * 8
    assert (answer.status_code, answer.mimetype) == (429, "application/problem+json")
    assert int(answer.headers["Retry-After"]) >= 1
    assert client.get("/api/health/live", environ_base={"REMOTE_ADDR": "127.0.0.2"}).status_code == 200

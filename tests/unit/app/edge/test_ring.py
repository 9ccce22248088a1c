import pytest
from werkzeug.test import Client, EnvironBuilder, run_wsgi_app

from app.edge.headers import DATA_POLICY, GUARDS
from app.edge.ring import Ring, carried_by

DESK = "https://desk.example"


def test_every_answer_carries_the_guards_and_keeps_its_own(client):
    told = client.get("/page").headers

    assert told["Content-Security-Policy"] == "default-src 'self'"
    assert {name: told[name] for name in GUARDS} == {**GUARDS, "Content-Security-Policy": "default-src 'self'"}
    assert len(told.getlist("Content-Security-Policy")) == 1
    assert client.get("/api/quotes").headers["Content-Security-Policy"] == DATA_POLICY


def test_no_policy_of_ours_allows_what_is_unsafe():
    assert not any("unsafe" in value or "*" in value for value in GUARDS.values())


@pytest.mark.parametrize(
    ("options", "told"),
    [({}, False), ({"base_url": "https://localhost"}, True), ({"headers": {"X-Forwarded-Proto": "https"}}, True)],
)
def test_a_browser_that_came_encrypted_is_told_to_come_so_again(client, options, told):
    assert ("Strict-Transport-Security" in client.get("/page", **options).headers) == told


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "https://desk.example.evil.com", "HTTPS://DESK.EXAMPLE"]
)
def test_a_page_that_is_not_listed_learns_nothing(client, origin):
    answer = client.get("/api/quotes", headers={"Origin": origin})

    assert [name for name, _ in answer.headers if name.startswith("Access-Control")] == []
    assert "Origin" in answer.headers["Vary"]


def test_without_a_list_no_answer_speaks_of_pages_elsewhere():
    answer = LocalClient(Ring(inner)).get("/api/quotes", headers={"Origin": DESK})

    assert [name for name, _ in answer.headers if name.startswith("Access-Control") or name == "Vary"] == []


def test_a_listed_page_may_read_the_api_with_its_credentials_and_nothing_else(client):
    told = client.get("/api/quotes", headers={"Origin": DESK}).headers

    assert (told["Access-Control-Allow-Origin"], told["Access-Control-Allow-Credentials"]) == (DESK, "true")
    assert "Retry-After" in told["Access-Control-Expose-Headers"]
    assert "Access-Control-Allow-Origin" not in client.get("/page", headers={"Origin": DESK}).headers


def test_a_listed_page_is_told_before_what_it_may_send(client):
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}

    answer = client.open("/api/jobs", method="OPTIONS", headers={"Origin": DESK, **asked})
    other = client.open("/api/jobs", method="OPTIONS", headers={"Origin": "https://evil.example", **asked})

    assert (answer.status_code, answer.data) == (204, b"")
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    assert {"Authorization", "Idempotency-Key"} < set(answer.headers["Access-Control-Allow-Headers"].split(", "))
    assert "Access-Control-Allow-Origin" not in other.headers
    assert other.data == b"inner"


@pytest.mark.parametrize(
    "host", ["a b", "evil/../", "a@b", "[::1", "-x", "a" * 300, "localhost:123456", "{{7*7}}", "ex\tample"]
)
def test_a_host_that_is_no_name_is_refused(client, host):
    answer = client.get("/api/quotes", headers={"Host": host})

    assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(("protocol", "status"), [("HTTP/1.1", 400), ("HTTP/1.0", 200)])
def test_a_request_without_a_host_is_refused_where_its_protocol_demands_one(ring, protocol, status):
    environ = EnvironBuilder(path="/api/quotes", environ_base={"REMOTE_ADDR": "127.0.0.1"}).get_environ()
    del environ["HTTP_HOST"]

    _, told, _ = run_wsgi_app(ring, environ | {"SERVER_PROTOCOL": protocol})

    assert told.startswith(str(status))


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1", "[::1]:8000", "thor.desk.lan", "LOCALHOST"])
def test_this_machine_may_call_this_server_by_its_names(client, host):
    assert client.get("/api/quotes", headers={"Host": host}).status_code == 200


def test_a_page_whose_name_was_led_here_is_refused_and_a_proxys_names_are_not(client):
    rebound = {"Host": "evil.example:8000"}

    assert client.get("/api/quotes", headers=rebound).status_code == 403
    assert client.get("/api/quotes", headers={**rebound, "X-Forwarded-For": "10.0.0.9"}).status_code == 200
    assert client.get("/api/quotes", headers=rebound, environ_base={"REMOTE_ADDR": "10.0.0.9"}).status_code == 200


def test_who_is_being_refused_is_not_let_through_but_a_sign_of_life_is_given(client, ring, monkeypatch):
    monkeypatch.setattr("app.edge.ring.time.monotonic", lambda: 100.0)
    environ = {"REMOTE_ADDR": "127.0.0.1", "HTTP_AUTHORIZATION": "Bearer flood"}
    ring.refused.note(carried_by(environ), 100.5)
    flood = {"Authorization": "Bearer flood"}

    answer = client.get("/api/quotes", headers=flood)

    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")
    assert (answer.json["status"], answer.json["title"]) == (429, "Too Many Requests")
    assert client.get("/api/health/live", headers=flood).status_code == 200
    assert client.get("/api/quotes").status_code == 200
    assert client.head("/api/quotes", headers=flood).data == b""


@pytest.fixture
def ring():
    return Ring(inner, [DESK], ["thor.desk.lan"])


@pytest.fixture
def client(ring):
    return LocalClient(ring)


class LocalClient(Client):
    def open(self, *args, **options):
        return super().open(*args, **{"environ_base": {"REMOTE_ADDR": "127.0.0.1"}, **options})


def inner(environ, start_response):
    page = [("Content-Security-Policy", "default-src 'self'")] if environ["PATH_INFO"] == "/page" else []
    start_response("200 OK", [("Content-Type", "text/plain"), *page])
    return [b"inner"]

"""What no client should send, sent to every endpoint that the specification names: refused, and never a fault."""

import re
from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from app.access.roles import Role
from app.api.json_body import DEPTH_LIMIT
from app.runtime import Runtime
from app.settings import Settings
from tests.keyed_client import bearing, make_key

PROBLEM = "application/problem+json"
HOSTILE = [
    "", " ", "../../etc/passwd", "..\\..\\x", "%2e%2e%2f", "ES\x00", "ES\nX-A: b", "ES\r\nX-A: b", "ES';--",
    "' OR 1=1 --", "{{7*7}}", "${7*7}", "<script>alert(1)</script>", "\u202eES", "E\u200bS", "ＥＳ", "😀", "A" * 5_000,
    "=HYPERLINK(1)", "read_csv('/etc/passwd')", "-1", "0", "1e9", "NaN", "abc", "２", "9" * 40, str(2**63), "null",
    "[]",
    "{}",
]  # fmt: skip
DAYS = [
    "2025-02-30",
    "0000-01-01",
    "9999-12-31T",
    "tomorrow",
    "2025-10-09T",
    "-2025-10-09",
    "20251009",
    "2025-W41-4",
    "",
    "1e4",
]
NUMBERS = ["-1", "0", "1000000000", "NaN", "abc", "２", "1.5", "", "1 ", "+1", str(2**63)]
BODIES = [
    b"", b"null", b"7", b'"text"', b"[]", b"[[]]", b"{", b"{'a': 1}", b'{"a": NaN}', b'{"a": 1e400}',
    b'{"a": Infinity}',
    b'{"note": 1, "note": 2}', b"[" * 10_000, b'{"a":' * (DEPTH_LIMIT + 1) + b"1" + b"}" * (DEPTH_LIMIT + 1),
    b'{"a": ' + b"9" * 5_000 + b"}", b'{"is_admin": true, "id": 1, "status": "done"}', b'{"symbols": {"$ne": 1}}',
    '{"symbols": ["ＥＳ"]}'.encode(), b"\xff\xfe", '{"a": 1}'.encode("utf-16"), b"<xml/>",
]  # fmt: skip
STREAMS = {"/api/quotes/stream", "/api/alerts/stream", "/api/jobs/{job_id}/progress"}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"rate_limit_per_s": 100_000.0, "write_limit_per_s": 10_000.0})


@pytest.fixture
def client(app: APIFlask, rt: Runtime) -> FlaskClient:
    """A client that shows an admin's key, since whoever may do least is refused before anything is read."""
    made = app.test_client()
    made.environ_base["HTTP_AUTHORIZATION"] = bearing(make_key(rt, Role.ADMIN))["Authorization"]
    return made


@pytest.fixture
def operations(client: FlaskClient) -> list[tuple[str, str, dict[str, Any]]]:
    """Every method of every path, with what the specification says of it."""
    paths = client.get("/openapi.json").json["paths"]
    return [(method.upper(), path, told) for path, ways in paths.items() for method, told in ways.items()]


def test_no_parameter_of_any_endpoint_takes_what_is_hostile(client: FlaskClient, operations: Any) -> None:
    for method, path, told in operations:
        for name in names(told, "query"):
            for value in HOSTILE:
                if path not in STREAMS or name == "symbols":
                    answer = client.open(filled(path), method=method, query_string={name: value})
                    expect_no_fault(answer, f"{method} {path} {name}={value!r:.40}")
                    answer.close()


def test_no_part_of_any_path_takes_what_is_hostile(client: FlaskClient, operations: Any) -> None:
    for method, path, told in operations:
        for name in names(told, "path"):
            for value in HOSTILE:
                if value.strip() and "\\" not in value and "/" not in value:
                    place = filled(path.replace(f"{{{name}}}", "{}")).format(quoted(value))
                    answer = client.open(place, method=method, json={} if method != "GET" else None)
                    expect_no_fault(answer, f"{method} {place:.80}")
                    assert answer.status_code >= 400, f"{method} {place:.80} was answered {answer.status_code}"
                    answer.close()


@pytest.mark.parametrize("place", ["query", "unknown"])
def test_a_parameter_that_is_doubled_or_not_known_is_refused_everywhere(
    client: FlaskClient, operations: Any, place: str
) -> None:
    wrong = {}
    for method, path, told in operations:
        if method == "GET" and path not in STREAMS and names(told, "query"):
            name = names(told, "query")[0]
            query = f"{name}=1&{name}=1" if place == "query" else "is_admin=1"
            answer = client.get(f"{filled(path)}?{query}")
            if answer.status_code != 400:
                wrong[path] = answer.status_code

    assert wrong == {}


def test_a_day_that_is_none_is_refused_everywhere(client: FlaskClient, operations: Any) -> None:
    wrong = []
    for method, path, told in operations:
        for name in set(names(told, "query")) & {"date", "start", "end", "day", "since"}:
            for value in DAYS:
                answer = client.open(filled(path), method=method, query_string={name: value})
                if answer.status_code != 400:
                    wrong.append((path, name, value, answer.status_code))

    assert wrong == []


def test_a_page_has_a_thousand_entries_at_most_everywhere(client: FlaskClient, operations: Any) -> None:
    wrong = []
    for method, path, told in operations:
        if "limit" in names(told, "query"):
            for value in [*NUMBERS, "1001" if path not in ("/api/ticks", "/api/bars") else "100001"]:
                answer = client.open(filled(path), method=method, query_string={"limit": value} | needed(path))
                if answer.status_code != 400:
                    wrong.append((path, value, answer.status_code))

    assert wrong == []


def test_no_endpoint_takes_a_body_that_is_none_of_its_own(client: FlaskClient, operations: Any) -> None:
    wrong = []
    for method, path, told in operations:
        if "requestBody" in told:
            for body in BODIES:
                answer = client.open(filled(path), method=method, data=body, content_type="application/json")
                expect_no_fault(answer, f"{method} {path} {body[:30]!r}")
                if answer.status_code != 400 and not (answer.status_code == 404 and b"is_admin" not in body):
                    wrong.append((method, path, body[:30], answer.status_code))

    assert wrong == []


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", "text/xml"]
)
def test_a_body_of_another_kind_is_refused_everywhere(client: FlaskClient, operations: Any, kind: str) -> None:
    found = {
        (method, path): client.open(filled(path), method=method, data=b"{}", content_type=kind).status_code
        for method, path, told in operations
        if "requestBody" in told
    }

    assert found
    assert set(found.values()) == {415}


@pytest.mark.parametrize("size", [1_000_001, 10_000_000])
def test_a_body_that_is_too_large_is_refused_everywhere(client: FlaskClient, operations: Any, size: int) -> None:
    body = b'{"a": "' + b"x" * size + b'"}'
    found = {
        (method, path): client.open(filled(path), method=method, data=body, content_type="application/json").status_code
        for method, path, told in operations
        if "requestBody" in told
    }

    assert set(found.values()) == {413}


def test_another_method_is_refused_everywhere_with_those_that_there_are(client: FlaskClient, operations: Any) -> None:
    known: dict[str, set[str]] = {}
    for method, path, _ in operations:
        known.setdefault(path, set()).add(method)

    for path, methods in known.items():
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"} - methods:
            answer = client.open(filled(path), method=method)
            assert (answer.status_code, answer.mimetype) == (405, PROBLEM), f"{method} {path}"
            assert methods <= set(answer.headers["Allow"].split(", ")), path


@pytest.mark.parametrize("accept", ["text/xml", "image/*", "*/*;q=0", "nonsense", "application/json;q=2"])
def test_a_form_that_there_is_not_is_told_or_answered_as_json(
    client: FlaskClient, operations: Any, accept: str
) -> None:
    for method, path, _ in operations:
        if method == "GET" and path not in STREAMS:
            answer = client.get(filled(path), headers={"Accept": accept})
            assert answer.status_code < 500 or answer.status_code == 503, path
            assert answer.mimetype in (PROBLEM, "application/json", "text/plain"), path


def test_nothing_that_a_client_calls_itself_is_believed(client: FlaskClient) -> None:
    told = {
        "X-Original-URL": "/admin",
        "X-Rewrite-URL": "/admin",
        "X-HTTP-Method-Override": "DELETE",
        "X-User": "admin",
    }

    answer = client.get("/api/watchlist", headers=told)

    assert (answer.status_code, list(answer.json)) == (200, ["symbols"])


def test_what_was_hostile_has_changed_nothing(
    client: FlaskClient, operations: Any, sessions: sessionmaker[Session]
) -> None:
    before = counts(sessions)

    for method, path, told in operations:
        if "requestBody" in told:
            for body in BODIES:
                client.open(filled(path), method=method, data=body, content_type="application/json")

    assert counts(sessions) == before


def test_no_answer_tells_where_the_code_lies_or_what_was_asked_of_the_database(
    app: APIFlask, client: FlaskClient, operations: Any
) -> None:
    for method, path, told in operations:
        for name in names(told, "query")[:3]:
            if path in STREAMS:
                continue
            answer = client.open(filled(path), method=method, query_string={name: "'\"\\"})
            found = re.findall(r"Traceback|File \"|/site-packages|SELECT |psycopg|sqlalchemy", answer.text)
            assert found == [], f"{path} {name}"


def expect_no_fault(answer: Any, what: str) -> None:
    assert answer.status_code < 500 or answer.status_code == 503, f"{what} was answered {answer.status_code}"
    if answer.status_code >= 400:
        assert answer.mimetype in (PROBLEM, "application/json"), what
        assert answer.get_data(as_text=True).isprintable(), what
    assert "X-A" not in answer.headers, what


def names(told: dict[str, Any], place: str) -> list[str]:
    return [one["name"] for one in told.get("parameters", []) if one["in"] == place]


def filled(path: str) -> str:
    """The path with parts that are well formed and mean nothing that is there."""
    known = {"source": "SIMULATED", "day": "2025-10-09", "symbol": "ES"}
    return re.sub(r"\{(\w+)\}", lambda found: known.get(found[1], "999999"), path)


def needed(path: str) -> dict[str, str]:
    return {"symbol": "ES"} if path in ("/api/ticks", "/api/bars") else {}


def quoted(value: str) -> str:
    from urllib.parse import quote

    return quote(value, safe="")


def counts(sessions: sessionmaker[Session]) -> dict[str, int]:
    tables = ("analysis_jobs", "dead_letters", "alerts", "trading_instruments", "admin_changes")
    with sessions() as session:
        return {name: session.scalar(text(f"SELECT count(*) FROM {name}")) or 0 for name in tables}

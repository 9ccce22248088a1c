import json
import logging

import psycopg2
import pytest
import redis.exceptions
import sqlalchemy.exc
from apiflask import APIFlask
from flask import abort, request

from app.api.problems import install_problems, printable, problem
from app.errors import Conflict, NotFound, Rejected, ThorError, Unavailable

GONE = psycopg2.OperationalError("server closed the connection unexpectedly\n\tpassword=hunter2")
LOST = sqlalchemy.exc.DBAPIError("SELECT secret", {}, GONE, connection_invalidated=True)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Rejected("mend it"), 400),
        (NotFound("not there"), 404),
        (Conflict("held"), 409),
        (Unavailable("away"), 503),
        (redis.exceptions.ConnectionError("refused"), 503),
        (redis.exceptions.TimeoutError("silent"), 503),
        (redis.exceptions.BusyLoadingError("loading"), 503),
        (sqlalchemy.exc.OperationalError("SELECT secret", {}, GONE), 503),
        (sqlalchemy.exc.InterfaceError("SELECT secret", {}, GONE), 503),
        (sqlalchemy.exc.TimeoutError("pool"), 503),
        (LOST, 503),
        (sqlalchemy.exc.ProgrammingError("SELECT secret", {}, GONE), 500),
        (redis.exceptions.ResponseError("WRONGTYPE"), 500),
        (ThorError("of no kind"), 500),
        (ZeroDivisionError("secret"), 500),
    ],
)
def test_the_kind_of_an_error_decides_the_status(client, raising, error, status):
    raising(error)

    answer = client.get("/raise")

    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
    assert answer.json["status"] == status
    assert answer.headers.get("Retry-After") == ("2" if status == 503 else None)
    assert "secret" not in answer.text
    assert "hunter2" not in answer.text


def test_a_problem_says_what_where_and_under_which_name_it_is_logged(client, raising):
    raising(Rejected("a symbol is malformed"))

    assert client.get("/raise?x=1", headers={"X-Request-Id": "abc-1"}).json == {
        "type": "about:blank",
        "title": "Bad Request",
        "status": 400,
        "detail": "a symbol is malformed",
        "instance": "/raise",
        "request_id": "abc-1",
    }


@pytest.mark.parametrize("name", ["", "a b", "a\tb", "é", "x" * 65])
def test_a_request_id_that_is_not_plain_is_replaced(client, raising, name):
    raising(Rejected("no"))

    assert client.get("/raise", headers={"X-Request-Id": name}).json["request_id"].isalnum()


def test_an_unexpected_error_is_logged_with_its_trace_and_answered_without(client, raising, caplog):
    raising(ZeroDivisionError("the secret cause"))

    with caplog.at_level(logging.ERROR):
        answer = client.get("/raise")

    [record] = caplog.records
    assert answer.json["request_id"] in record.getMessage()
    assert record.exc_info[0] is ZeroDivisionError
    assert "the secret cause" not in answer.text


def test_http_errors_keep_their_headers_and_reasons(client):
    assert set(client.post("/raise").headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}
    assert client.get("/busy").json["detail"] == "too many"
    assert client.get("/busy").headers["Retry-After"] == "7"
    assert client.get("/unprocessable").status_code == 400


def test_a_body_that_is_too_long_or_no_json_is_refused(client):
    assert client.post("/body", data=b"x" * 101, content_type="application/json").status_code == 413
    assert client.post("/body", data=b"{", content_type="application/json").status_code == 400
    assert client.post("/body", data=b"{}", content_type="text/plain").status_code == 415


def test_the_path_is_given_as_a_uri_and_not_as_it_came(client):
    answer = client.get("/no%0Athing/%E2%80%AE" + "x" * 400)

    assert answer.json["instance"].startswith("/no%0Athing/%E2%80%AExxx")
    assert len(answer.json["instance"]) < 300
    assert answer.text.isprintable()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain – ümläut", "plain – ümläut"),
        ("a\x00b\nc\x1b[31m", "a\\x00b\\nc\\x1b[31m"),
        ("\u202eES\u200b", "\\u202eES\\u200b"),
        ("x" * 600, "x" * 500 + "…"),
    ],
)
def test_text_is_shown_without_characters_that_cannot_be_seen(text, shown):
    assert printable(text) == shown


@pytest.fixture
def raising():
    """Sets what the endpoint raises."""
    return _ERRORS.append


@pytest.fixture
def client():
    app = APIFlask("app")
    app.config["MAX_CONTENT_LENGTH"] = 100
    install_problems(app)
    app.add_url_rule("/raise", "raise", _raise)
    app.add_url_rule("/busy", "busy", lambda: problem(429, "too many", headers={"Retry-After": "7"}))
    app.add_url_rule("/unprocessable", "unprocessable", lambda: abort(422))
    app.add_url_rule("/body", "body", lambda: json.dumps(request.get_json()), methods=["POST"])
    _ERRORS.clear()
    return app.test_client()


_ERRORS: list[Exception] = []


def _raise():
    raise _ERRORS[-1]

"""What the web server logs of requests."""

import json
import urllib.error
import urllib.request

import pytest

from tests.functional.web_server import serve
from tests.waiting import until


@pytest.fixture
def web(web_settings, bus, log_file):
    with serve(log_file, {**web_settings, "LOG_FORMAT": "json"}) as server:
        yield server


def test_a_line_tells_who_asked_for_what_and_what_came_of_it(web):
    fetch(web, "/api/session?at=2025-10-09T15:30:00Z", {"X-Request-Id": "desk-17"})

    [line] = lines(web, "desk-17")
    assert line["event"] == "GET /api/session"
    assert (line["method"], line["route"], line["status"]) == ("GET", "/api/session", 200)
    assert (line["logger"], line["level"], line["caller"]) == ("thor.access", "info", "127.0.0.1")
    assert line["ms"] > 0


def test_a_line_tells_the_template_of_the_route_and_the_path_without_its_question(web):
    fetch(web, "/api/jobs/12345678?token=very-secret", {"X-Request-Id": "desk-18"})

    [line] = lines(web, "desk-18")
    assert (line["route"], line["event"]) == ("/api/jobs/<int:job_id>", "GET /api/jobs/12345678")
    assert "secret" not in web.log.read_text()


def test_a_path_can_neither_end_a_line_nor_move_the_cursor(web):
    fetch(web, "/x%0a%1b%5b2J%E2%80%AE", {"X-Request-Id": "desk-19"})

    [line] = lines(web, "desk-19")
    assert line["route"] == "unmatched"
    assert line["event"] == r"GET /x\n\x1b[2J\u202e"


def test_what_else_is_logged_of_a_request_has_its_id(web, web_settings, log_file):
    with serve(log_file, {**web_settings, "LOG_FORMAT": "json", "REDIS_URL": "redis://127.0.0.1:1/0"}) as other:
        fetch(other, "/api/quotes?symbols=ES", {"X-Request-Id": "desk-20"})

        told = lines(other, "desk-20", 2)
    assert [line["logger"] for line in told] == ["app.api.problems", "thor.access"]
    assert told[1]["status"] == 503


def test_what_watches_over_thor_is_not_told_unless_something_is_wrong(web):
    fetch(web, "/metrics", {"X-Request-Id": "watch-1"})
    fetch(web, "/api/health/live", {"X-Request-Id": "watch-2"})
    fetch(web, "/api/health/ready", {"X-Request-Id": "watch-3"})
    fetch(web, "/api/session", {"X-Request-Id": "desk-21"})

    lines(web, "desk-21")
    text = web.log.read_text()
    assert "watch-1" not in text
    assert "watch-2" not in text
    [line] = lines(web, "watch-3")
    assert line["status"] == 503


def test_two_requests_at_once_do_not_share_their_names(web):
    for number in range(20):
        fetch(web, "/api/session", {"X-Request-Id": f"one-of-many-{number}"})

    for number in range(20):
        assert len(lines(web, f"one-of-many-{number}")) == 1


def fetch(web, path, headers):
    request = urllib.request.Request(f"{web.url}{path}", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            answer.read()
    except urllib.error.HTTPError as error:
        error.read()


def lines(web, request_id, count=1):
    def found():
        told = [json.loads(line) for line in web.log.read_text().splitlines() if line.startswith("{")]
        return [line for line in told if line.get("request_id") == request_id]

    until(lambda: len(found()) >= count)
    return found()

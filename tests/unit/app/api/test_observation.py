import logging

import pytest
from apiflask import APIFlask
from flask import g
from structlog.contextvars import bind_contextvars, get_contextvars

from app.access.roles import Caller, Role
from app.api.observation import install_observation
from app.api.problems import install_problems
from tests.counting import counting_afresh, scraped

COUNT = "thor_http_request_duration_seconds_count"


@pytest.fixture
def app():
    made = APIFlask("test")
    install_observation(made)
    install_problems(made)

    @made.get("/things/<name>")
    def show(name):
        bind_contextvars(job_id=7)
        g.caller = Caller("user", "anna", Role.VIEWER, "1")
        return f"{get_contextvars()['request_id']} {scraped()['thor_http_requests_in_progress', ()]}"

    @made.get("/broken")
    def break_off():
        raise ValueError("broken")

    @made.get("/api/health/live")
    def live():
        return "yes"

    return made


@pytest.fixture(autouse=True)
def afresh():
    with counting_afresh():
        yield


def test_a_request_has_its_name_while_it_lasts_and_no_longer(app):
    answer = app.test_client().get("/things/one", headers={"X-Request-Id": "r1"})

    assert answer.text == "r1 1.0"
    assert get_contextvars() == {}
    assert scraped()["thor_http_requests_in_progress", ()] == 0


def test_a_fault_is_counted_as_one_and_leaves_nothing_behind(app):
    app.test_client().get("/broken")

    assert scraped()[COUNT, ("GET", "/broken", "5xx")] == 1
    assert scraped()["thor_http_requests_in_progress", ()] == 0
    assert get_contextvars() == {}


def test_the_caller_that_is_known_is_named(app, caplog):
    with caplog.at_level(logging.INFO, "thor.access"):
        app.test_client().get("/things/one?key=secret")

    [line] = [record for record in caplog.records if record.name == "thor.access"]
    assert (line.caller, line.route, line.status) == ("user anna", "/things/<name>", 200)
    assert "secret" not in f"{line.getMessage()} {vars(line)}"


def test_who_watches_is_counted_and_only_logged_when_everything_is(app, caplog):
    with caplog.at_level(logging.INFO, "thor.access"):
        app.test_client().get("/api/health/live")
    assert caplog.records == []

    with caplog.at_level(logging.DEBUG, "thor.access"):
        app.test_client().get("/api/health/live")
    assert len(caplog.records) == 1
    assert scraped()[COUNT, ("GET", "/api/health/live", "2xx")] == 2

import json
import logging
import re
from collections.abc import Iterator

import pytest
from structlog.contextvars import bound_contextvars

from app.logs import _TELLING_NAMES, configure_logs

URL = "redis://:s3cr%40t-word@127.0.0.1:6379/0"
log = logging.getLogger("thor.test")


@pytest.fixture(autouse=True)
def root_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.mark.parametrize("form", ["console", "json"])
@pytest.mark.parametrize(
    "text",
    [
        "password s3cr%40t-word",
        "password s3cr@t-word",
        f"cannot reach {URL}",
        "postgresql+psycopg2://thor:other-word@10.0.0.1/thor",
    ],
)
def test_passwords_become_stars(capsys, form, text):
    configure_logs("INFO", form, [URL, None])

    log.info("it says: %s", text)

    written = capsys.readouterr().err
    assert "word" not in written.replace("password", "")
    assert "***" in written


def test_a_password_in_a_traceback_becomes_stars(capsys):
    configure_logs("INFO", "console", [URL])

    try:
        raise ConnectionError("no way to postgresql://u:other-word@h/d with s3cr@t-word")
    except ConnectionError:
        log.exception("failed")

    written = capsys.readouterr().err
    assert "ConnectionError" in written
    assert "-word" not in written


@pytest.mark.parametrize("form", ["console", "json"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\x0b", "\x85", "\u2028"])
def test_an_event_is_one_line_whatever_is_in_it(capsys, form, end):
    configure_logs("INFO", form)

    log.info("user%s12:00:00.000 info    thor: forged", end)

    assert len(capsys.readouterr().err.splitlines()) == 1


def test_what_moves_the_cursor_is_written_out(capsys):
    configure_logs("INFO", "console")

    log.warning("\x1b[2J\x07\u202e")

    assert capsys.readouterr().err.endswith(r"thor.test: \x1b[2J\x07\u202e" + "\n")


def test_the_lines_of_a_traceback_cannot_pass_for_events(capsys):
    configure_logs("INFO", "console")

    try:
        raise ValueError("bad\n12:00:00.000 info    thor: forged")
    except ValueError:
        log.exception("failed")

    first, *rest = capsys.readouterr().err.splitlines()
    assert re.match(r"\d\d:\d\d:\d\d\.\d{3} error +thor\.test: failed$", first)
    assert all(line.startswith("  ") for line in rest)


def test_json_holds_the_parts_of_an_event(capsys):
    configure_logs("INFO", "json")

    log.warning("stored %s ticks", 7)

    event = json.loads(capsys.readouterr().err)
    assert (event["event"], event["level"], event["logger"]) == ("stored 7 ticks", "warning", "thor.test")
    assert event["timestamp"].endswith("Z")


def test_what_is_less_severe_than_the_level_is_left_out(capsys):
    configure_logs("WARNING", "console")

    log.info("routine")

    assert capsys.readouterr().err == ""


def test_what_the_queues_say_at_every_tick_is_left_out_and_their_failures_are_not(capsys):
    configure_logs("INFO", "console")

    logging.getLogger("celery.worker.strategy").info("Task control.market_tick[1] received")
    logging.getLogger("celery.app.trace").error("Task control.market_tick[1] raised")

    assert [line.split(": ", 1)[1] for line in capsys.readouterr().err.splitlines()] == [
        "Task control.market_tick[1] raised"
    ]


def test_configuring_twice_writes_each_line_once(capsys):
    configure_logs("INFO", "console")
    configure_logs("INFO", "console")

    log.info("once")

    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.parametrize("form", ["console", "json"])
@pytest.mark.parametrize(
    "text",
    [
        "[(b'Authorization', b'Bearer raw-and-telling-words')]",
        "Authorization: Basic cmF3OnRlbGxpbmctd29yZHM=",
        '{"Authorization": "raw-telling", "SchwabClientCustomerId": "raw-telling"}',
        r"{\"refresh_token\": \"raw-telling\"}",
        "{'id_token': 'raw-telling', 'schwabClientCorrelId': 'raw-telling'}",
        "refresh_token=raw-telling&client_secret=raw-telling",
        "https://127.0.0.1:8182/?code=raw-telling%40&session=1",
        "I0.raw-telling-raw-telling@ was refused",
        "given raw-telling-seed",
    ],
)
def test_credentials_become_stars(capsys, form, text):
    configure_logs("INFO", form, secrets=["raw-telling-seed"])

    log.info("it says: %s", text)

    written = capsys.readouterr().err
    assert "***" in written
    assert not [part for part in ("raw", "telling", "cmF3", "%40") if part in written]


@pytest.mark.parametrize("text", ["authorization required", "Basic information about code=12", "code: 30", "I0.5 s"])
def test_what_only_sounds_like_a_credential_stays(capsys, text):
    configure_logs("INFO", "console")

    log.info("it says: %s", text)

    assert text in capsys.readouterr().err


def test_a_migration_is_logged_and_not_what_alembic_loads_for_it(capsys):
    configure_logs("INFO", "console")

    logging.getLogger("alembic.runtime.plugins").info("setup plugin")
    logging.getLogger("alembic.runtime.migration").info("Running upgrade")

    written = capsys.readouterr().err
    assert "Running upgrade" in written
    assert "setup plugin" not in written


@pytest.mark.parametrize("name", ["schwab.auth", "httpx", "httpcore.http11", "authlib", "websockets.client"])
def test_what_goes_over_the_wire_is_not_logged_at_any_level(capsys, name):
    configure_logs("DEBUG", "console")

    logging.getLogger(name).debug("a body")
    logging.getLogger(name).info("an address")
    logging.getLogger(name).warning("trouble")

    written = capsys.readouterr().err
    assert "trouble" in written
    assert "body" not in written
    assert "address" not in written


@pytest.mark.parametrize("name", _TELLING_NAMES.split("|"))
def test_every_telling_name_is_seen_whatever_its_letters(capsys, name):
    configure_logs("INFO", "json")

    log.info("it says %s=raw-telling-words and %s: raw-telling-words", name.upper(), name.lower())

    written = capsys.readouterr().err
    assert "telling-words" not in written


def test_what_belongs_to_the_present_work_is_told_with_each_line_also_of_libraries(capsys):
    configure_logs("INFO", "json")

    with bound_contextvars(request_id="r1", job_id=7):
        logging.getLogger("redis").info("of a library")
    log.info("afterwards")

    first, second = map(json.loads, capsys.readouterr().err.splitlines())
    assert (first["request_id"], first["job_id"]) == ("r1", 7)
    assert {"request_id", "job_id"} & second.keys() == set()


def test_a_secret_in_what_belongs_to_the_present_work_becomes_stars(capsys):
    configure_logs("INFO", "json", [URL])

    with bound_contextvars(request_id="s3cr@t-word"):
        log.info("asked")

    assert json.loads(capsys.readouterr().err)["request_id"] == "***"


def test_of_what_a_call_adds_only_the_facts_of_a_line_are_told(capsys):
    configure_logs("INFO", "console")

    log.info("GET /api/session", extra={"status": 200, "ms": 1.5, "data": {"args": "whole message"}})

    assert capsys.readouterr().err.endswith("thor.test: GET /api/session status=200 ms=1.5\n")

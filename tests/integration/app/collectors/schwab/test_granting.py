import http.server
import json
import threading
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from app.collectors.schwab.granting import Refused, redeem, refresh
from app.errors import Unavailable
from tests.factories import MOMENT
from tests.schwab_logins import login


def test_a_refresh_gives_a_new_access_token_and_keeps_the_time_of_the_login(plan, kept, clock):
    fresh = refresh(plan, kept, clock.now)

    assert fresh.is_fresh(clock.now())
    assert fresh.token.access_token != kept.token.access_token
    assert fresh.token.refresh_token == kept.token.refresh_token
    assert fresh.expires_at == kept.expires_at


def test_a_dead_refresh_token_is_refused(standin, plan, kept, clock):
    standin.faults.expire_refresh()

    with pytest.raises(Refused, match="unsupported_token_type"):
        refresh(plan, kept, clock.now)


def test_a_wrong_secret_is_refused(plan, kept, clock):
    with pytest.raises(Refused, match="invalid_client"):
        refresh(replace(plan, client_secret=plan.client_id), kept, clock.now)


def test_an_unknown_code_is_refused(plan, clock):
    with pytest.raises(Refused):
        redeem(plan, "C0.unknown@", clock.now)


@pytest.mark.parametrize("status", [500, 503])
def test_a_server_that_is_in_trouble_is_no_refusal(standin, plan, kept, clock, status):
    standin.faults.rest_status("/v1/oauth/token", status)

    with pytest.raises(Unavailable, match=f"HTTP {status}"):
        refresh(plan, kept, clock.now)


def test_a_server_that_hangs_up_is_no_refusal(standin, plan, kept, clock):
    standin.faults.refuse_connections(rest=True)

    with pytest.raises(Unavailable, match="does not answer"):
        refresh(plan, kept, clock.now)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b""),
        (200, b"<html>"),
        (200, b"[]"),
        (200, b"{}"),
        (200, json.dumps({"access_token": "a", "refresh_token": "r", "expires_in": -1}).encode()),
        (200, json.dumps({"access_token": "a", "refresh_token": "r", "expires_in": "soon"}).encode()),
        (200, json.dumps({"access_token": "", "refresh_token": "r"}).encode()),
        (429, b"slow down"),
        (429, b"{}"),
        (400, json.dumps({"error": "temporarily_unavailable"}).encode()),
    ],
)
def test_an_answer_that_makes_no_sense_is_no_refusal(plan, status, body):
    with answering(status, body) as url, pytest.raises(Unavailable) as error:
        refresh(replace(plan, api_url=url), login(), lambda: MOMENT)

    assert "refresh-token" not in str(error.value)


def test_an_answer_without_a_refresh_token_keeps_the_old_one_and_goes_by_our_clock(plan):
    body = json.dumps({"access_token": "new-one", "expires_in": 600, "refresh_token": None}).encode()

    with answering(200, body) as url:
        fresh = refresh(replace(plan, api_url=url), login(), lambda: MOMENT + timedelta(days=1))

    assert (fresh.token.access_token, fresh.token.refresh_token) == ("new-one", "a-refresh-token")
    assert fresh.token.expires_at == MOMENT.timestamp() + 86_400 + 600


def test_what_schwab_says_beyond_a_word_is_not_repeated(plan):
    with (
        answering(400, json.dumps({"error": "a-refresh-token is bad"}).encode()) as url,
        pytest.raises(Refused, match="does not say why") as error,
    ):
        refresh(replace(plan, api_url=url), login(), lambda: MOMENT)

    assert "a-refresh-token" not in str(error.value)


@contextmanager
def answering(status, body):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()

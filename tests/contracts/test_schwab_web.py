"""The login, the quotes and the life of the stand-in."""

import base64
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import date

import httpx
import pytest

from app.instruments.catalogue import CATALOGUE
from tests.schwab.board import EQUITIES, FUTURES
from tests.schwab.listings import Walk
from tests.schwab.standin import StandIn
from tests.schwab.talk import Talk
from tests.schwab.tokens import Refused, Tokens
from tests.servers import ROOT
from tests.waiting import until

KEY = "/ESZ25"
WEEK_S = 7 * 24 * 3600


def test_a_code_is_good_for_one_login(talk):
    form = {"grant_type": "authorization_code", "code": code(talk), "redirect_uri": talk.schwab.redirect_uri}
    granted = talk.grant(**form)
    again = talk.grant(**form)

    assert granted.status_code == 200
    assert talk.get("/trader/v1/userPreference", token=granted.json()["access_token"]).status_code == 200
    assert again.status_code == 400
    assert "Bad authorization code" in again.json()["error_description"]


def test_a_code_is_good_for_its_callback_alone(talk):
    form = {"grant_type": "authorization_code", "code": code(talk), "redirect_uri": "https://127.0.0.1:1"}

    assert talk.grant(**form).status_code == 400


def test_a_code_does_not_last():
    tokens = Tokens(code_s=0)
    code = tokens.issue_code("https://127.0.0.1")

    with pytest.raises(Refused):
        tokens.exchange(code, "https://127.0.0.1")


@pytest.mark.parametrize("wrong", ["client_id", "redirect_uri"])
def test_an_unknown_application_gets_no_code(talk, wrong):
    asked = {"client_id": talk.schwab.client_id, "redirect_uri": talk.schwab.redirect_uri} | {wrong: "other"}

    assert httpx.get(f"{talk.schwab.api_url}/v1/oauth/authorize", params=asked).status_code == 400


@pytest.mark.parametrize("given", ["", "Basic", "Basic !", f"Basic {base64.b64encode(b'a:b').decode()}", "Bearer x"])
def test_a_wrong_secret_gets_no_token(talk, given):
    form = {"grant_type": "refresh_token", "refresh_token": talk.token["refresh_token"]}
    answer = httpx.post(f"{talk.schwab.api_url}/v1/oauth/token", data=form, headers={"Authorization": given})

    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_another_grant_is_refused(talk):
    assert talk.grant(grant_type="password").json()["error"] == "unsupported_grant_type"


def test_refreshing_does_not_extend_a_login():
    tokens = Tokens(refresh_s=WEEK_S)
    old = tokens.log_in(time.time() - WEEK_S + 0.3)["refresh_token"]

    assert tokens.refresh(old)["refresh_token"] == old
    until(lambda: is_refused(tokens, old), 5)


@pytest.mark.parametrize(("age_s", "is_admitted", "is_refreshed"), [(0, 1, 1), (1801, 0, 1), (WEEK_S + 1, 0, 0)])
def test_a_token_has_the_age_that_is_asked_for(talk, age_s, is_admitted, is_refreshed):
    earliest = int(time.time()) - age_s
    kept = talk.schwab.token(age_s)
    token = kept["token"]

    assert earliest <= kept["creation_timestamp"] <= time.time() - age_s
    assert token["expires_at"] == kept["creation_timestamp"] + 1800
    page = talk.get("/trader/v1/userPreference", token=token["access_token"])
    assert page.status_code == (200 if is_admitted else 401)
    granted = talk.grant(grant_type="refresh_token", refresh_token=token["refresh_token"])
    assert granted.status_code == (200 if is_refreshed else 400)


def test_quotes_of_both_services_have_their_own_names(talk):
    talk.schwab.update(FUTURES, KEY, {1: 6879.25, 10: 1765083430010, 34: KEY})
    talk.schwab.update(EQUITIES, "SPY", {1: 685.1, 10: 690.0}, delayed=True)
    told = talk.get("/marketdata/v1/quotes", symbols=f"{KEY},SPY,/NO", fields="quote").json()

    assert told[KEY]["quote"] == {"bidPrice": 6879.25, "quoteTime": 1765083430010, "settleTime": 0}
    assert told["SPY"]["quote"] == {"bidPrice": 685.1, "highPrice": 690.0}
    assert [told[key]["realtime"] for key in (KEY, "SPY")] == [True, False]
    assert told["errors"] == {"invalidSymbols": ["/NO"]}
    assert "reference" not in told[KEY]


def test_there_is_no_other_page(talk):
    assert talk.get("/marketdata/v1/chains").status_code == 404


def test_it_ends_whoever_is_still_connected():
    before = set(threading.enumerate())
    with StandIn() as schwab:
        port = httpx.URL(schwab.api_url).port
        talk = Talk(schwab)
        with socket.create_connection(("127.0.0.1", port)) as idle, talk:
            talk.log_in()
            schwab.faults.slow(600)  # Longer than a test may last.
            asking = threading.Thread(target=lambda: httpx.get(f"{schwab.api_url}/v1/oauth/authorize", timeout=None))
            asking.start()
            until(lambda: any(request["kind"] == "oauth" for request in schwab.requests))
            schwab.close()
            assert idle.recv(1) == b""
        asking.join()

    assert set(threading.enumerate()) - before == set()


def test_an_error_of_its_own_fails_the_test_that_met_it():
    with pytest.raises(TypeError, match="not JSON serializable"), StandIn() as schwab, Talk(schwab) as talk:
        schwab.update(FUTURES, KEY, {1: object()})
        talk.log_in()
        talk.subscribe(FUTURES, KEY)
        until(lambda: not schwab.is_subscribed(KEY))


def test_by_hand_it_quotes_at_random_until_it_is_told_to_stop(tmp_path):
    token_file = tmp_path / "token.json"
    options = ["--rate", "200", "--symbols", "ES,ZB", "--token-file", str(token_file), "--heartbeat-s", "1"]
    with by_hand(options) as process:
        assert process.stdout is not None
        told = [process.stdout.readline().strip() for _ in range(5)]
        settings = dict(shlex.split(line)[1].split("=", 1) for line in told)
        token = httpx.Response(200, content=token_file.read_bytes()).json()["token"]["access_token"]

        assert oct(token_file.stat().st_mode)[-3:] == "600"
        assert settings["SCHWAB_TOKEN_FILE"] == str(token_file)
        volumes = {volume(settings["SCHWAB_API_URL"], token)}
        until(lambda: volumes.add(volume(settings["SCHWAB_API_URL"], token)) or len(volumes) > 2)
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


def test_by_hand_it_knows_the_futures_of_the_catalogue_alone():
    with by_hand(["--symbols", "ES,NONE"]) as process:
        assert process.wait(10) == 2


@pytest.mark.parametrize("symbol", CATALOGUE)
def test_by_hand_every_future_begins_with_prices_that_can_move(symbol):
    walk = Walk([symbol], date(2025, 12, 1), at_ms=0)

    (_, _, first), *_ = walk.start()

    assert min(first[number] for number in (1, 2, 3, 12, 13, 14, 18)) > 1000 * float(CATALOGUE[symbol].tick_size)


def by_hand(options: list[str]) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "tests.schwab", *options]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def volume(api_url: str, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    answer = httpx.get(f"{api_url}/marketdata/v1/quotes", params={"symbols": "/ES"}, headers=headers)
    return int(answer.json()["/ES"]["quote"]["totalVolume"])


def is_refused(tokens: Tokens, refresh_token: str) -> bool:
    try:
        tokens.refresh(refresh_token)
    except Refused:
        return True
    return False


def code(talk: Talk) -> str:
    asked = {"client_id": talk.schwab.client_id, "redirect_uri": talk.schwab.redirect_uri}
    answer = httpx.get(f"{talk.schwab.api_url}/v1/oauth/authorize", params=asked)
    return httpx.URL(answer.headers["Location"]).params["code"]


@pytest.fixture
def talk() -> Iterator[Talk]:
    with StandIn() as schwab:
        yield Talk(schwab)

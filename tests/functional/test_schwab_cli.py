import json
import re
import stat
import urllib.request
from collections.abc import Iterator
from functools import partial
from ssl import CERT_NONE, create_default_context
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import pytest

from app.bus import keys
from app.local.ports import free_port
from tests.schwab.standin import StandIn
from tests.schwab_logins import end_of, have_pasted

WRONG = "of-another-app"
TOKENS = ("access_token", "refresh_token", "id_token")
PAGE = re.compile(r"http://127\.0\.0\.1:[0-9]+/v1/oauth/authorize\?\S+")


@pytest.fixture
def standin() -> Iterator[StandIn]:
    class Reachable(StandIn):
        redirect_uri = f"https://127.0.0.1:{free_port()}"

    with Reachable() as running:
        yield running


@pytest.fixture
def schwab(standin, runner_on, tmp_path):
    def run(*words, answer=None, **settings):
        known = {
            "schwab_client_id": standin.client_id,
            "schwab_client_secret": standin.client_secret,
            "schwab_redirect_uri": standin.redirect_uri,
            "schwab_api_url": standin.api_url,
            "schwab_token_file": tmp_path / "token.json",
        }
        return runner_on(**known | settings).invoke(args=list(words), input=answer)

    return run


@pytest.fixture
def logged_in(standin, tmp_path):
    def make(age_s=0.0):
        (tmp_path / "token.json").write_text(json.dumps(standin.token(age_s)))
        (tmp_path / "token.json").chmod(0o600)

    return make


@pytest.fixture
def pasted(monkeypatch):
    """Has a user paste what a function makes of the address of the login page."""
    return partial(have_pasted, monkeypatch)


def state_of(page):
    return parse_qs(urlsplit(page).query)["state"][0]


def refused_paste(schwab, address):
    return schwab("schwab-login", "--paste", answer=f"{address}\n")


def test_a_login_by_a_browser(standin, schwab, tmp_path, bus, monkeypatch):
    # What the browser does, with its user: on from the login page to the callback, past the warning.
    def browse(page):
        context = create_default_context()
        context.check_hostname, context.verify_mode = False, CERT_NONE
        Thread(target=lambda: urllib.request.urlopen(end_of(page), context=context).close()).start()
        return True

    monkeypatch.setattr("webbrowser.open", browse)

    answer = schwab("schwab-login", "--timeout=20")

    assert answer.exit_code == 0, answer.output
    assert "Logged in: the login at Schwab is good until" in answer.output
    assert stat.S_IMODE((tmp_path / "token.json").stat().st_mode) == 0o600
    assert bus.hget(keys.login("SCHWAB"), "known") == "1"
    assert schwab("schwab-check").exit_code == 1  # It is good, and no symbol is quoted yet.


def test_a_login_that_nobody_makes_ends_in_time(schwab, monkeypatch):
    monkeypatch.setattr("webbrowser.open", lambda _page: False)

    answer = schwab("schwab-login", "--timeout=1")

    assert answer.exit_code == 1
    assert PAGE.search(answer.output)
    assert "did not come back within 1 s" in answer.output


def test_a_login_by_pasting(schwab, tmp_path, pasted):
    pasted(end_of)

    answer = schwab("schwab-login", "--paste")

    assert answer.exit_code == 0, answer.output
    kept = json.loads((tmp_path / "token.json").read_text())
    assert kept["login_known"] is True
    assert not [kept["token"][name] for name in TOKENS if kept["token"][name] in answer.output]


@pytest.mark.parametrize("address", ["", "https://127.0.0.1:8182/?session=1", "C0.abc"])
def test_an_address_without_a_code_is_bad_input(schwab, address):
    answer = refused_paste(schwab, address)

    assert answer.exit_code == 2
    assert "no code" in answer.output


def test_an_address_of_another_attempt_is_bad_input_and_is_not_repeated(schwab, standin):
    answer = refused_paste(schwab, f"{standin.redirect_uri}/?code=C0.secret-code&state=another")

    assert answer.exit_code == 2
    assert "another attempt" in answer.output
    assert "secret-code" not in answer.output


@pytest.mark.parametrize(
    ("changes", "advice"),
    [({"schwab_client_secret": WRONG}, "SCHWAB_CLIENT_SECRET"), ({}, "good once and for 30 s")],
)
def test_a_login_that_schwab_refuses_is_told_with_what_to_do(schwab, standin, pasted, changes, advice):
    pasted(lambda page: f"{standin.redirect_uri}/?code=C0.unknown-code%40&state={state_of(page)}")

    answer = schwab("schwab-login", "--paste", **changes)

    assert answer.exit_code == 3
    assert advice in answer.output
    assert "unknown-code" not in answer.output


def test_a_login_without_schwab_fails(standin, schwab, pasted):
    def lose(page):
        address = end_of(page)
        standin.faults.refuse_connections(rest=True)
        return address

    pasted(lose)

    answer = schwab("schwab-login", "--paste")

    assert answer.exit_code == 1
    assert "Schwab does not answer" in answer.output


@pytest.mark.parametrize("name", ["schwab-login", "schwab-check"])
def test_what_to_set_is_said_where_schwab_is_not_set_up(runner, name):
    answer = runner.invoke(args=[name])

    assert answer.exit_code == 2
    assert "SCHWAB_CLIENT_ID" in answer.output


def test_a_check_says_which_symbols_answer(standin, schwab, logged_in, bus):
    logged_in()
    standin.update("LEVELONE_FUTURES", "/ES", {1: 6710.0, 2: 6710.25, 3: 6710.25, 10: 1_760_023_800_000})

    answer = schwab("schwab-check", "--json", schwab_symbols="ES,VX")

    told = json.loads(answer.output)
    assert answer.exit_code == 0
    assert [(one["symbol"], one["schwab_symbol"], one["answers"]) for one in told["symbols"]] == [
        ("ES", "/ES", True),
        ("VX", "/VX", False),
    ]
    assert (told["symbols"][0]["bid"], told["symbols"][0]["ask"]) == ("6710.0", "6710.25")
    assert told["login"]["expiry_known"] is True
    assert bus.hget(keys.login("SCHWAB"), "known") == "1"


def test_a_check_asks_for_a_contract_under_the_name_that_is_streamed(standin, schwab, logged_in):
    logged_in()
    standin.update("LEVELONE_FUTURES", "/ESZ26", {1: 6710.0, 2: 6710.25, 3: 6710.25})

    told = json.loads(schwab("schwab-check", "--json", schwab_symbols="ESZ26").output)

    assert [(one["symbol"], one["schwab_symbol"], one["answers"]) for one in told["symbols"]] == [
        ("ES", "/ESZ26", True),
    ]


def test_a_check_in_words(standin, schwab, logged_in):
    logged_in(age_s=6.5 * 86_400)
    standin.update("LEVELONE_FUTURES", "/ES", {1: 6710.0, 2: 6710.25, 3: 6710.25, 10: 1_760_023_800_000})

    answer = schwab("schwab-check", schwab_symbols="ES,VX")

    assert answer.exit_code == 0, answer.output
    assert "run `flask schwab-login` before that" in answer.output
    assert "1 of 2 symbols have quotes" in answer.output
    assert standin.refreshes == 1


def test_a_check_without_a_login_asks_for_one(schwab, bus):
    answer = schwab("schwab-check")

    assert answer.exit_code == 3
    assert "flask schwab-login" in answer.output
    assert int(bus.hget(keys.login("SCHWAB"), "expires_ms")) <= int(bus.hget(keys.login("SCHWAB"), "checked_ms"))


def test_a_check_of_a_dead_login_asks_for_another(standin, schwab, logged_in):
    logged_in(age_s=3600)
    standin.faults.expire_refresh()

    answer = schwab("schwab-check")

    assert answer.exit_code == 3
    assert "flask schwab-login" in answer.output


def test_a_check_replaces_an_access_token_that_was_refused(standin, schwab, logged_in):
    logged_in()
    standin.faults.expire_access()
    standin.update("LEVELONE_FUTURES", "/ES", {1: 6710.0, 2: 6710.25, 3: 6710.25})

    assert schwab("schwab-check", schwab_symbols="ES").exit_code == 0
    assert standin.refreshes == 1


@pytest.mark.parametrize(("status", "advice"), [(429, "wait a minute"), (500, "try again later"), (403, "Market Data")])
def test_a_check_that_gets_no_quotes_says_what_to_do(standin, schwab, logged_in, status, advice):
    logged_in()
    standin.faults.rest_status("/quotes", status)

    answer = schwab("schwab-check")

    assert answer.exit_code == 1
    assert advice in answer.output

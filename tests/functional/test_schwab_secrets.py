import base64
import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, quote, unquote, urlsplit

import pytest

from app.local.ports import free_port
from tests.functional.test_schwab_cli import end_of
from tests.schwab.standin import CORREL_ID, CUSTOMER_ID, StandIn
from tests.servers import ROOT

TOKENS = ("access_token", "refresh_token", "id_token")
BROWSER = """
import json, sys, ssl, urllib.request
page, told = sys.argv[1:]
context = ssl.create_default_context()
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
class Ends(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, request, file, code, message, headers, address):
        open(told, "w").write(json.dumps([page, address]))
        return super().redirect_request(request, file, code, message, headers, address)
urllib.request.build_opener(Ends, urllib.request.HTTPSHandler(context=context)).open(page).close()
"""


@pytest.fixture
def standin() -> Iterator[StandIn]:
    class Reachable(StandIn):
        redirect_uri = f"https://127.0.0.1:{free_port()}"

    with Reachable() as running:
        running.update("LEVELONE_FUTURES", "/ES", {1: 6710.0, 2: 6710.25, 3: 6710.25, 10: 1_760_023_800_000})
        yield running


@pytest.fixture
def environment(standin, redis_url, database_url, tmp_path):
    (tmp_path / "browser.py").write_text(BROWSER)
    return {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "FLASK_APP": "wsgi.py",
        "BROWSER": f"{sys.executable} {tmp_path / 'browser.py'} %s {tmp_path / 'browsed.json'}",
        "LOG_LEVEL": "DEBUG",
        "STATE_DIR": str(tmp_path / "var"),
        "REDIS_URL": redis_url,
        "DATABASE_URL": database_url,
        "SCHWAB_CLIENT_ID": standin.client_id,
        "SCHWAB_CLIENT_SECRET": standin.client_secret,
        "SCHWAB_REDIRECT_URI": standin.redirect_uri,
        "SCHWAB_API_URL": standin.api_url,
    }


def flask(environment, *words):
    return run(environment, "-m", "flask", *words)


def run(environment, *words):
    """What a process says, in all; it must end well."""
    answer = subprocess.run(
        [sys.executable, *words], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert answer.returncode == 0, answer.stderr[-3000:]
    return answer.stdout + answer.stderr


def tokens_in(folder):
    """Every token that a file of the login has now."""
    files = [folder / "schwab" / name for name in ("token.json", "token.json.previous")]
    kept = [json.loads(file.read_text())["token"] for file in files if file.exists()]
    return {token[name] for token in kept for name in TOKENS}


def known_secrets(standin):
    basic = base64.b64encode(f"{standin.client_id}:{standin.client_secret}".encode()).decode()
    return {standin.client_secret, basic, CUSTOMER_ID, CORREL_ID}


def found_in(text, secrets):
    """Which secrets are in a text, as they are or as a URL or JSON has them."""
    return {
        secret for secret in secrets if any(form in text for form in (secret, quote(secret, safe=""), quote(secret)))
    }


def everything_in(bus):
    """All keys and values of the bus."""
    kinds = {"hash": bus.hgetall, "string": bus.get, "stream": bus.xrange, "set": bus.smembers}
    return "".join(f"{key} {kinds[bus.type(key)](key)}" for key in bus.keys("*"))


def files_in(folder):
    """What the files of the state directory have, but for those that are to have it."""
    kept = ("token.json", "token.json.previous")
    return "".join(
        path.read_text(errors="replace") for path in folder.rglob("*") if path.is_file() and path.name not in kept
    )


@pytest.mark.parametrize("form", ["console", "json"])
def test_no_secret_is_told_by_logs_at_debug_by_redis_or_by_the_state_directory(
    standin, environment, tmp_path, bus, form
):
    environment["LOG_FORMAT"], state, secrets = form, tmp_path / "var", known_secrets(standin)
    said = flask(environment, "schwab-login", "--timeout=30")
    page, address = json.loads((tmp_path / "browsed.json").read_text())
    secrets |= tokens_in(state) | {parse_qs(urlsplit(address).query)["code"][0]}
    said += run(environment, "-m", "tests.functional.schwab_talk")
    secrets |= tokens_in(state)
    said += flask(environment, "schwab-check", "--json")

    assert "talked" in said
    assert "it says" in said
    assert len(secrets) == 4 + 1 + 4  # Two access tokens beside one refresh token and one id token.
    assert found_in(said, secrets) == set()
    assert found_in(page, secrets) == set()  # The browser has it in its command line.
    assert "schwab" in said
    assert found_in(everything_in(bus), secrets) == set()
    assert found_in(files_in(state), secrets) == set()


def test_logs_without_care_would_tell_them(standin, environment, tmp_path):
    flask(environment, "schwab-login", "--timeout=30")

    said = run(environment, "-m", "tests.functional.schwab_talk", "--bare")

    assert len(found_in(said, known_secrets(standin) | tokens_in(tmp_path / "var"))) >= 4


def test_what_is_pasted_at_a_terminal_is_not_shown(standin, environment, tmp_path):
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "flask", "schwab-login", "--paste"],
        cwd=ROOT,
        env=environment,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    shown = until_shown(ours, "not shown")
    address = end_of(re.search(r"http://\S+/authorize\?\S+", shown)[0])
    os.write(ours, f"{address}\n".encode())
    shown += until_shown(ours, "goes on by itself")
    assert process.wait(20) == 0
    os.close(ours)

    code = parse_qs(urlsplit(address).query)["code"][0]
    assert "Logged in" in shown
    assert found_in(shown, {code, unquote(code)} | tokens_in(tmp_path / "var")) == set()


def until_shown(terminal, words):
    """What the terminal shows up to these words."""
    shown = ""
    while words not in shown:
        try:
            shown += os.read(terminal, 4096).decode()
        except OSError as error:
            raise AssertionError(f"it ended and showed {shown}") from error
    return shown

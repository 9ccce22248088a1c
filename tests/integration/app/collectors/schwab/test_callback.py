import socket
import ssl
import urllib.error
import urllib.request
from contextlib import closing

import pytest

from app.collectors.schwab.callback import CallbackListener
from app.collectors.schwab.login import Attempt
from app.errors import Conflict, Rejected, Unavailable
from app.local.ports import free_port
from tests.factories import MOMENT


@pytest.fixture
def attempt():
    return Attempt("https://the.page/", "the-state", f"https://127.0.0.1:{free_port()}")


@pytest.fixture
def listener(attempt):
    with CallbackListener(attempt.callback, attempt.code_of, MOMENT) as listening:
        yield listening


def call(attempt, rest):
    """The status and the text that a browser that goes on past the warning is shown."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with urllib.request.urlopen(attempt.callback + rest, context=context) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_it_gives_the_code_that_the_browser_brings(listener, attempt):
    status, text = call(attempt, "/?code=C0.abc%40&session=1&state=the-state")

    assert status == 200
    assert "abc" not in text
    assert listener.wait(1) == "C0.abc@"


def test_others_may_call_and_are_waited_past(listener, attempt):
    assert call(attempt, "/favicon.ico")[0] == 404
    assert call(attempt, "/")[0] == 400
    assert call(attempt, "/?code=evil&state=another")[0] == 400
    with pytest.raises(Unavailable, match="did not come back"):
        listener.wait(0.05)

    call(attempt, "/?code=good&state=the-state")

    assert listener.wait(1) == "good"


def test_a_refusal_of_schwabs_ends_the_waiting(listener, attempt):
    status, text = call(attempt, "/?error=access_denied&state=the-state")

    assert (status, "allow the access" in text) == (200, True)
    with pytest.raises(Conflict, match="access_denied"):
        listener.wait(1)


def test_a_connection_that_says_nothing_delays_nobody(listener, attempt):
    port = int(attempt.callback.rpartition(":")[2])
    with closing(socket.create_connection(("127.0.0.1", port))):
        call(attempt, "/?code=good&state=the-state")

        assert listener.wait(1) == "good"


def test_a_browser_that_hangs_up_on_the_certificate_can_come_again(listener, attempt):
    with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
        urllib.request.urlopen(attempt.callback)

    call(attempt, "/?code=good&state=the-state")

    assert listener.wait(1) == "good"


def test_a_taken_port_is_told_with_what_to_do(listener, attempt):
    with pytest.raises(Conflict, match="--paste"):
        CallbackListener(attempt.callback, attempt.code_of, MOMENT)


def test_an_address_elsewhere_cannot_be_awaited(attempt):
    with pytest.raises(Rejected, match="--paste"):
        CallbackListener("https://thor.example:8182", attempt.code_of, MOMENT)

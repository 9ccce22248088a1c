"""Each fault of the stand-in does what it is named after, and nothing afterwards."""

import json
import math
import time
from collections.abc import Iterator

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidMessage

from tests.schwab.board import FUTURES
from tests.schwab.standin import StandIn
from tests.schwab.talk import Talk, code_of

KEY = "/ESZ25"
FULL = {1: 6879.25, 2: 6879.5, 8: 812345, 22: "Normal"}
QUOTES = "/marketdata/v1/quotes"
PREFERENCE = "/trader/v1/userPreference"


def test_a_dropped_connection_has_no_close_frame(streaming):
    streaming.schwab.faults.drop()

    with pytest.raises(ConnectionClosed) as closed:
        hear_data(streaming)
    assert closed.value.rcvd is None
    with Talk(streaming.schwab) as again:
        assert code_of(again.log_in()) == 0


def test_after_a_drop_a_subscription_is_a_new_one(streaming):
    streaming.schwab.faults.drop()

    with pytest.raises(AssertionError, match="nobody has subscribed"):
        streaming.schwab.wait_for_subscription(KEY, timeout_s=0)


def test_silence_has_heartbeats_and_answers_and_no_data(streaming):
    streaming.schwab.faults.silence()
    streaming.schwab.update(FUTURES, KEY, {1: 1.0})

    assert [next(iter(streaming.hear())) for _ in range(2)] == ["notify", "notify"]
    assert code_of(streaming.subscribe(FUTURES, "/NQZ25", command="ADD")) == 0


def test_silence_ends_with_what_was_missed(streaming):
    streaming.schwab.faults.silence()
    streaming.schwab.updates((FUTURES, KEY, {8: n}) for n in range(10))
    streaming.schwab.faults.silence(False)

    assert hear_data(streaming)["8"] == 9


@pytest.mark.parametrize(("new", "is_told"), [(False, True), (True, False)])
def test_silence_is_over_with_a_new_connection_unless_that_is_silent_too(streaming, new, is_told):
    streaming.schwab.faults.silence(new=new)

    with Talk(streaming.schwab) as again:
        again.log_in()
        again.subscribe(FUTURES, KEY)
        assert ("data" in again.hear()) == is_told


def test_a_mute_connection_says_nothing_at_all(streaming):
    streaming.schwab.faults.mute()
    streaming.schwab.update(FUTURES, KEY, {1: 1.0})
    streaming.send({"requests": [streaming.request(FUTURES, "UNSUBS", keys=KEY)]})
    pong = streaming.socket.ping()

    with pytest.raises(TimeoutError):
        streaming.hear(0.5)
    assert not pong.is_set()
    streaming.schwab.faults.mute(False)
    assert hear_data(streaming)["1"] == 1.0
    assert code_of(streaming.hear_kind("response")) == 0


def test_a_new_connection_can_be_mute_from_the_start(schwab):
    schwab.faults.mute(new=True)

    with Talk(schwab) as talk:
        with pytest.raises(TimeoutError):
            talk.send({"requests": [talk.request("ADMIN", "LOGIN", Authorization=talk.token["access_token"])]})
            talk.hear(0.5)
        schwab.faults.mute(False)
        assert code_of(talk.hear_kind("response")) == 0


@pytest.mark.parametrize("code", [12, 30])
def test_sessions_end_with_a_code(streaming, code):
    streaming.schwab.faults.end_sessions(code)

    while "heartbeat" in (frame := streaming.hear_kind("notify"))["notify"][0]:
        pass
    assert code_of(frame) == code
    with pytest.raises(ConnectionClosed):
        streaming.hear()


def test_so_many_logins_are_denied(schwab):
    schwab.faults.deny_logins(2)

    assert [login(schwab) for _ in range(3)] == [3, 3, 0]


def test_logins_are_denied_until_they_are_not(schwab):
    schwab.faults.deny_logins()
    denied = [login(schwab) for _ in range(2)]
    schwab.faults.deny_logins(False)

    assert [*denied, login(schwab)] == [3, 3, 0]


@pytest.mark.parametrize("code", [9, 11, 12, 19, 20, 21, 22, 30])
def test_a_command_is_answered_with_any_code_once(schwab, code):
    schwab.faults.respond("SUBS", code)

    with Talk(schwab) as talk:
        talk.log_in()
        assert code_of(talk.subscribe(FUTURES, KEY)) == code
    with Talk(schwab) as talk:
        talk.log_in()
        assert code_of(talk.subscribe(FUTURES, KEY)) == 0


def test_a_code_of_success_lets_the_command_be_obeyed(schwab):
    schwab.faults.respond("SUBS", 26)

    with Talk(schwab) as talk:
        talk.log_in()
        assert code_of(talk.subscribe(FUTURES, KEY)) == 26
        schwab.wait_for_subscription(KEY, timeout_s=1)


def test_text_that_is_no_json(streaming):
    spoil(streaming, "not json")

    with pytest.raises(json.JSONDecodeError):
        hear_data(streaming)


def test_json_that_is_no_object(streaming):
    spoil(streaming, "not an object")

    assert isinstance(hear_unless_beat(streaming), list)


def test_data_without_content(streaming):
    spoil(streaming, "missing content")

    assert "content" not in hear_unless_beat(streaming)["data"][0]


@pytest.mark.parametrize(("kind", "is_so"), [("nan", math.isnan), ("huge", lambda value: value == 1e300)])
def test_numbers_beyond_reason(streaming, kind, is_so):
    spoil(streaming, kind)
    content = hear_data(streaming)

    assert is_so(content["1"])
    assert is_so(content["8"])
    assert content["22"] == "Halted"


def test_numbers_as_text(streaming):
    spoil(streaming, "string numbers")

    assert hear_data(streaming) == {"key": KEY, "1": "1.0", "8": "812346", "22": "Halted"}


def test_a_frame_that_is_too_large(streaming):
    spoil(streaming, "oversize")

    with pytest.raises(ConnectionClosed, match="1009"):
        hear_data(streaming)


def test_an_answer_to_something_that_was_not_asked(streaming):
    streaming.schwab.faults.malform("wrong requestid")
    request = streaming.request(FUTURES, "ADD", keys="/NQZ25", fields="0")
    streaming.send({"requests": [request]})

    assert streaming.hear_kind("response")["response"][0]["requestid"] != request["requestid"]


def test_only_so_many_frames_are_spoiled(streaming):
    spoil(streaming, "string numbers")
    hear_data(streaming)
    streaming.schwab.update(FUTURES, KEY, {1: 2.0})

    assert hear_data(streaming) == {"key": KEY, "1": 2.0}


def test_an_unknown_malformation_is_told_at_once(schwab):
    with pytest.raises(ValueError, match="no malformation"):
        schwab.faults.malform("upside down")


def test_slowness_delays_frames_and_pages(streaming):
    streaming.schwab.faults.slow(0.3)
    began = time.monotonic()
    streaming.get(PREFERENCE)
    asked = time.monotonic()
    streaming.schwab.update(FUTURES, KEY, {1: 1.0})
    hear_data(streaming)

    assert asked - began >= 0.3
    assert time.monotonic() - asked >= 0.3


def test_slowness_keeps_every_change(streaming):
    streaming.schwab.faults.slow(1.0)
    began = time.monotonic()
    streaming.schwab.updates((FUTURES, KEY, {8: n}) for n in range(200))

    assert [hear_data(streaming)["8"] for _ in range(200)] == list(range(200))
    # One after the other they would take longer than a test may last.
    assert time.monotonic() - began >= 1.0


def test_refused_connections_are_no_connections(schwab):
    schwab.faults.refuse_connections()

    with pytest.raises((InvalidMessage, EOFError, ConnectionError)), Talk(schwab):
        pass
    assert schwab.connections == 0
    schwab.faults.refuse_connections(False)
    assert login(schwab) == 0


def test_pages_can_be_refused_too(schwab):
    talk = Talk(schwab)
    schwab.faults.refuse_connections(rest=True)

    with pytest.raises(httpx.RemoteProtocolError):
        talk.get(PREFERENCE)
    schwab.faults.refuse_connections(False)
    assert talk.get(PREFERENCE).status_code == 200


def test_an_expired_access_token_opens_nothing_until_it_is_refreshed(streaming):
    streaming.schwab.faults.expire_access()

    assert streaming.get(PREFERENCE).status_code == 401
    assert login(streaming.schwab, streaming.token["access_token"]) == 3
    fresh = streaming.grant(grant_type="refresh_token", refresh_token=streaming.token["refresh_token"]).json()
    assert streaming.get(PREFERENCE, token=fresh["access_token"]).status_code == 200
    assert streaming.schwab.refreshes == 1


def test_an_expired_refresh_token_refreshes_nothing(schwab):
    talk = Talk(schwab)
    schwab.faults.expire_refresh()
    refused = talk.grant(grant_type="refresh_token", refresh_token=talk.token["refresh_token"])

    assert refused.status_code == 400
    assert refused.json()["error"] == "unsupported_token_type"
    assert talk.get(PREFERENCE).status_code == 200


def test_so_many_pages_have_a_status(schwab):
    talk = Talk(schwab)
    schwab.faults.rest_status("quotes", 503, n=2)

    statuses = [talk.get(path).status_code for path in (PREFERENCE, QUOTES, QUOTES, QUOTES)]
    assert statuses == [200, 503, 503, 200]


def test_the_token_endpoint_can_have_a_status_too(schwab):
    talk = Talk(schwab)
    schwab.faults.rest_status("/oauth/token", 500)

    assert talk.grant(grant_type="refresh_token", refresh_token=talk.token["refresh_token"]).status_code == 500
    assert schwab.refreshes == 0


def test_quotes_are_limited_in_their_rate(schwab):
    talk = Talk(schwab)
    schwab.faults.rate_limit(2)

    assert [talk.get(QUOTES, symbols=KEY).status_code for _ in range(3)] == [200, 200, 429]
    assert talk.get(PREFERENCE).status_code == 200
    schwab.faults.rate_limit(None)
    assert talk.get(QUOTES, symbols=KEY).status_code == 200


def login(schwab: StandIn, token: str | None = None) -> int:
    with Talk(schwab) as talk:
        return code_of(talk.log_in(token))


def spoil(talk: Talk, kind: str) -> None:
    talk.schwab.faults.malform(kind)
    talk.schwab.update(FUTURES, KEY, {1: 1.0, 8: 812346, 22: "Halted"})


def hear_unless_beat(talk: Talk) -> object:
    while "heartbeat" in json.dumps(frame := talk.hear()):
        pass
    return frame


def hear_data(talk: Talk) -> dict[str, object]:
    (service,) = talk.hear_kind("data")["data"]
    (content,) = service["content"]
    return content


@pytest.fixture
def schwab() -> Iterator[StandIn]:
    with StandIn(heartbeat_s=0.2) as schwab:
        yield schwab


@pytest.fixture
def streaming(schwab: StandIn) -> Iterator[Talk]:
    schwab.update(FUTURES, KEY, FULL)
    with Talk(schwab) as talk:
        talk.log_in()
        talk.subscribe(FUTURES, KEY, "0,1,2,8,22")
        hear_data(talk)
        yield talk

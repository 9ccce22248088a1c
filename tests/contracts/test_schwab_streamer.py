"""The streamer of the stand-in keeps the protocol."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from tests.schwab.board import EQUITIES, FUTURES
from tests.schwab.standin import StandIn
from tests.schwab.talk import Talk, code_of

KEY = "/ESZ25"
FULL = {1: 6879.25, 2: 6879.5, 3: 6879.5, 8: 812345}
BEAT_S = 0.1


def test_a_login_with_a_bad_token_is_denied_and_closed(talk):
    assert code_of(talk.log_in("I0.no")) == 3
    assert is_closed(talk)
    assert talk.schwab.logins == 0
    assert talk.schwab.connections == 1


def test_a_command_before_the_login_finds_no_connection(talk):
    assert code_of(talk.subscribe(FUTURES, KEY)) == 20
    assert code_of(talk.log_in()) == 0


@pytest.mark.parametrize("missing", ["SchwabClientCustomerId", "SchwabClientCorrelId"])
def test_a_request_without_an_id_is_closed(talk, missing):
    talk.log_in()
    request = talk.request(FUTURES, "SUBS", keys=KEY, fields="0,1")
    del request[missing]
    talk.send({"requests": [request]})

    assert code_of(talk.hear_kind("response")) == 21
    assert is_closed(talk)


@pytest.mark.parametrize("text", ["{", "[]", "1", '{"parameters": [1]}', '{"requests": 1}', '{"requests": [1]}', "{}"])
def test_what_is_no_request_is_closed(talk, text):
    talk.send(text)

    assert code_of(talk.hear_kind("response")) == 21
    assert is_closed(talk)


def test_a_second_login_closes_the_first_connection(talk):
    with Talk(talk.schwab) as second:
        talk.log_in()
        assert code_of(second.log_in()) == 0

        assert code_of(hear_notice(talk)) == 12
        assert is_closed(talk)
        assert code_of(second.subscribe(FUTURES, KEY)) == 0
    assert talk.schwab.logins == 2


def test_the_first_message_is_full_and_later_ones_tell_what_changed(talk):
    talk.schwab.update(FUTURES, KEY, FULL | {22: "Normal"})
    talk.log_in()
    talk.subscribe(FUTURES, KEY, "0,1,2,3,8")
    talk.schwab.update(FUTURES, KEY, FULL | {2: 6879.75, 22: "Halted"})
    talk.schwab.update(FUTURES, KEY, FULL | {2: 6879.75})
    talk.schwab.update(FUTURES, KEY, FULL | {2: 6879.75, 8: 812346})

    first = {"delayed": False, "assetMainType": "FUTURE", "1": 6879.25, "2": 6879.5, "3": 6879.5, "8": 812345}
    assert heard(talk, 3) == [{"key": KEY, **first}, {"key": KEY, "2": 6879.75}, {"key": KEY, "8": 812346}]


def test_a_key_without_values_is_told_whole_once_it_has_some(talk):
    talk.log_in()
    talk.subscribe(FUTURES, KEY)
    talk.schwab.update(FUTURES, KEY, {1: 5.0}, delayed=True)
    talk.schwab.update(FUTURES, KEY, {2: 6.0})

    first = {"key": KEY, "delayed": True, "assetMainType": "FUTURE", "1": 5.0}
    assert heard(talk, 2) == [first, {"key": KEY, "2": 6.0}]


def test_a_key_that_was_reset_is_told_whole_again(talk):
    talk.schwab.update(FUTURES, KEY, FULL)
    talk.log_in()
    talk.subscribe(FUTURES, KEY)
    heard(talk, 1)
    talk.schwab.reset(FUTURES, KEY)
    talk.schwab.update(FUTURES, KEY, {1: 6879.25})

    assert heard(talk, 1) == [{"key": KEY, "delayed": False, "assetMainType": "FUTURE", "1": 6879.25}]


def test_the_same_key_of_another_service_is_another_key(talk):
    talk.schwab.update(EQUITIES, "SPY", {10: 690.0})
    talk.log_in()
    talk.subscribe(FUTURES, "SPY", "0,10")
    talk.subscribe(EQUITIES, "SPY", "0,10")
    talk.schwab.update(FUTURES, "SPY", {10: 1765083430510})

    assert [content["10"] for content in heard(talk, 2)] == [690.0, 1765083430510]


def test_subs_replaces_add_appends_and_unsubs_takes_away(talk):
    talk.log_in()
    for command, keys in [("SUBS", "/A"), ("SUBS", "/B,/C"), ("ADD", "/D"), ("UNSUBS", "/C")]:
        assert code_of(talk.subscribe(FUTURES, keys, command=command)) == 0
    for key in ("/A", "/B", "/C", "/D"):
        talk.schwab.update(FUTURES, key, FULL)

    assert [content["key"] for content in heard(talk, 2)] == ["/B", "/D"]


def test_view_changes_the_fields_of_a_service(talk):
    talk.schwab.update(FUTURES, KEY, FULL)
    talk.log_in()
    talk.subscribe(FUTURES, KEY, "0,1")
    heard(talk, 1)
    talk.ask(FUTURES, "VIEW", fields="0,2")
    talk.schwab.update(FUTURES, KEY, {1: 1.0, 2: 2.0})

    assert heard(talk, 1) == [{"key": KEY, "2": 2.0}]


@pytest.mark.parametrize(
    ("service", "command", "parameters", "code"),
    [
        ("CHART_FUTURES", "SUBS", {"keys": KEY, "fields": "0"}, 11),
        (FUTURES, "DANCE", {"keys": KEY, "fields": "0"}, 9),
        (FUTURES, "SUBS", {"keys": KEY, "fields": "1,2"}, 22),
        (FUTURES, "UNSUBS", {}, 23),
        (FUTURES, "ADD", {"fields": "0"}, 24),
        (FUTURES, "VIEW", {"fields": "0"}, 25),
        (FUTURES, "SUBS", {"keys": "/A,/B,/C,/D,/E", "fields": "0"}, 19),
    ],
)
def test_what_cannot_be_done_has_a_code_and_the_connection_stays(talk, service, command, parameters, code):
    talk.log_in()

    assert code_of(talk.ask(service, command, **parameters)) == code
    assert code_of(talk.subscribe(FUTURES, KEY)) == 0


def test_a_symbol_too_many_leaves_the_others_subscribed(talk):
    talk.log_in()
    talk.subscribe(FUTURES, "/A,/B,/C")
    assert code_of(talk.subscribe(FUTURES, "/D,/E", command="ADD")) == 19
    for key in ("/D", "/C"):
        talk.schwab.update(FUTURES, key, FULL)

    assert [content["key"] for content in heard(talk, 1)] == ["/C"]


def test_a_logout_is_answered_and_closed(talk):
    talk.log_in()

    assert code_of(talk.ask("ADMIN", "LOGOUT")) == 0
    assert is_closed(talk)


def test_nothing_subscribed_is_stopped_and_closed():
    with StandIn(empty_s=0.3) as schwab, Talk(schwab) as talk:
        talk.log_in()

        assert code_of(hear_notice(talk)) == 30
        assert is_closed(talk)


def test_a_subscription_is_not_stopped_until_it_is_given_up():
    with StandIn(heartbeat_s=0.6, empty_s=0.3) as schwab, Talk(schwab) as talk:
        talk.log_in()
        talk.subscribe(FUTURES, KEY)
        assert "heartbeat" in talk.hear_kind("notify")["notify"][0]
        talk.ask(FUTURES, "UNSUBS", keys=KEY)

        assert code_of(hear_notice(talk)) == 30


def test_hearts_beat_in_their_time(talk):
    began = time.monotonic()
    beats = [talk.hear()["notify"][0]["heartbeat"] for _ in range(3)]

    assert time.monotonic() - began >= 2 * BEAT_S
    assert [int(beat) for beat in beats] == sorted(map(int, beats))


def test_many_changes_come_each_and_in_order(talk):
    talk.log_in()
    talk.subscribe(FUTURES, "/A,/B", "0,8")
    talk.schwab.updates((FUTURES, ("/A", "/B")[n % 2], {8: n}) for n in range(5000))

    volumes: dict[str, list[int]] = {"/A": [], "/B": []}
    for content in heard(talk, 5000):
        volumes[content["key"]].append(content["8"])
    assert volumes == {"/A": list(range(0, 5000, 2)), "/B": list(range(1, 5000, 2))}


def test_conflated_changes_come_as_one():
    with StandIn(conflate_s=0.2) as schwab, Talk(schwab) as talk:
        schwab.update(FUTURES, KEY, FULL)
        talk.log_in()
        talk.subscribe(FUTURES, KEY)
        heard(talk, 1)
        schwab.updates((FUTURES, KEY, {1: float(n), 8: n}) for n in range(100))

        came = heard(talk, 1)
        while came[-1]["8"] != 99:  # A busy machine takes longer to ask for all of them than they are held back.
            came += heard(talk, 1)

        assert came[-1] == {"key": KEY, "1": 99.0, "8": 99}
        assert len(came) < 50


def test_what_was_asked_is_told_without_secrets(talk):
    talk.log_in()
    talk.get("/marketdata/v1/quotes", symbols=KEY)
    talk.grant(grant_type="refresh_token", refresh_token=talk.token["refresh_token"])

    told = talk.schwab.requests
    assert [request["kind"] for request in told] == ["stream", "rest", "oauth"]
    secrets = [*(talk.token[name] for name in ("access_token", "refresh_token")), talk.schwab.client_secret]
    assert [secret for secret in secrets if secret in repr(told)] == []


def heard(talk: Talk, count: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while len(found) < count:
        found += [content for service in talk.hear_kind("data")["data"] for content in service["content"]]
    assert len(found) == count
    return found


def hear_notice(talk: Talk) -> Any:
    while "heartbeat" in (frame := talk.hear_kind("notify"))["notify"][0]:
        pass
    return frame


def is_closed(talk: Talk) -> bool:
    try:
        while True:
            talk.hear()
    except ConnectionClosed as closed:
        return closed.rcvd is not None


@pytest.fixture
def talk() -> Iterator[Talk]:
    with ExitStack() as held:
        schwab = held.enter_context(StandIn(heartbeat_s=BEAT_S, key_limit=4))
        yield held.enter_context(Talk(schwab))

"""Every message that is known of Schwab against what the stand-in says in the same situation."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.hours import SHARED
from tests.schwab.board import EQUITIES, FUTURES
from tests.schwab.standin import StandIn
from tests.schwab.talk import Talk

SAMPLES = SHARED.parent / "schwab_samples"
KEY = "/ESZ25"
REFERENCE = {
    15: "@",
    16: "E-mini",
    21: "XCME",
    27: "/ES",
    28: "D,D",
    29: "GLBX",
    30: True,
    31: 50,
    32: True,
    35: 1,
    39: True,
}
TICK = {25: 0.25, 26: 12.5}
Situation = Callable[[Talk], Any]

pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason=f"the samples folder {SAMPLES} is absent")


@pytest.mark.parametrize("name", sorted(path.name for path in SAMPLES.glob("*.json")))
def test_the_stand_in_says_what_schwab_says(talk, name):
    assert shape(SITUATIONS[name](talk)) == shape(sample(name))


@pytest.mark.parametrize("name", ["data_first.json", "data_update_ask_only.json", "data_update_trade_same_price.json"])
def test_the_stand_in_tells_the_very_values_of_a_sample(talk, name):
    assert contents(SITUATIONS[name](talk)) == contents(sample(name))


@pytest.fixture
def talk() -> Iterator[Talk]:
    with StandIn(heartbeat_s=0.1, empty_s=0.3, key_limit=4) as schwab, Talk(schwab) as talk:
        yield talk


def sample(name: str) -> Any:
    return json.loads((SAMPLES / name).read_text())


def contents(frame: Any) -> list[Any]:
    return [content for service in frame["data"] for content in service["content"]]


def shape(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: shape(each) for name, each in value.items()}
    if isinstance(value, list):
        return [shape(each) for each in value]
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__


def listed(talk: Talk, name: str, service: str) -> None:
    content = dict(contents(sample(name))[0])
    key = content.pop("key")
    talk.schwab.update(service, key, {number: value for number, value in content.items() if number.isdigit()})


def streaming(talk: Talk) -> Any:
    listed(talk, "data_first.json", FUTURES)
    request = sample("subs_request.json")
    talk.log_in()
    talk.send(request)
    return talk.hear_kind("data")


def updated(name: str) -> Situation:
    def situation(talk: Talk) -> Any:
        streaming(talk)
        listed(talk, name, FUTURES)
        return talk.hear_kind("data")

    return situation


def logging_in(talk: Talk) -> Any:
    request = sample("login_request.json")
    request["requests"][0]["parameters"]["Authorization"] = talk.token["access_token"]
    talk.send(request)
    return talk.hear_kind("response")


def accepted(name: str, says: Situation) -> Situation:
    """A request that is a sample of its own: what counts is that the stand-in grants it."""

    def situation(talk: Talk) -> Any:
        assert says(talk)["response"][0]["content"]["code"] == 0
        return sample(name)

    return situation


def subscribing(talk: Talk) -> Any:
    talk.log_in()
    talk.send(sample("subs_request.json"))
    return talk.hear_kind("response")


def subscribing_without_ids(talk: Talk) -> Any:
    talk.log_in()
    request = talk.request(FUTURES, "SUBS", keys=KEY, fields="0,1")
    talk.send({"requests": [request | {"SchwabClientCustomerId": ""}]})
    return talk.hear_kind("response")


def subscribing_too_much(talk: Talk) -> Any:
    subscribing(talk)
    return talk.subscribe(FUTURES, "/CLZ25", command="ADD")


def equities(talk: Talk) -> Any:
    listed(talk, "data_equity_first.json", EQUITIES)
    talk.log_in()
    talk.subscribe(EQUITIES, "SPY", "0,1,2,3,4,5,8,9,34,35")
    return talk.hear_kind("data")


def quotes(talk: Talk) -> Any:
    listed(talk, "data_first.json", FUTURES)
    talk.schwab.update(FUTURES, KEY, REFERENCE | TICK)
    return talk.get("/marketdata/v1/quotes", symbols=f"{KEY},/NOPE", fields="quote,reference").json()


def beating(talk: Talk) -> Any:
    return talk.hear_kind("notify")


def stopping(talk: Talk) -> Any:
    talk.log_in()
    while "heartbeat" in (frame := talk.hear_kind("notify"))["notify"][0]:
        pass
    return frame


SITUATIONS: dict[str, Situation] = {
    "user_preference.json": lambda talk: talk.get("/trader/v1/userPreference").json(),
    "error_401.json": lambda talk: talk.get("/trader/v1/userPreference", token="I0.no").json(),
    "quotes_rest.json": quotes,
    "oauth_token.json": lambda talk: talk.grant(
        grant_type="refresh_token", refresh_token=talk.token["refresh_token"]
    ).json(),
    "oauth_error_refresh.json": lambda talk: talk.grant(grant_type="refresh_token", refresh_token="no").json(),
    "login_request.json": accepted("login_request.json", logging_in),
    "login_response_ok.json": logging_in,
    "login_response_denied.json": lambda talk: talk.log_in("I0.no"),
    "subs_request.json": accepted("subs_request.json", subscribing),
    "subs_response.json": subscribing,
    "response_bad_format.json": subscribing_without_ids,
    "response_symbol_limit.json": subscribing_too_much,
    "data_first.json": streaming,
    "data_update_ask_only.json": updated("data_update_ask_only.json"),
    "data_update_trade_same_price.json": updated("data_update_trade_same_price.json"),
    "data_equity_first.json": equities,
    "notify_heartbeat.json": beating,
    "notify_stop_empty.json": stopping,
}

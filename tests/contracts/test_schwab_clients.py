"""The stand-in against the client libraries as they are published."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import requests

from tests.schwab.board import EQUITIES, FUTURES
from tests.schwab.standin import StandIn
from tests.waiting import until

PUBLISHED = "api.schwabapi.com"
FULL = {1: 6879.25, 2: 6879.5, 3: 6879.5, 8: 812345}
PATIENCE_S = 10

# They import what others have deprecated.
pytestmark = [
    pytest.mark.filterwarnings("ignore:websockets.legacy is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:The httpx module is deprecated"),
]


def test_schwab_py_logs_in_subscribes_and_logs_out(schwab, schwab_py):
    schwab.update(FUTURES, "/ESZ25", FULL)
    heard = []

    async def converse() -> None:
        stream = schwab_py.stream()
        await stream.login()
        stream.add_level_one_futures_handler(lambda message: heard.extend(message["content"]))
        await stream.level_one_futures_subs(["/ESZ25"])
        await hear(stream, lambda: len(heard) == 1)
        schwab.update(FUTURES, "/ESZ25", {2: 6879.75})
        schwab.update(FUTURES, "/ESZ25", {3: 6879.5, 8: 812346})
        await hear(stream, lambda: len(heard) == 3)
        await stream.logout()

    asyncio.run(converse())
    first = {"delayed": False, "assetMainType": "FUTURE", "BID_PRICE": 6879.25, "ASK_PRICE": 6879.5}
    assert heard == [
        {"key": "/ESZ25", **first, "LAST_PRICE": 6879.5, "TOTAL_VOLUME": 812345},
        {"key": "/ESZ25", "ASK_PRICE": 6879.75},
        {"key": "/ESZ25", "TOTAL_VOLUME": 812346},
    ]
    assert commands(schwab) == ["LOGIN", "SUBS", "LOGOUT"]


def test_schwab_py_tells_fields_of_equities_from_those_of_futures(schwab, schwab_py):
    schwab.update(EQUITIES, "SPY", {1: 685.1, 10: 690.0})
    heard = []

    async def converse() -> None:
        stream = schwab_py.stream()
        await stream.login()
        stream.add_level_one_equity_handler(lambda message: heard.extend(message["content"]))
        await stream.level_one_equity_add(["SPY"])
        await hear(stream, lambda: heard)
        await stream.level_one_equity_unsubs(["SPY"])
        await stream.logout()

    asyncio.run(converse())
    assert heard[0]["HIGH_PRICE"] == 690.0


def test_schwab_py_passes_over_heartbeats(schwab_py):
    async def converse() -> None:
        stream = schwab_py.stream()
        await stream.login()
        for _ in range(3):
            await asyncio.wait_for(stream.handle_message(), PATIENCE_S)
        await stream.logout()

    asyncio.run(converse())


def test_schwab_py_is_told_that_its_token_is_bad(schwab_py):
    from schwab.streaming import UnexpectedResponseCode

    schwab_py.client.token_metadata.token = {"access_token": "I0.no"}

    with pytest.raises(UnexpectedResponseCode, match="unexpected response code: 3"):
        asyncio.run(schwab_py.stream().login())


def test_schwab_py_refreshes_its_token_by_itself(schwab, schwab_py):
    old = schwab_py.use(schwab.token(age_s=3600))

    assert schwab_py.client.get_quotes(["/ESZ25"]).status_code == 200
    (kept,) = schwab_py.written
    assert schwab.refreshes == 1
    assert kept["creation_timestamp"] == old["creation_timestamp"]
    assert kept["token"]["access_token"] != old["token"]["access_token"]
    assert kept["token"]["refresh_token"] == old["token"]["refresh_token"]


def test_schwab_py_cannot_refresh_a_week_after_the_login(schwab, schwab_py):
    from authlib.integrations.base_client import OAuthError

    schwab_py.use(schwab.token(age_s=7 * 24 * 3600 + 1))

    with pytest.raises(OAuthError, match="unsupported_token_type"):
        schwab_py.client.get_quotes(["/ESZ25"])


def test_schwab_py_logs_in_with_a_code(schwab, steered_httpx):
    from schwab.auth import client_from_received_url, get_auth_context

    context = get_auth_context(schwab.client_id, schwab.redirect_uri)
    called = httpx.get(context.authorization_url).headers["Location"]
    written = []
    keys = schwab.client_id, schwab.client_secret
    client = client_from_received_url(*keys, context, called, lambda kept, *_, **__: written.append(kept))

    assert client.get_user_preferences().status_code == 200
    assert written[0]["token"]["refresh_token"]
    client.session.close()


def test_schwabdev_logs_in_with_a_code_and_streams(schwab, schwabdev_client):
    from schwabdev import Stream

    schwab.update(FUTURES, "/ESZ25", FULL)
    heard, stream = list[str](), Stream(schwabdev_client)

    stream.send(stream.level_one_futures(["/ESZ25"], "0,1,2,3,8"))
    stream.start(heard.append)
    until(lambda: any('"1":6879.25,"2":6879.5' in text for text in heard))
    schwab.update(FUTURES, "/ESZ25", {2: 6879.75})
    until(lambda: any('{"key":"/ESZ25","2":6879.75}' in text for text in heard))
    until(lambda: any("heartbeat" in text for text in heard))
    stream.stop()

    assert commands(schwab)[:2] == ["LOGIN", "ADD"]


def test_schwabdev_asks_for_quotes_and_refreshes(schwab, schwabdev_client):
    schwab.update(FUTURES, "/ESZ25", FULL)

    assert schwabdev_client.quotes(["/ESZ25", "/NO"]).json()["/ESZ25"]["quote"]["bidPrice"] == 6879.25
    assert schwabdev_client.tokens.update_tokens(force_access_token=True)
    assert schwab.refreshes == 1


def commands(schwab: StandIn) -> list[str]:
    return [request["command"] for request in schwab.requests if request["kind"] == "stream"]


async def hear(stream: Any, enough: Callable[[], object]) -> None:
    while not enough():
        await asyncio.wait_for(stream.handle_message(), PATIENCE_S)


class SchwabPy:
    """schwab-py's client with a token, each of its requests led to the stand-in."""

    def __init__(self, schwab: StandIn) -> None:
        self._schwab = schwab
        self.written: list[Any] = []
        self.client: Any = None
        self.use(schwab.token())

    def use(self, token: dict[str, Any]) -> dict[str, Any]:
        from schwab.auth import client_from_access_functions

        self.close()
        keys = self._schwab.client_id, self._schwab.client_secret
        self.client = client_from_access_functions(
            *keys, lambda: token, lambda kept, *_, **__: self.written.append(kept)
        )
        self.client.session.event_hooks = {"request": [self._steer]}
        return token

    def stream(self) -> Any:
        from schwab.streaming import StreamClient

        return StreamClient(self.client)

    def close(self) -> None:
        if self.client is not None:
            self.client.session.close()

    def _steer(self, request: httpx.Request) -> None:
        there = httpx.URL(self._schwab.api_url)
        assert request.url.host == PUBLISHED
        request.url = request.url.copy_with(scheme="http", host=there.host, port=there.port)
        request.headers["Host"] = f"{there.host}:{there.port}"


@pytest.fixture
def schwab() -> Iterator[StandIn]:
    with StandIn(heartbeat_s=0.2) as schwab:
        yield schwab


@pytest.fixture
def schwab_py(schwab: StandIn) -> Iterator[SchwabPy]:
    steered = SchwabPy(schwab)
    yield steered
    steered.close()


@pytest.fixture
def steered_httpx(schwab: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    there, handle = httpx.URL(schwab.api_url), httpx.HTTPTransport.handle_request

    def steer(self: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        request.url = request.url.copy_with(scheme="http", host=there.host, port=there.port)
        return handle(self, request)

    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", steer)


@pytest.fixture
def schwabdev_client(schwab: StandIn, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    from schwabdev import Client

    send = requests.adapters.HTTPAdapter.send

    def steer(self: Any, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        request.url = str(request.url).replace(f"https://{PUBLISHED}", schwab.api_url)
        return send(self, request, *args, **options)

    def authorize(url: str) -> str:
        return requests.get(url, allow_redirects=False).headers["Location"]

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", steer)
    keys = schwab.client_id, schwab.client_secret, schwab.redirect_uri
    client = Client(*keys, tokens_db=str(tmp_path / "tokens.db"), call_on_auth=authorize)
    yield client
    client.tokens._close()

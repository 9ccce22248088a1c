"""A conversation with the stand-in frame by frame, as no client library would hold it."""

import json
import time
from contextlib import ExitStack
from typing import Any, Self

import httpx
from websockets.sync.client import ClientConnection, connect

from tests.schwab.standin import StandIn

PATIENCE_S = 10.0


class Talk:
    """One connection to the streamer, with a token of a login; it is open until the block ends."""

    def __init__(self, schwab: StandIn) -> None:
        self.schwab = schwab
        self.token = schwab.token()["token"]
        self.socket: ClientConnection
        self._held = ExitStack()
        self._asked = 0

    def __enter__(self) -> Self:
        connecting = connect(self.schwab.stream_url, ping_interval=None, close_timeout=1, compression=None)
        self.socket = self._held.enter_context(connecting)
        return self

    def __exit__(self, *error: object) -> None:
        self._held.close()

    def send(self, frame: object) -> None:
        """Send a frame; text as it is."""
        self.socket.send(frame if isinstance(frame, str) else json.dumps(frame))

    def hear(self, timeout_s: float = PATIENCE_S) -> Any:
        """The next frame; TimeoutError when there is none in time."""
        return json.loads(self.socket.recv(timeout_s))

    def hear_kind(self, kind: str) -> Any:
        """The next frame of response, data or notify, whatever comes before it."""
        give_up_at = time.monotonic() + PATIENCE_S
        while kind not in (frame := self.hear(max(give_up_at - time.monotonic(), 0))):
            pass
        return frame

    def ask(self, service: str, command: str, **parameters: object) -> Any:
        """The response to a request; what comes before it is lost."""
        self.send({"requests": [self.request(service, command, **parameters)]})
        return self.hear_kind("response")

    def request(self, service: str, command: str, **parameters: object) -> dict[str, Any]:
        """A request with everything that belongs to it."""
        self._asked += 1
        ids = {"SchwabClientCustomerId": "cust", "SchwabClientCorrelId": "corr"}
        asked = {"requestid": str(self._asked), "service": service, "command": command}
        return asked | ids | {"parameters": parameters}

    def log_in(self, token: str | None = None) -> Any:
        """The response to a login."""
        return self.ask("ADMIN", "LOGIN", Authorization=token or self.token["access_token"])

    def subscribe(self, service: str, keys: str, fields: str = "0,1,2,3,8", command: str = "SUBS") -> Any:
        """The response to a subscription."""
        return self.ask(service, command, keys=keys, fields=fields)

    def get(self, path: str, token: str | None = None, **parameters: str) -> httpx.Response:
        """What a page says."""
        headers = {"Authorization": f"Bearer {token or self.token['access_token']}"}
        return httpx.get(self.schwab.api_url + path, params=parameters, headers=headers)

    def grant(self, **form: str) -> httpx.Response:
        """What the token endpoint says to the application that is registered."""
        auth = (self.schwab.client_id, self.schwab.client_secret)
        return httpx.post(f"{self.schwab.api_url}/v1/oauth/token", data=form, auth=auth)


def code_of(frame: Any) -> int:
    """The code of a response or a notice."""
    (answer,) = frame.get("response") or frame["notify"]
    return int(answer["content"]["code"])

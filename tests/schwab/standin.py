"""Schwab as tests have it."""

import time
from collections.abc import Iterable, Mapping
from typing import Any, Self

from tests.schwab.board import Board
from tests.schwab.faults import Faults
from tests.schwab.quotes import quotes
from tests.schwab.record import Record
from tests.schwab.streamer import Habits, Streamer
from tests.schwab.tokens import ACCESS_S, REFRESH_S, Tokens
from tests.schwab.web import Application, Web

CUSTOMER_ID = "c" * 64
CORREL_ID = "3be0b7e7-5b8b-4fd3-9bed-7f49106cfe1a"


class StandIn:
    """Real servers on free ports of 127.0.0.1, in threads of this process, from `with` to its end.

    A key is known once `update` has given it a value; of another the stream tells nothing and REST that it is
    invalid. Each change goes out as it comes; changes of different keys that wait together share a frame, and with
    `conflate_s` those of one key become one. The login of a second connection closes the first with code 12.
    """

    client_id = "stand-in-key-of-32-characters-00"
    client_secret = "stand-in-secret0"
    redirect_uri = "https://127.0.0.1:8182"

    def __init__(
        self,
        heartbeat_s: float = 10.0,
        empty_s: float = 20.0,
        conflate_s: float = 0.0,
        key_limit: int = 500,
        access_s: int = ACCESS_S,
        refresh_s: float = REFRESH_S,
    ) -> None:
        self._board, self._record, self._tokens = Board(), Record(), Tokens(access_s, refresh_s)
        self.faults = Faults(self._tokens)
        habits = Habits(heartbeat_s, empty_s, conflate_s, key_limit)
        self._streamer = Streamer(self._board, self._tokens, self.faults, self._record, habits)
        self.faults.sessions = self._streamer
        self._web: Web

    def __enter__(self) -> Self:
        application = Application(self.client_id, self.client_secret, self.redirect_uri, self._tokens)
        pages = {"/trader/v1/userPreference": self._preference, "/marketdata/v1/quotes": self._quotes}
        self._streamer.start()
        self._web = Web(application, self._tokens, self.faults, self._record, pages)
        self._web.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Hang up on everybody and listen no more; raises what went wrong in the stand-in itself."""
        self._web.close()
        self._streamer.close()
        self._record.check()

    @property
    def api_url(self) -> str:
        """Where everything is that is asked over HTTP."""
        return self._web.url

    @property
    def stream_url(self) -> str:
        """Where the streamer is."""
        return self._streamer.url

    @property
    def requests(self) -> list[dict[str, Any]]:
        """What was asked, oldest first: `kind` (oauth, rest, stream), `path` or `service` and `command`,
        `parameters` without secrets, and `at` in epoch seconds."""
        return self._record.requests()

    @property
    def connections(self) -> int:
        """How many connections the streamer has ever accepted."""
        return self._record.counted("connections")

    @property
    def logins(self) -> int:
        """How many of them have logged in."""
        return self._record.counted("logins")

    @property
    def refreshes(self) -> int:
        """How many access tokens were given for a refresh token."""
        return self._record.counted("refreshes")

    def token(self, age_s: float = 0) -> dict[str, Any]:
        """The token of a login that long ago, as schwab-py keeps it."""
        at = time.time() - age_s
        token = self._tokens.log_in(at)
        return {"creation_timestamp": int(at), "token": token | {"expires_at": int(at) + token["expires_in"]}}

    def update(self, service: str, key: str, fields: Mapping[Any, Any], delayed: bool | None = None) -> None:
        """Give fields, by number, new values; subscribers are told of those that differ, and of all at first."""
        with self._streamer.lock:
            is_first = self._board.find(service, key) is None
            changed = self._board.update(service, key, fields, delayed)
            listing = self._board.find(service, key)
            for session, wanted in self._streamer.subscribers(service, key):
                if is_first and listing is not None:
                    session.change(service, listing.full(wanted))
                elif told := {number: value for number, value in changed.items() if number in wanted}:
                    session.change(service, {"key": key, **told})

    def updates(self, changes: Iterable[tuple[str, str, Mapping[Any, Any]]]) -> None:
        """Several updates (service, key, fields), in order."""
        for service, key, fields in changes:
            self.update(service, key, fields)

    def reset(self, service: str, key: str) -> None:
        """Know nothing of a key; its next update is told whole, as a first one."""
        with self._streamer.lock:
            self._board.reset(service, key)
            for session, _ in self._streamer.subscribers(service, key):
                session.forget(service, key)

    def is_subscribed(self, key: str) -> bool:
        """Whether an open connection subscribes to a key, of whichever service."""
        return self._streamer.is_subscribed(key)

    def wait_for_subscription(self, key: str, timeout_s: float = 10) -> None:
        """Return once an open connection subscribes to a key; AssertionError when none does in time."""
        with self._streamer.lock:
            subscribed = self._streamer.lock.wait_for(lambda: self._streamer.is_subscribed(key), timeout_s)
        assert subscribed, f"nobody has subscribed to {key} in {timeout_s} s"

    def wait_for_logins(self, count: int, timeout_s: float = 10) -> None:
        """Return once this many connections have ever logged in; AssertionError when they do not in time."""
        with self._streamer.lock:
            enough = self._streamer.lock.wait_for(lambda: self.logins >= count, timeout_s)
        assert enough, f"{self.logins} have logged in after {timeout_s} s, and not {count}"

    def _preference(self, asked: Mapping[str, str]) -> dict[str, Any]:
        account = {
            "accountNumber": "00000000",
            "primaryAccount": True,
            "type": "BROKERAGE",
            "nickName": "Individual",
            "displayAcctId": "...000",
            "autoPositionEffect": False,
            "accountColor": "Green",
        }
        streamer = {
            "streamerSocketUrl": self.stream_url,
            "schwabClientCustomerId": CUSTOMER_ID,
            "schwabClientCorrelId": CORREL_ID,
            "schwabClientChannel": "N9",
            "schwabClientFunctionId": "APIAPP",
        }
        offer = {"level2Permissions": True, "mktDataPermission": "NP"}
        return {"accounts": [account], "streamerInfo": [streamer], "offers": [offer]}

    def _quotes(self, asked: Mapping[str, str]) -> dict[str, Any]:
        symbols = [symbol for symbol in asked.get("symbols", "").split(",") if symbol]
        parts = [part for part in asked.get("fields", "").split(",") if part]
        with self._streamer.lock:
            return quotes(self._board, symbols, parts)

"""What can go wrong with Schwab, on demand."""

import threading
import time
from collections import deque
from collections.abc import Iterable
from typing import Any, Final, Protocol

from tests.schwab.tokens import Tokens

OF_RESPONSES: Final = ("wrong requestid",)
OF_DATA: Final = (
    "not json",
    "not an object",
    "missing content",
    "string numbers",
    "nan",
    "huge",
    "oversize",
)
MINUTE_S: Final = 60.0


class Session(Protocol):
    """One connection of the streamer."""

    def cut(self) -> None:
        """Lose it, now, without a close frame."""

    def hush(self, silent: bool | None = None, muted: bool | None = None) -> None:
        """Say less, or again everything."""

    def end(self, code: int) -> None:
        """Tell this code and close."""


class Sessions(Protocol):
    """The open connections of the streamer."""

    def open_sessions(self) -> Iterable[Session]:
        """Those that are open now."""


class Faults:
    """The faults that are on, and those that wait for their occasion; for any number of threads."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._lock = threading.Lock()
        self._denials: float = 0
        self._codes: dict[str, deque[int]] = {}
        self._malformed: deque[str] = deque()
        self._statuses: list[tuple[str, int]] = []
        self._per_minute: int | None = None
        self._served: deque[float] = deque()
        self.sessions: Sessions
        self.delay_s = 0.0
        self.refusing = False
        self.refusing_rest = False
        self.silent_from_the_start = False
        self.muted_from_the_start = False

    def drop(self) -> None:
        """Cut every connection of the streamer now, with no close frame."""
        for session in self.sessions.open_sessions():
            session.cut()

    def silence(self, on: bool = True, new: bool = False) -> None:
        """Heartbeats and answers, but no data, on the connections that are open; on later ones too when `new`.

        When it ends, a connection that still lives gets what it missed, conflated.
        """
        self.silent_from_the_start = on and new
        for session in self.sessions.open_sessions():
            session.hush(silent=on)

    def mute(self, on: bool = True, new: bool = False) -> None:
        """Neither heartbeats nor answers nor pongs, as when the far end hangs; on later connections too when `new`."""
        self.muted_from_the_start = on and new
        for session in self.sessions.open_sessions():
            session.hush(muted=on)

    def end_sessions(self, code: int) -> None:
        """Tell every open connection this code, such as 12 or 30, and close it."""
        for session in self.sessions.open_sessions():
            session.end(code)

    def deny_logins(self, on: bool | int = True) -> None:
        """Deny this many logins of the streamer with code 3, or all until told False."""
        self._denials = float("inf") if on is True else int(on)

    def respond(self, command: str, code: int, n: int = 1) -> None:
        """Answer the next `n` requests of this command (LOGIN, SUBS, ADD...) with a code.

        Only the codes that tell of success, 26 to 29, let the command be obeyed.
        """
        with self._lock:
            self._codes.setdefault(command.upper(), deque()).extend([code] * n)

    def malform(self, kind: str, n: int = 1) -> None:
        """Spoil the next `n` frames of the sort that the kind is about; what they would have told is lost.

        `wrong requestid` spoils a response, the others spoil data. `huge` is a number beyond reason, `oversize` a
        frame of 2 MiB.
        """
        if kind not in OF_RESPONSES + OF_DATA:
            raise ValueError(f"{kind!r} is no malformation: known are {', '.join(OF_RESPONSES + OF_DATA)}")
        with self._lock:
            self._malformed.extend([kind] * n)

    def slow(self, seconds: float) -> None:
        """Be that late with each answer over HTTP and with each frame of the streamer, as a long way is; 0 ends it."""
        self.delay_s = seconds

    def refuse_connections(self, on: bool = True, rest: bool = False) -> None:
        """Hang up on who connects to the streamer, before the handshake; with `rest` also on who asks over HTTP."""
        self.refusing, self.refusing_rest = on, on and rest

    def expire_access(self) -> None:
        """Let every access token die; streams that are open go on, as the real ones do."""
        self._tokens.expire_access()

    def expire_refresh(self) -> None:
        """Let every refresh token die, as seven days after a login."""
        self._tokens.expire_refresh()

    def rest_status(self, path_part: str, status: int, n: int = 1) -> None:
        """Answer the next `n` requests whose path contains this with a status."""
        with self._lock:
            self._statuses += [(path_part, status)] * n

    def rate_limit(self, n: int | None) -> None:
        """Answer more than `n` requests of quotes a minute with 429; None ends it."""
        with self._lock:
            self._per_minute = n
            self._served.clear()

    def take_denial(self) -> bool:
        """Whether this login is denied."""
        with self._lock:
            denied = self._denials > 0
            self._denials -= denied
            return denied

    def take_code(self, command: str) -> int | None:
        """The code that this request is answered with; None to obey it."""
        with self._lock:
            waiting = self._codes.get(command)
            return waiting.popleft() if waiting else None

    def take_malformation(self, kinds: Iterable[str]) -> str | None:
        """What spoils this frame, of the kinds that are about it."""
        with self._lock:
            found = next((kind for kind in self._malformed if kind in kinds), None)
            if found:
                self._malformed.remove(found)
            return found

    def take_status(self, path: str) -> int | None:
        """The status that this request over HTTP is answered with; None to obey it."""
        with self._lock:
            found = next((waiting for waiting in self._statuses if waiting[0] in path), None)
            if found:
                self._statuses.remove(found)
            return found[1] if found else None

    def over_the_rate(self) -> bool:
        """Whether this request of quotes is one too many."""
        now = time.monotonic()
        with self._lock:
            while self._served and self._served[0] <= now - MINUTE_S:
                self._served.popleft()
            if self._per_minute is None or len(self._served) < self._per_minute:
                self._served.append(now)
                return False
            return True


def spoiled_response(frame: dict[str, Any]) -> dict[str, Any]:
    """A response to something that was not asked."""
    first = frame["response"][0]
    return {"response": [first | {"requestid": f"9{first['requestid']}"}]}


def spoiled_data(frame: dict[str, Any], text: str, kind: str) -> Any:
    """A frame of data as it must not be: text to be sent as it is, or what is to be written as JSON."""
    if kind == "not json":
        return text[: len(text) // 2]
    if kind == "not an object":
        return [frame["data"]]
    services = frame["data"]
    if kind == "missing content":
        return {"data": [{k: v for k, v in service.items() if k != "content"} for service in services]}
    if kind == "oversize":
        return frame | {"padding": "x" * 2**21}
    return {"data": [service | {"content": [_each(c, kind) for c in service["content"]]} for service in services]}


def _each(content: dict[str, Any], kind: str) -> dict[str, Any]:
    return {k: _spoiled(v, kind) if k.isdigit() else v for k, v in content.items()}


def _spoiled(value: Any, kind: str) -> Any:
    if isinstance(value, bool | str):
        return value
    return {"string numbers": str(value), "nan": float("nan"), "huge": 1e300}[kind]

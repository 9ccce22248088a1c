"""The ring around the application: pages of other places, names of this server, floods, and the headers of answers."""

import math
import re
import socket
import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from app.edge.headers import Headers, came_encrypted, guarded
from app.edge.origins import Origins
from app.edge.rates import RateLimit, Refused
from app.edge.refusals import refusal
from app.local.callers import LOCAL_NAMES, PROXY_MARKS, host_of, is_loopback

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

# Where a request tells which ring it came through.
RING: Final = "thor.ring"
# A process is watched by asking this; it costs nothing, and must be answered also in a flood.
ALIVE: Final = "/api/health/live"
_HOST: Final = re.compile(
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?\.?|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?"
)
Wsgi = Callable[["WSGIEnvironment", "StartResponse"], Iterable[bytes]]


class Ring:
    """A WSGI application around another one; every answer passes through it.

    Pages of `origins` may read the API. `names` are those under which this server is known, beside the usual ones.
    """

    def __init__(self, inner: Wsgi, origins: Iterable[str] = (), names: Iterable[str] = ()) -> None:
        self.inner = inner
        self._origins = Origins(origins)
        self._names = LOCAL_NAMES | {socket.gethostname().lower()} | set(names)
        self.refused = Refused()

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer a request, or refuse it without troubling the application."""

        def start(status: str, headers: Headers, exc_info: Any = None) -> Any:
            told = guarded(self._origins.shared(headers, environ), encrypted=came_encrypted(environ))
            return start_response(status, told, exc_info) if exc_info else start_response(status, told)

        environ[RING] = self
        answer = self._refusal(environ)
        if answer is None:
            return self.inner(environ, start)
        status, headers, body = answer
        start(status, headers)
        return [] if environ.get("REQUEST_METHOD") == "HEAD" else [body]

    def _refusal(self, environ: "WSGIEnvironment") -> tuple[str, Headers, bytes] | None:
        path = str(environ.get("PATH_INFO", ""))
        host = environ.get("HTTP_HOST")
        if not _HOST.fullmatch(host or "") and (host is not None or environ.get("SERVER_PROTOCOL") == "HTTP/1.1"):
            return refusal(400, path, "the Host is no name of a server")
        if host is not None and self._is_misled(environ, host):
            return refusal(403, path, "this is not a name of this server")
        if self._origins.is_preflight(environ):
            return self._origins.preflight(environ)
        wait_s = 0.0 if path == ALIVE else self.refused.wait_s(carried_by(environ), time.monotonic())
        return refusal(429, path, headers=slow_down(wait_s)) if wait_s else None

    def _is_misled(self, environ: "WSGIEnvironment", host: str) -> bool:
        # A page elsewhere whose name was made to lead to this machine; a proxy's names are the proxy's affair.
        is_direct = not any(f"HTTP_{mark.upper().replace('-', '_')}" in environ for mark in PROXY_MARKS)
        return is_direct and is_loopback(environ.get("REMOTE_ADDR", "")) and host_of(f"//{host}") not in self._names


def carried_by(environ: Mapping[str, Any]) -> tuple[str, ...]:
    """What tells requests of one caller from those of another before anybody has looked who it is."""
    return (
        environ.get("REMOTE_ADDR", ""),
        environ.get("HTTP_AUTHORIZATION", ""),
        environ.get("HTTP_COOKIE", ""),
        environ.get("HTTP_X_FORWARDED_FOR", ""),
    )


def slow_down(wait_s: float, limit: RateLimit | None = None) -> dict[str, str]:
    """The headers of a 429: when to come again, and the limit."""
    seconds = max(1, math.ceil(wait_s))
    told = {"Retry-After": str(seconds), "RateLimit": f'"requests";r=0;t={seconds}'}
    return told | ({"RateLimit-Policy": limit.policy()} if limit else {})

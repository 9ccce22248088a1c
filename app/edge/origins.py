"""Web pages of other places: which may read answers of the API, and what their browsers are told before they ask."""

from collections.abc import Iterable, Mapping
from typing import Final

from app.edge.headers import Headers

METHODS: Final = "GET, HEAD, POST, PUT, PATCH, DELETE"
ASKED: Final = "Authorization, Content-Type, Idempotency-Key, If-None-Match, Last-Event-ID, X-Request-Id"
SHOWN: Final = "ETag, Idempotency-Replayed, Link, Location, RateLimit, RateLimit-Policy, Retry-After, X-Next-Cursor"
SHOWN_TOO: Final = "X-Previous-End, X-Request-Id"
KEPT_S: Final = 600
SHARED: Final = "/api/"


class Origins:
    """An allow-list of origins, such as https://desk.example; what is not on it learns nothing, and nothing is `*`."""

    def __init__(self, allowed: Iterable[str]) -> None:
        self._allowed = frozenset(allowed)

    def is_preflight(self, environ: Mapping[str, object]) -> bool:
        """Whether a browser asks, for a page that is on the list, if it may send a request to the API."""
        return (
            environ.get("REQUEST_METHOD") == "OPTIONS"
            and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in environ
            and self._listed(environ) is not None
        )

    def preflight(self, environ: Mapping[str, object]) -> tuple[str, Headers, bytes]:
        """The answer to that: it may, with these methods and headers."""
        headers = self.shared([], environ)
        headers += [("Access-Control-Allow-Methods", METHODS), ("Access-Control-Allow-Headers", ASKED)]
        return "204 No Content", [*headers, ("Access-Control-Max-Age", str(KEPT_S))], b""

    def shared(self, headers: Headers, environ: Mapping[str, object]) -> Headers:
        """`headers`, and for a page that is on the list that it may read the answer, also with its credentials."""
        if not self._allowed or not str(environ.get("PATH_INFO", "")).startswith(SHARED):
            return headers
        told = _varying(headers)
        origin = self._listed(environ)
        if origin is None:
            return told
        told += [("Access-Control-Allow-Origin", origin), ("Access-Control-Allow-Credentials", "true")]
        return [*told, ("Access-Control-Expose-Headers", f"{SHOWN}, {SHOWN_TOO}")]

    def _listed(self, environ: Mapping[str, object]) -> str | None:
        origin = str(environ.get("HTTP_ORIGIN", ""))
        is_shared = str(environ.get("PATH_INFO", "")).startswith(SHARED)
        return origin if is_shared and origin in self._allowed else None


def _varying(headers: Headers) -> Headers:
    names = [value for name, value in headers if name.lower() == "vary"]
    others = [(name, value) for name, value in headers if name.lower() != "vary"]
    return [*others, ("Vary", ", ".join([*names, "Origin"]))]

"""Refusals that no application sees: problem documents as bytes, with the same shape as those of the API."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final
from urllib.parse import quote
from uuid import uuid4

from app.edge.headers import Headers

MEDIA_TYPE: Final = "application/problem+json"
DETAILS: Final = {
    400: "the request is no HTTP that can be read",
    408: "the request did not come in time: send it whole, at once",
    413: "the body is larger than 1,000,000 bytes",
    414: "the address is longer than 8,190 bytes",
    417: "what is expected of this server is nothing that it does",
    429: "too many requests: slow down",
    431: "the headers are too many or too long",
    500: "this is a fault in Thor: its log has the cause",
    501: "this coding of a body is not known here",
    503: "the server holds all that it can: try again",
}
# The status line, headers and body.
Refusal = tuple[str, Headers, bytes]


def refusal(status: int, path: str = "", detail: str = "", headers: Mapping[str, str] | None = None) -> Refusal:
    """The status line, headers and body of a refusal; `headers` are added to them."""
    phrase = HTTPStatus(status).phrase
    told = {
        "type": "about:blank",
        "title": phrase,
        "status": status,
        "detail": detail or DETAILS.get(status, phrase),
        "instance": quote(path[:200]),
        "request_id": uuid4().hex,
    }
    body = json.dumps(told).encode()
    usual = [("Content-Type", MEDIA_TYPE), ("Content-Length", str(len(body))), ("Cache-Control", "no-store")]
    return f"{status} {phrase}", [*usual, ("X-Request-Id", str(told["request_id"])), *(headers or {}).items()], body

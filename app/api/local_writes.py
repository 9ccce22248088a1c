"""What a request that changes something must look like, as long as nobody has to say who they are."""

import json
from http import HTTPMethod
from typing import Any, Final, NoReturn

from flask import request
from werkzeug.exceptions import Forbidden, RequestEntityTooLarge, UnsupportedMediaType

from app.errors import Rejected
from app.local.callers import LOCAL_NAMES, PROXY_MARKS, host_of, is_loopback

WRITE_LIMIT_BYTES: Final = 65_536
_READS: Final = frozenset({HTTPMethod.GET, HTTPMethod.HEAD, HTTPMethod.OPTIONS})


def require_local_write() -> None:
    """Let a writing request pass only when it comes from this machine, by JSON, and not through a web page or a proxy.

    Nobody is asked for a key, so the peer and the Host must be loopback, an Origin too where there is one, and the body
    must be of type application/json, which no HTML form can send. 403 or 415 else. Rejected when the body is no JSON,
    names a key twice, or holds NaN; 413 when it has over 64 KiB.
    """
    if request.method in _READS:
        return
    _require_local_peer()
    if request.mimetype != "application/json":
        raise UnsupportedMediaType("send the body as JSON, with Content-Type: application/json")
    if (request.content_length or 0) > WRITE_LIMIT_BYTES or len(body := request.get_data()) > WRITE_LIMIT_BYTES:
        raise RequestEntityTooLarge(f"the body is larger than {WRITE_LIMIT_BYTES} bytes")
    _require_plain_json(body)


def _require_local_peer() -> None:
    if not is_loopback(request.remote_addr or "") or any(name in request.headers for name in PROXY_MARKS):
        raise Forbidden("changes are accepted from this machine only, without a proxy between")
    if host_of(f"//{request.headers.get('Host', '')}") not in LOCAL_NAMES:
        raise Forbidden("changes are accepted under the names localhost, 127.0.0.1 and [::1] only")
    origin = request.headers.get("Origin")
    if origin is not None and host_of(origin) not in LOCAL_NAMES:
        raise Forbidden("changes are not accepted from web pages of other places")


def _require_plain_json(body: bytes) -> None:
    try:
        json.loads(body, object_pairs_hook=_unique, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise Rejected("the body is not JSON that can be read") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise Rejected("the body names a key twice")
    return found


def _refuse(word: str) -> NoReturn:
    raise Rejected(f"the body holds {word}, which is no JSON")

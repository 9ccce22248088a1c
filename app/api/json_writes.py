"""What a request that changes something must look like, whoever sends it."""

import json
from http import HTTPMethod
from typing import Any, Final, NoReturn

from flask import request
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

from app.errors import Rejected

WRITE_LIMIT_BYTES: Final = 65_536
_READS: Final = frozenset({HTTPMethod.GET, HTTPMethod.HEAD, HTTPMethod.OPTIONS})


def require_json_write() -> None:
    """Let a writing request pass only when its body is of type application/json, which no HTML form can send.

    415 else. Rejected when the body is no JSON, names a key twice, or holds NaN; 413 when it has over 64 KiB.
    """
    if request.method in _READS:
        return
    if request.mimetype != "application/json":
        raise UnsupportedMediaType("send the body as JSON, with Content-Type: application/json")
    if (request.content_length or 0) > WRITE_LIMIT_BYTES or len(body := request.get_data()) > WRITE_LIMIT_BYTES:
        raise RequestEntityTooLarge(f"the body is larger than {WRITE_LIMIT_BYTES} bytes")
    _require_plain_json(body)


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

"""What a request that changes something must look like, whoever sends it."""

from http import HTTPMethod
from typing import Final

from flask import request
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

WRITE_LIMIT_BYTES: Final = 65_536
_READS: Final = frozenset({HTTPMethod.GET, HTTPMethod.HEAD, HTTPMethod.OPTIONS})


def require_json_write() -> None:
    """Let a writing request pass only when its body is of type application/json, which no HTML form can send.

    415 else; 413 when it has over 64 KiB.
    """
    if request.method in _READS:
        return
    if request.mimetype != "application/json":
        raise UnsupportedMediaType("send the body as JSON, with Content-Type: application/json")
    if (request.content_length or 0) > WRITE_LIMIT_BYTES or len(request.get_data()) > WRITE_LIMIT_BYTES:
        raise RequestEntityTooLarge(f"the body is larger than {WRITE_LIMIT_BYTES} bytes")

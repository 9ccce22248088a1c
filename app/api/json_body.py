"""What JSON a body may be: one that means the same to every reader, and that is cheap to read."""

import json
import math
import re
from typing import Any, Final, NoReturn

from flask import request

from app.errors import Rejected

DEPTH_LIMIT: Final = 20
_DIGITS_LIMIT: Final = 19
# A string that does not end reaches to the end of the body, so that each byte is looked at once.
_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*+"?|([\[{])|([\]}])', re.DOTALL)


def require_plain_json() -> None:
    """Rejected when the present request's body calls itself JSON and is no object of JSON, or names a key twice in an
    object, nests deeper than 20, or holds NaN, an infinity, or a whole number that is none of 64 bits."""
    if request.is_json and (body := request.get_data()) and not isinstance(read_plain_json(body), dict):
        raise Rejected("the body is no object of JSON, such as {}")


def read_plain_json(body: bytes) -> Any:
    """The value of a body; Rejected as above, but for one that is no object."""
    try:
        text = body.decode("utf-8")
        _require_shallow(text)
        return json.loads(
            text, object_pairs_hook=_unique, parse_constant=_refuse, parse_float=_finite, parse_int=_whole
        )
    except (ValueError, RecursionError):
        raise Rejected("the body is not JSON that can be read") from None


def _require_shallow(text: str) -> None:
    depth = 0
    for token in _TOKEN.finditer(text):
        depth += 1 if token[1] else -1 if token[2] else 0
        if depth > DEPTH_LIMIT:
            raise Rejected(f"the body nests deeper than {DEPTH_LIMIT}")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise Rejected("the body names a key twice")
    return found


def _refuse(word: str) -> NoReturn:
    raise Rejected(f"the body holds {word}, which is no JSON")


def _finite(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise Rejected("the body holds a number that is too large")
    return value


def _whole(text: str) -> int:
    if len(text.lstrip("-")) > _DIGITS_LIMIT or not -(2**63) <= int(text) < 2**63:
        raise Rejected("the body holds a whole number that is too large")
    return int(text)

"""What the streamer says, in the envelopes that it says it in."""

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

Content = dict[str, Any]

DENIED: Final = 3
CLOSED_BY_SECOND: Final = 12
TOO_MANY_KEYS: Final = 19
NO_LOGIN: Final = 20
BAD_FORMAT: Final = 21
STOPPED: Final = 30
# After these the streamer closes the connection.
CLOSING: Final = frozenset({DENIED, CLOSED_BY_SECOND, BAD_FORMAT, STOPPED})
SUCCESSES: Final = frozenset({26, 27, 28, 29})
TEXTS: Final[Mapping[int, str]] = {
    DENIED: "Login Denied.: token is invalid or has expired.",
    9: "Unknown failure",
    11: "Service not available",
    CLOSED_BY_SECOND: "Close connection: only one streamer connection is allowed for a user",
    TOO_MANY_KEYS: "Reached symbol limit",
    NO_LOGIN: "Stream connection not found",
    BAD_FORMAT: "Bad command formatting",
    22: "SUBS command failed",
    23: "UNSUBS command failed",
    24: "ADD command failed",
    25: "VIEW command failed",
    26: "SUBS command succeeded",
    27: "UNSUBS command succeeded",
    28: "ADD command succeeded",
    29: "VIEW command succeeded",
    STOPPED: "Stop streaming due to empty subscription",
}


def now_ms() -> int:
    """The time of the envelope: epoch milliseconds."""
    return time.time_ns() // 1_000_000


def written(frame: object) -> str:
    """A frame as it goes over the wire."""
    return json.dumps(frame, separators=(",", ":"))


def response(request: Mapping[str, Any], code: int, text: str) -> dict[str, Any]:
    """The answer to one request."""
    answer = {
        "service": request.get("service", ""),
        "command": request.get("command", ""),
        "requestid": str(request.get("requestid", "")),
        "SchwabClientCorrelId": request.get("SchwabClientCorrelId", ""),
        "timestamp": now_ms(),
        "content": {"code": code, "msg": text},
    }
    return {"response": [answer]}


def notice(code: int) -> dict[str, Any]:
    """What is told without having been asked."""
    content = {"code": code, "msg": TEXTS[code]}
    return {"notify": [{"service": "ADMIN", "timestamp": now_ms(), "content": content}]}


def heartbeat() -> dict[str, Any]:
    """The sign of life of a connection on which nothing else may happen."""
    return {"notify": [{"heartbeat": str(now_ms())}]}


def data(changes: Sequence[tuple[str, Content]], at_ms: int) -> dict[str, Any]:
    """One frame with the changes of several keys, each with its service, grouped as they come."""
    services: dict[str, list[Content]] = {}
    for service, content in changes:
        services.setdefault(service, []).append(content)
    return {
        "data": [
            {"service": service, "timestamp": at_ms, "command": "SUBS", "content": contents}
            for service, contents in services.items()
        ]
    }

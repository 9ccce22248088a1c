"""What is seen of every request: its time, and a line of the log that says whose it was and what came of it."""

import logging
from time import perf_counter
from typing import Final

from apiflask import APIFlask
from flask import Response, g, request
from structlog.contextvars import bind_contextvars, clear_contextvars

from app.access.roles import ANONYMOUS, Caller
from app.api.problems import printable, request_id
from app.metrics.families import HTTP_IN_PROGRESS, HTTP_REQUESTS
from app.metrics.recording import count, observe

log = logging.getLogger("thor.access")

UNMATCHED: Final = "unmatched"
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
# Asked every few seconds by whoever watches; a line each time would hide all others.
_WATCHED: Final = ("/api/health", "/metrics")
_PATH_SHOWN: Final = 200


def install_observation(app: APIFlask) -> None:
    """Count and log every request of `app`; call it before whatever may refuse one is put on it."""
    app.before_request(_begin)
    app.after_request(_answered)
    app.teardown_request(_end)


def route_of_request() -> str:
    """The template of the address, such as /api/jobs/<int:job_id>; never what a client has written."""
    return request.url_rule.rule if request.url_rule else UNMATCHED


def _begin() -> None:
    clear_contextvars()
    bind_contextvars(request_id=request_id())
    count(HTTP_IN_PROGRESS)
    g.began_s = perf_counter()


def _answered(answer: Response) -> Response:
    took_s = perf_counter() - g.began_s
    route, method = route_of_request(), request.method if request.method in METHODS else "other"
    observe(HTTP_REQUESTS, took_s, route, method, f"{answer.status_code // 100}xx")
    is_routine = route.startswith(_WATCHED) and answer.status_code < 400
    level = logging.DEBUG if is_routine else logging.INFO
    if log.isEnabledFor(level):
        path = printable(request.path, _PATH_SHOWN)
        facts = {"method": method, "route": route, "status": answer.status_code, "ms": round(took_s * 1000, 1)}
        log.log(level, "%s %s", method, path, extra={**facts, "caller": _caller()})
    return answer


def _caller() -> str:
    found: Caller | None = g.get("caller")
    return found.label if found is not None and found is not ANONYMOUS else request.remote_addr or "unknown"


def _end(_error: BaseException | None) -> None:
    if "began_s" in g:
        count(HTTP_IN_PROGRESS, by=-1)
    clear_contextvars()

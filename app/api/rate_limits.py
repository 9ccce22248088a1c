"""How often each caller may ask, and how often change something."""

import time
from typing import Final

from flask import Flask, Response, current_app, g, request

from app.api.problems import problem
from app.edge.rates import RateLimit
from app.edge.ring import ALIVE, EXTENSION, carried_by, slow_down

# So many seconds' worth at once: a page asks for all that it shows, and then hardly for anything.
READ_BURST_S: Final = 4
WRITE_BURST_S: Final = 5
# Streams are limited by their places.
STREAMS: Final = frozenset({"stream.follow_quotes", "alerts.stream_alerts", "jobs.follow_job"})
READS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def install_rate_limits(app: Flask, reads_per_s: float, writes_per_s: float) -> None:
    """Answer 429 to callers that ask `app` more often than this, or change things more often than that.

    A caller is who the request comes from: the name that `g.caller` has, where somebody has looked, else the address.
    """
    reads = RateLimit(reads_per_s, max(1, round(reads_per_s * READ_BURST_S)))
    writes = RateLimit(writes_per_s, max(1, round(writes_per_s * WRITE_BURST_S)))

    def limit() -> Response | None:
        if request.path == ALIVE or request.endpoint in STREAMS:
            return None
        now_s, caller = time.monotonic(), caller_name()
        if wait_s := reads.take(caller, now_s):
            current_app.extensions[EXTENSION].refused.note(carried_by(request.environ), now_s + wait_s)
            return _refusal(wait_s, reads)
        if request.method not in READS and (wait_s := writes.take(caller, now_s)):
            return _refusal(wait_s, writes)
        return None

    app.before_request(limit)


def caller_name() -> str:
    """Who asks: a name that was proved, else the address that the request comes from."""
    name = getattr(g.get("caller"), "name", None)
    return str(name or request.remote_addr or "")


def _refusal(wait_s: float, limit: RateLimit) -> Response:
    detail = f"more than {limit.per_s:g} requests a second, or {limit.burst} at once: slow down"
    headers = {name.replace("_", "-"): value for name, value in slow_down(wait_s, limit).items()}
    return problem(429, detail, headers=headers)

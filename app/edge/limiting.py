"""How often each caller may ask, and how often change something."""

import time
from collections.abc import Callable, Mapping
from typing import Final

from flask import Flask, Response, g, request

from app.access.roles import Caller
from app.edge.rates import RateLimit
from app.edge.ring import ALIVE, RING, carried_by, slow_down

# So many seconds' worth at once: a page asks for all that it shows, and then hardly for anything.
READ_BURST_S: Final = 4
WRITE_BURST_S: Final = 5
# Streams are limited by their places.
STREAMS: Final = frozenset({"stream.follow_quotes", "alerts.stream_alerts", "jobs.follow_job"})
READS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
# What is told, and the headers that the answer needs.
Refuse = Callable[[str, Mapping[str, str]], Response]


def limit_rates(app: Flask, reads_per_s: float, writes_per_s: float, refuse: Refuse) -> None:
    """Have `refuse` answer callers that ask `app` more often than this, or change things more often than that.

    A caller is who the request comes from: `g.caller`, where somebody has looked, else the address.
    """
    reads = RateLimit(reads_per_s, max(1, round(reads_per_s * READ_BURST_S)))
    writes = RateLimit(writes_per_s, max(1, round(writes_per_s * WRITE_BURST_S)))

    def limit() -> Response | None:
        if request.path == ALIVE or request.endpoint in STREAMS:
            return None
        now_s, caller = time.monotonic(), caller_name()
        if wait_s := reads.take(caller, now_s):
            if RING in request.environ:
                request.environ[RING].refused.note(carried_by(request.environ), now_s + wait_s)
            return refuse(_told(reads), slow_down(wait_s, reads))
        if request.method not in READS and (wait_s := writes.take(caller, now_s)):
            return refuse(_told(writes), slow_down(wait_s, writes))
        return None

    app.before_request(limit)


def caller_name() -> str:
    """Who asks: what was proved of them, else the address that the request comes from."""
    found: Caller | None = g.get("caller")
    return (found.identity if found else "") or request.remote_addr or ""


def _told(limit: RateLimit) -> str:
    return f"more than {limit.per_s:g} requests a second, or {limit.burst} at once: slow down"

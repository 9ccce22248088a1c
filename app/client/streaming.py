"""A server-sent stream that goes on where it stopped, for as long as somebody reads it."""

import json
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import httpx
from httpx_sse import EventSource, SSEError

from app.client.transport import Busy, Query, Transport, check

# Twice the longest silence of a stream that is alive.
SILENCE_S: Final = 20.0
FIRST_WAIT_S: Final = 0.5
LONGEST_WAIT_S: Final = 30.0


@dataclass(frozen=True)
class StreamEvent:
    """An event: `name` such as quote, `id` to go on after it, and its data as JSON has them, numbers as they are."""

    name: str
    id: str
    data: Any


def follow(transport: Transport, path: str, query: Query, after: str | None = None) -> Iterator[StreamEvent]:
    """Events for ever, each once within the server's resume window; one named `reset` tells that some are lost.

    It connects again by itself after a silence or a break, later each time with some jitter. Denied and Rejected are
    raised, as coming back would not help.
    """
    place, failures = after, 0
    while True:
        try:
            for event in _connected(transport, path, query, place):
                failures, place = 0, event.id or place
                yield event
            wait_s = 0.0
        except Busy as error:
            wait_s = error.retry_after_s or 0.0
        except (httpx.TransportError, SSEError):
            wait_s = 0.0
        failures += 1
        longest = min(FIRST_WAIT_S * 2**failures, LONGEST_WAIT_S)
        time.sleep(max(wait_s, random.uniform(longest / 2, longest)))


def _connected(transport: Transport, path: str, query: Query, place: str | None) -> Iterator[StreamEvent]:
    headers = {"Accept": "text/event-stream", **({"Last-Event-ID": place} if place else {})}
    told = {name: str(value) for name, value in query.items() if value is not None}
    timeout = httpx.Timeout(10.0, read=SILENCE_S)
    with transport.http.stream("GET", path, params=told, headers=headers, timeout=timeout) as answer:
        if not answer.is_success:
            answer.read()
            check(answer)
        for event in EventSource(answer).iter_sse():
            if not event.data:
                continue
            yield StreamEvent(event.event, event.id, json.loads(event.data, parse_float=str))

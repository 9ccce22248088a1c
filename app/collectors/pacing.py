"""Letting recorded quotes out at their own pace, or a multiple of it."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from threading import Event
from typing import Final

from app.quotes import Quote

IDLE_S: Final = 1.0


@dataclass(frozen=True)
class _Pace:
    speed: float
    origin: datetime
    began: float

    def due_at(self, quote: Quote) -> float:
        return self.began + (quote.ts - self.origin).total_seconds() / self.speed


def paced(
    chunks: Iterable[list[Quote]], speed: float | None, stop: Event, monotonic: Callable[[], float] = time.monotonic
) -> Iterator[list[Quote]]:
    """The quotes in lists, each let out when it is due, counted from the first quote; ends when `stop` is set.

    `speed` is a multiple of the recorded pace, None lets everything out at once. While nothing is due an empty list
    comes every second, so that whoever holds something can keep it.
    """
    pace: _Pace | None = None
    for chunk in chunks:
        if stop.is_set():
            return
        if speed is None:
            yield chunk
            continue
        pace = pace or _Pace(speed, chunk[0].ts, monotonic())
        yield from _due(chunk, pace, stop, monotonic)


def _due(chunk: list[Quote], pace: _Pace, stop: Event, monotonic: Callable[[], float]) -> Iterator[list[Quote]]:
    at = 0
    while at < len(chunk) and not stop.is_set():
        if (wait_s := pace.due_at(chunk[at]) - monotonic()) > 0:
            stop.wait(min(wait_s, IDLE_S))
        now, end = monotonic(), at
        while end < len(chunk) and pace.due_at(chunk[end]) <= now:
            end += 1
        yield chunk[at:end]
        at = end

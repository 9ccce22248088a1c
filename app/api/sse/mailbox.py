"""What one client has yet to be sent: bounded, conflated per symbol when it overflows."""

import time
from collections import deque
from collections.abc import Sequence
from threading import Condition
from typing import Final

from app.api.sse.frames import ORIGIN, Event, StreamId, conflated, heartbeat

CHUNK_BYTES: Final = 32_768
_NOTICES_LIMIT: Final = 16


class Mailbox:
    """One thread puts events in, another takes them out. `symbols` None means every symbol.

    It holds at most `limit` references to events; beyond that only the newest of each symbol are kept and the rest are
    counted. Events come only after `open`, and only those past the id it was opened at.
    """

    def __init__(self, symbols: frozenset[str] | None, limit: int) -> None:
        self._symbols = symbols
        self._limit = limit
        self._ready = Condition()
        self._events: deque[Event] = deque()
        self._notices: deque[bytes] = deque(maxlen=_NOTICES_LIMIT)
        self._opened_at: StreamId | None = None
        self._place = ORIGIN
        self._untold = 0
        self._closed = False
        self._taken_at: float | None = None
        self.sent = 0
        self.conflated = 0

    def wants(self, symbol: str) -> bool:
        """Whether the client asked for this symbol."""
        return self._symbols is None or symbol in self._symbols

    def open(self, place: StreamId) -> None:
        """Take events newer than `place` from here on."""
        with self._ready:
            self._opened_at = self._place = place

    def restart(self, frame: bytes, place: StreamId | None) -> None:
        """Forget what waits, say so with `frame`, and go on with events newer than `place`, or once opened if None."""
        with self._ready:
            self._events.clear()
            self._notices.append(frame)
            self._opened_at, self._place = place, place or ORIGIN
            self._ready.notify()

    def offer(self, events: Sequence[Event], place: StreamId) -> None:
        """Put in the events that this client wants; `place` is the newest id read, whether or not it made an event."""
        wanted = events if self._symbols is None else [event for event in events if event.symbol in self._symbols]
        with self._ready:
            if self._opened_at is None or place <= self._opened_at:
                return
            if wanted and wanted[0].id <= self._opened_at:
                wanted = [event for event in wanted if event.id > self._opened_at]
            self._place = place
            if wanted:
                self._events.extend(wanted)
                if len(self._events) > self._limit:
                    self._conflate()
                self._ready.notify()

    def notify(self, frame: bytes) -> None:
        """Put in a frame that is sent ahead of the waiting events."""
        with self._ready:
            self._notices.append(frame)
            self._ready.notify()

    def take(self, timeout_s: float, *, events: bool = True) -> bytes | None:
        """The next frames, about 32 KiB; a heartbeat when nothing came within `timeout_s`; None once closed.

        The heartbeat carries the newest id read for this client; with `events` False only notices are taken.
        """
        with self._ready:
            self._taken_at = None
            self._ready.wait_for(lambda: self._closed or self._notices or (events and self._events), timeout_s)
            if self._closed:
                return None
            frames = list(self._notices)
            self._notices.clear()
            if events:
                frames += self._next_events()
            self._taken_at = time.monotonic()
            return b"".join(frames) or heartbeat(self._place if events else ORIGIN)

    def sending(self, events: int) -> None:
        """Say that so many events from elsewhere are being sent, so that a send that never ends is noticed."""
        self.sent += events
        self._taken_at = time.monotonic()

    def close(self) -> None:
        """End the client's stream at its next turn."""
        with self._ready:
            self._closed = True
            self._ready.notify()

    def stuck_s(self) -> float:
        """For how long the client has not taken what it was last sent, seconds; 0 while it waits for more."""
        taken_at = self._taken_at
        return 0.0 if taken_at is None or self._closed else time.monotonic() - taken_at

    def _next_events(self) -> list[bytes]:
        frames, size = [], 0
        if self._untold and self._events:
            frames.append(conflated(self._untold))
            self._untold = 0
        while self._events and size < CHUNK_BYTES:
            frame = self._events.popleft().frame
            frames.append(frame)
            size += len(frame)
            self.sent += 1
        return frames

    def _conflate(self) -> None:
        newest: dict[str, Event] = {}
        for event in self._events:
            newest.pop(event.symbol, None)
            newest[event.symbol] = event
        kept = list(newest.values())[-self._limit :]
        left_out = len(self._events) - len(kept)
        self._events = deque(kept)
        self._untold += left_out
        self.conflated += left_out

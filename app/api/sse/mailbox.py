"""What one client has yet to be sent: bounded, conflated per symbol and source when it overflows."""

import time
from collections import deque
from collections.abc import Callable, Sequence
from threading import Condition
from typing import Final

from app.api.sse.frames import ORIGIN, Event, Newest, StreamId, conflated, heartbeat, newest_of

CHUNK_BYTES: Final = 32_768
_NOTICES_LIMIT: Final = 16


class Mailbox:
    """One thread puts events in, another takes them out. `symbols` None means every symbol.

    It holds at most `limit` references to events; beyond that only the newest of each symbol and source are kept,
    and the rest are counted. Events come only after `open`, and only those past the id it was opened at.
    """

    def __init__(self, symbols: frozenset[str] | None, limit: int) -> None:
        self._symbols = symbols
        self._limit = limit
        self._ready = Condition()
        self._events: deque[Event] = deque()
        # Of a client that has fallen behind: what is left for it, and how many events that stands for.
        self._newest: Newest = {}
        self._stands_for = 0
        self._notices: deque[bytes] = deque(maxlen=_NOTICES_LIMIT)
        self._sources = b""
        self._opened_at: StreamId | None = None
        self._place = ORIGIN
        self._untold = 0
        self._closed = self._is_awaiting = False
        self._taken_at: float | None = None
        self._spoke_at = time.monotonic()
        self._unfinished: Callable[[], None] | None = None
        self.sent = 0
        self._left_out = 0

    @property
    def conflated(self) -> int:
        """How many events were left out, as newer ones of the same symbol and source came."""
        return self._left_out + self._stands_for - len(self._newest)

    @property
    def symbols(self) -> frozenset[str] | None:
        """The symbols that the client asked for."""
        return self._symbols

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
            self._newest, self._stands_for = {}, 0
            self._notices.append(frame)
            self._opened_at, self._place = place, place or ORIGIN
            self._ready.notify()

    def offer(self, events: Sequence[Event], place: StreamId, *, newest: Newest | None = None) -> None:
        """Put in the events that this client wants; `place` is the newest id read, whether or not it made an event.

        With `newest`, which is of the events, it is known to want all of them.
        """
        wants_all = newest is not None or self._symbols is None
        wanted = events if wants_all else [event for event in events if self.wants(event.symbol)]
        with self._ready:
            if self._opened_at is None or place <= self._opened_at:
                return
            if wanted and wanted[0].id <= self._opened_at:
                wanted, newest = [event for event in wanted if event.id > self._opened_at], None
            self._place = place
            if wanted:
                self._put(wanted, newest)
                self._ready.notify()

    def pass_by(self, events: Sequence[Event], place: StreamId, send: Callable[[], Callable[[], None] | None]) -> bool:
        """Have `send` send events that this client wants, if it waits for more and nothing is ahead of them.

        `send` gives what finishes the sending, which the taker then does; it raises BlockingIOError when nothing can be
        sent. False, and the events are still to be offered, when they were not sent.
        """
        with self._ready:
            if not self._is_awaiting or self._has_work(events=True):
                return False
            if self._opened_at is None or not events or events[0].id <= self._opened_at:
                return False
            try:
                self._unfinished = send()
            except BlockingIOError:
                return False
            self._place = place
            self._spoke_at = time.monotonic()
            self.sent += len(events)
            if self._unfinished:
                self._ready.notify()
            return True

    def notify(self, frame: bytes) -> None:
        """Put in a frame that is sent ahead of the waiting events."""
        with self._ready:
            self._notices.append(frame)
            self._ready.notify()

    def tell_sources(self, frame: bytes) -> None:
        """Put in how the sources stand, in place of what was put in before and is not sent yet."""
        with self._ready:
            self._sources = frame
            self._ready.notify()

    def take(self, timeout_s: float, *, events: bool = True) -> bytes | None:
        """The next frames, about 32 KiB; a heartbeat when nothing was sent for `timeout_s`; None once closed.

        Empty when all that came within `timeout_s` was passed by. The heartbeat carries the newest id read for this
        client; with `events` False only notices are taken.
        """
        while True:
            with self._ready:
                self._await(timeout_s, events)
                if self._closed:
                    return None
                self._taken_at = time.monotonic()
                finish = self._unfinished
                if finish is None:
                    return self._next_frames(events) or self._heartbeat(timeout_s, events)
            try:
                finish()
            except OSError:  # The connection is gone, and the server will find that out as well.
                return None
            self._unfinished = None

    def sending(self, events: int) -> None:
        """Say that so many events from elsewhere are being sent, so that a send that never ends is noticed."""
        self.sent += events
        self._taken_at = self._spoke_at = time.monotonic()

    def close(self) -> None:
        """End the client's stream at its next turn."""
        with self._ready:
            self._closed = True
            self._ready.notify()

    def stuck_s(self) -> float:
        """For how long the client has not taken what it was last sent, seconds; 0 while it waits for more."""
        taken_at = self._taken_at
        return 0.0 if taken_at is None or self._closed else time.monotonic() - taken_at

    def _await(self, timeout_s: float, events: bool) -> None:
        self._taken_at, self._is_awaiting = None, events
        self._ready.wait_for(lambda: self._has_work(events), max(0.0, self._spoke_at + timeout_s - time.monotonic()))
        self._is_awaiting = False

    def _has_work(self, events: bool) -> bool:
        return bool(self._closed or self._notices or self._sources or self._unfinished or (events and self._waits()))

    def _next_frames(self, events: bool) -> bytes:
        frames = [*self._notices, self._sources]
        self._notices.clear()
        self._sources = b""
        if events:
            frames += self._next_events()
        if any(frames):
            self._spoke_at = time.monotonic()
        return b"".join(frames)

    def _heartbeat(self, timeout_s: float, events: bool) -> bytes:
        now = time.monotonic()
        if self._spoke_at + timeout_s > now:
            return b""
        self._spoke_at = now
        return heartbeat(self._place if events else ORIGIN)

    def _waits(self) -> bool:
        return bool(self._events or self._newest)

    def _next_events(self) -> list[bytes]:
        frames, size = [], 0
        self._catch_up()
        if self._untold and self._events:
            frames.append(conflated(self._untold))
            self._untold = 0
        while self._events and size < CHUNK_BYTES:
            frame = self._events.popleft().frame
            frames.append(frame)
            size += len(frame)
            self.sent += 1
        return frames

    def _put(self, wanted: Sequence[Event], newest: Newest | None) -> None:
        # Whoever takes nothing costs next to nothing: 200 such clients are at it with every batch.
        if not self._newest:
            self._events.extend(wanted)
            if len(self._events) <= self._limit:
                return
            wanted, newest = list(self._events), None
            self._events.clear()
        self._newest.update(newest if newest is not None else newest_of(wanted))
        self._stands_for += len(wanted)
        if len(self._newest) > self._limit:
            self._newest = newest_of(self._last())

    def _last(self) -> list[Event]:
        return sorted(self._newest.values(), key=lambda event: event.id)[-self._limit :]

    def _catch_up(self) -> None:
        if self._newest:
            self._events.extend(self._last())
            left_out = self._stands_for - len(self._newest)
            self._newest, self._stands_for = {}, 0
            self._untold += left_out
            self._left_out += left_out

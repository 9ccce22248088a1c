"""A stand-in for the quote stream as the HTTP edge reads it: events in memory, and a server that can be away."""

import threading

from redis.exceptions import ConnectionError as RedisConnectionError

from app.api.sse.frames import ORIGIN, Event, StreamId, id_text
from app.api.sse.tail import Page

NOW_MS = 1_760_000_000_000


def event(number: int, symbol: str = "ES") -> Event:
    """The event with the id `number` milliseconds after the fake's present; its frame names the number."""
    place = (NOW_MS + number, 0)
    return Event(place, symbol, f"id: {id_text(place)}\nevent: quote\ndata: {number}\n\n".encode())


class FakeTail:
    """Answers as StreamTail does; waits for new events only as long as a test can bear."""

    wait_s = 0.02

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._events: list[Event] = []
        self._newest = ORIGIN
        self.is_away = False

    def publish(self, *events: Event) -> None:
        """Append events."""
        with self._changed:
            self._events += events
            self._newest = events[-1].id
            self._changed.notify_all()

    def trim(self, count: int) -> None:
        """Forget the oldest events."""
        with self._changed:
            del self._events[:count]

    def lose_everything(self) -> None:
        """Be a server without data."""
        with self._changed:
            self._events, self._newest = [], ORIGIN

    def now_ms(self) -> int:
        """A present that stands still."""
        return NOW_MS

    def newest(self) -> StreamId:
        """The id of the newest event that ever was."""
        self._answer()
        return self._newest

    def wait_after(self, place: StreamId, count: int) -> Page:
        """What came after `place`."""
        with self._changed:
            self._changed.wait_for(lambda: self.is_away or self._newest > place, self.wait_s)
            return self._page(place, count)

    def page_after(self, place: StreamId, count: int, until: StreamId | None = None) -> Page | None:
        """Entries after `place`; None when the chain is broken."""
        with self._changed:
            page = self._page(place, count, until)
            is_there = any(event.id == place for event in self._events)
            return page if is_there else Page() if place != ORIGIN and place == self._newest else None

    def _page(self, place: StreamId, count: int, until: StreamId | None = None) -> Page:
        self._answer()
        found = [event for event in self._events if event.id > place and (until is None or event.id <= until)][:count]
        return Page(found, found[-1].id if found else None, len(found), 0)

    def _answer(self) -> None:
        if self.is_away:
            raise RedisConnectionError("away, as the test wants")

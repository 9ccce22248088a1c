"""Reading the stream as it is, without a group: the live end, and pages of what came before."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Final

from redis import Redis

from app.api.sse.frames import ORIGIN, Event, StreamId, id_text, parse_id, read_event
from app.bus import keys
from app.bus.stream import stream_state
from app.clock import Clock
from app.errors import Rejected
from app.market.market import Market

BLOCK_MS: Final = 1000
# Many clients come back at once after an outage and ask for the same events: about 15 MB save most of that work.
REMEMBERED: Final = 10_000


@dataclass(frozen=True)
class Page:
    """Entries of the stream in order: those that make an event, the last id read, how many make none."""

    events: list[Event] = field(default_factory=list)
    last: StreamId | None = None
    read: int = 0
    unreadable: int = 0


class StreamTail:
    """Reads for all clients through a connection that replies in bytes, made at the first use.

    Every call raises RedisError while the server is away, and Unavailable while there is none to connect to.
    """

    def __init__(self, connect: Callable[[], Redis], market: Market, clock: Clock) -> None:
        self._connect = connect
        self._market = market
        self._clock = clock
        self._young: dict[bytes, Event | None] = {}
        self._old: dict[bytes, Event | None] = {}

    @cached_property
    def _client(self) -> Redis:
        return self._connect()

    def now_ms(self) -> int:
        """The present, epoch milliseconds: the first half of a stream id."""
        return int(self._clock.now().timestamp() * 1000)

    def newest(self) -> StreamId:
        """The id of the newest event that the stream ever had; (0, 0) before the first."""
        return parse_id(stream_state(self._client).last_id)

    def wait_after(self, place: StreamId, count: int) -> Page:
        """What came after `place`, at most `count` entries; waits up to a second for the first."""
        # Loads the calendar, which takes half a second, while nobody waits for it.
        self._market.session_of(self._clock.now())
        reply: Any = self._client.xread({keys.STREAM: id_text(place)}, count=count, block=BLOCK_MS)
        return self._page(reply[0][1]) if reply else Page()

    def page_after(self, place: StreamId, count: int, until: StreamId | None = None) -> Page | None:
        """Up to `count` entries after `place`, up to and with `until`; None when the chain is broken.

        It is unbroken when the event at `place` itself is still there, or nothing ever came after it.
        """
        end = "+" if until is None else id_text(until)
        entries: Any = self._client.xrange(keys.STREAM, id_text(place), end, count + 1)
        if entries and _place_of(entries[0]) == place:
            return self._page(entries[1:])
        return Page() if place != ORIGIN and self.newest() == place else None

    def _page(self, entries: list[Any]) -> Page:
        now = self._clock.now()
        found = [self._event(entry_id, fields, now) for entry_id, fields in entries]
        events = [event for event in found if event]
        last = _place_of(entries[-1]) if entries else None
        return Page(events, last, len(entries), len(entries) - len(events))

    def _event(self, entry_id: bytes, fields: dict[bytes, bytes], now: datetime) -> Event | None:
        young, old = self._young, self._old  # Another thread may exchange them, but takes nothing out of either.
        if entry_id in young:
            return young[entry_id]
        event = young[entry_id] = old[entry_id] if entry_id in old else self._read(entry_id, fields, now)
        if len(young) > REMEMBERED:
            self._old, self._young = young, {}
        return event

    def _read(self, entry_id: bytes, fields: dict[bytes, bytes], now: datetime) -> Event | None:
        try:
            return read_event(entry_id, fields, now, self._market.session_of)
        except Rejected:
            return None  # Ingest writes the dead letter with its reason; here it only is no quote.


def _place_of(entry: Any) -> StreamId:
    return parse_id(entry[0].decode())

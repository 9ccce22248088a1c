"""Reading the stream as it is, without a group: the live end, and pages of what came before."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from redis import Redis

from app.api.sse.frames import ORIGIN, Event, StreamId, id_text, parse_id, read_event
from app.bus import keys
from app.bus.stream import stream_state
from app.clock import Clock
from app.errors import Rejected
from app.market.market import Market

BLOCK_MS: Final = 1000
BATCH: Final = 1000


@dataclass(frozen=True)
class Page:
    """Entries of the stream in order: those that make an event, the last id read, how many make none."""

    events: list[Event] = field(default_factory=list)
    last: StreamId | None = None
    read: int = 0
    unreadable: int = 0


class StreamTail:
    """Reads for all clients. `client` must reply in bytes; every call raises the client's RedisError when it is away."""

    def __init__(self, client: Redis, market: Market, clock: Clock) -> None:
        self._client = client
        self._market = market
        self._clock = clock

    def now_ms(self) -> int:
        """The present, epoch milliseconds: the first half of a stream id."""
        return int(self._clock.now().timestamp() * 1000)

    def newest(self) -> StreamId:
        """The id of the newest event that the stream ever had; (0, 0) before the first."""
        last_id: Any = stream_state(self._client).last_id
        return parse_id(last_id.decode() if isinstance(last_id, bytes) else last_id)

    def wait_after(self, place: StreamId) -> Page:
        """What came after `place`, at most 1,000 entries; waits up to a second for the first."""
        reply = self._client.xread({keys.STREAM: id_text(place)}, count=BATCH, block=BLOCK_MS)
        return self._page(reply[0][1]) if reply else Page()

    def page_after(self, place: StreamId, count: int, until: StreamId | None = None) -> Page | None:
        """Up to `count` entries after `place`, up to and with `until`; None when the chain is broken.

        It is unbroken when the event at `place` itself is still there, or nothing ever came after it.
        """
        end = "+" if until is None else id_text(until)
        entries: list[Any] = self._client.xrange(keys.STREAM, id_text(place), end, count + 1)
        if entries and parse_id(entries[0][0].decode()) == place:
            return self._page(entries[1:])
        return Page() if place != ORIGIN and self.newest() == place else None

    def _page(self, entries: list[Any]) -> Page:
        now = self._clock.now()
        events: list[Event] = []
        for entry_id, fields in entries:
            try:
                events.append(read_event(entry_id, fields, now, self._session_of))
            except Rejected:
                continue  # Ingest writes the dead letter with its reason; here it only is no quote.
        last = parse_id(entries[-1][0].decode()) if entries else None
        return Page(events, last, len(entries), len(entries) - len(events))

    def _session_of(self, ts: Any) -> date:
        return self._market.session_of(ts)

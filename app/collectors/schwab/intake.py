"""What comes in from Schwab, by stream or by request, and the quotes that wait to be taken."""

import logging
import time
from collections import deque
from collections.abc import Mapping
from datetime import datetime
from threading import Event, Lock
from typing import Final

from app.clock import Clock
from app.collectors.schwab.counts import Counts
from app.collectors.schwab.frames import Entry, Frame, read_frame
from app.collectors.schwab.listings import Keyed, Listing
from app.collectors.schwab.merging import Merger, Stamp
from app.market.market import Market
from app.quotes import Quote

log = logging.getLogger(__name__)

LIMIT: Final = 100_000
ENDING: Final = frozenset({3, 12, 20, 21, 30})  # Denied, taken over, not connected, malformed, nothing subscribed.
_NOTHING: Final[Mapping[str, object]] = {"notify": []}


class StreamEnded(Exception):
    """The streamer says that it ends, or refuses: its code, and its text."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"code {code}: {text}")
        self.code, self.text = code, text


class Intake:
    """Takes frames apart in the stream's thread and hands quotes to another.

    Of quotes that nobody takes the newest `limit` are kept; the others are counted as dropped. `is_suspect` says that
    something could not be read, so that a fresh start is needed before all is known again. `frame_at` and `streamed_at`
    tell when the stream last said anything, and anything of a symbol. Times are monotonic.
    """

    def __init__(
        self, listings: Mapping[Keyed, Listing], market: Market, clock: Clock, counts: Counts, limit: int = LIMIT
    ) -> None:
        self._listings, self._clock, self._counts, self._limit = listings, clock, counts, limit
        self._by_key = {listing.key: listing for listing in listings.values()}
        self.merger = Merger(listings, market, counts)
        self._quotes: deque[Quote] = deque()
        self._lock = Lock()
        self.ready = Event()
        self.is_suspect = False
        self.frame_at = self.streamed_at = 0.0
        self.news_at: dict[str, float] = {}
        self.heard: set[str] = set()
        self.delayed: frozenset[str] = frozenset()  # Replaced and never changed, because other threads read it.
        self.data_at: datetime | None = None

    @property
    def waiting(self) -> int:
        """How many quotes wait to be taken."""
        return len(self._quotes)

    def begin(self) -> None:
        """A subscription begins: what was said before it is not to be merged with."""
        self.merger.forget()
        self.is_suspect = False
        self.frame_at = time.monotonic()

    def take_frame(self, raw: str | bytes) -> Mapping[str, object]:
        """Take a frame of the stream; what is left of it for schwab-py, which is only answers to its requests.

        StreamEnded when the streamer gives notice that it ends.
        """
        self._counts.messages += 1
        self.frame_at = time.monotonic()
        frame = read_frame(raw)
        if frame.damaged:
            self._note_damage(frame)
        malformed = self._counts.malformed
        for entry in frame.entries:
            self._take_entry(entry)
        self.is_suspect |= self._counts.malformed > malformed
        for notice in frame.notices:
            if notice.code in ENDING:
                raise StreamEnded(notice.code, notice.text)
            log.info("Schwab's streamer says: code %s, %s", notice.code, notice.text)
        return frame.response or _NOTHING

    def take_quote(self, key: str, quote: Mapping[str, object], is_delayed: bool) -> None:
        """Take a whole quote that was asked for."""
        listing = self._by_key.get(key)
        if listing is None:
            self._counts.unknown_keys += 1
            return
        stamp = Stamp(None, self._clock.now())
        self._hear(listing, stamp)
        self._put(self.merger.replace(listing, quote, is_delayed, stamp))

    def drain(self) -> list[Quote]:
        """The quotes that wait, oldest first."""
        self.ready.clear()
        with self._lock:
            taken = list(self._quotes)
            self._quotes.clear()
        return taken

    def _note_damage(self, frame: Frame) -> None:
        # It may have been about any key: what is known of all of them may be out of date.
        self._counts.malformed += frame.damaged
        self.is_suspect = True
        self.merger.forget()

    def _take_entry(self, entry: Entry) -> None:
        listing = self._listings.get((entry.service, entry.key))
        if listing is None:
            self._counts.unknown_keys += 1
            return
        self.streamed_at = self.frame_at
        stamp = Stamp(entry.sent_ms, self._clock.now())
        self._hear(listing, stamp)
        quote = self.merger.merge(listing, entry.fields, stamp)
        if quote is not None:
            self.news_at[listing.symbol] = self.frame_at
            self._put(quote)

    def _hear(self, listing: Listing, stamp: Stamp) -> None:
        self._counts.entries += 1
        self.heard.add(listing.symbol)
        self.data_at = stamp.received

    def _put(self, quote: Quote | None) -> None:
        if quote is None:
            return
        if quote.delayed is not (quote.symbol in self.delayed):
            self.delayed ^= {quote.symbol}
        with self._lock:
            if len(self._quotes) >= self._limit:
                self._quotes.popleft()
                self._counts.dropped_messages += 1
            self._quotes.append(quote)
        self.ready.set()

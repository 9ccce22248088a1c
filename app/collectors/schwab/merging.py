"""From Schwab's messages to canonical quotes: deltas over the last known state of each service and key.

A message says only what changed. What it does not say is as it was, for as long as no message was missed: at every
gap the state is forgotten, and what was known before it is never mixed with what comes after.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, cast

from app.collectors.schwab.counts import Counts
from app.collectors.schwab.fields import (
    ACTIVE,
    TIMED,
    TIMES,
    Readers,
    Unreadable,
    Value,
    contract_of,
    instant_of,
    is_sensible,
    rest_readers,
    streamed_readers,
)
from app.collectors.schwab.known import Known, Said, Told, newest
from app.collectors.schwab.listings import Keyed, Listing
from app.market.market import Market
from app.quotes import FIELD_NAMES, PRICE_FIELDS, Quote

UNNUMBERED: Final = 0  # Instead of the number of a quote that has none yet.
_QUOTED: Final = frozenset(FIELD_NAMES)


@dataclass(frozen=True)
class Stamp:
    """When a message was sent, as it says itself (milliseconds, unchecked), and when it was received."""

    sent_ms: object
    received: datetime


class Merger:
    """Makes quotes, not numbered yet, of the entries of messages. No value that an entry holds makes it fail."""

    def __init__(self, listings: Mapping[Keyed, Listing], market: Market, counts: Counts) -> None:
        self._market, self._counts = market, counts
        self._known: dict[Keyed, Known] = {}
        self._told = {keyed: Told() for keyed in listings}
        self._streamed = {keyed: streamed_readers(listing.service, listing.tick) for keyed, listing in listings.items()}
        self._rest = {keyed: rest_readers(listing.tick) for keyed, listing in listings.items()}

    @property
    def keys_known(self) -> int:
        """Of how many keys something is known since the last gap."""
        return len(self._known)

    def forget(self) -> None:
        """Messages were, or may have been, missed: nothing is known any more."""
        self._known.clear()

    def merge(self, listing: Listing, entry: Mapping[str, object], stamp: Stamp) -> Quote | None:
        """Take one entry of a streamed message; None when it tells nothing new.

        The first entry of a key after a gap is new only where it says something that was not published. A value that
        cannot be read leaves its field unknown, and a key is delayed until it says that it is not. The time of the
        event is that of the quote or the trade, whichever is later, so that the newest event has the newest time; where
        the entry is about neither, or begins a session without a time, it is when the message was sent.
        """
        said, lost = self._read(entry, self._streamed[listing.keyed], stamp.received)
        known, told = self._known.get(listing.keyed), self._told[listing.keyed]
        is_first = known is None
        if known is None:
            known = self._known[listing.keyed] = Known(delayed=told.delayed)
        has_changed = known.update(said, lost, entry.get("delayed"))
        is_news = told.is_news(known) if is_first else has_changed
        return self._quote(listing, known, said, stamp) if is_news else None

    def replace(self, listing: Listing, whole: Mapping[str, object], delayed: bool, stamp: Stamp) -> Quote | None:
        """Take a whole quote as REST tells it; None when it is older than what was published, or says nothing else.

        It leaves nothing behind that later deltas would be merged with.
        """
        said, _lost = self._read(whole, self._rest[listing.keyed], stamp.received)
        known = Known({name: value for name, value in said.items() if value is not None}, delayed)
        is_news = self._told[listing.keyed].is_news(known)
        return self._quote(listing, known, said, stamp) if is_news else None

    def _read(
        self, entry: Mapping[str, object], readers: Readers, received: datetime
    ) -> tuple[dict[str, Value | None], set[str]]:
        said: dict[str, Value | None] = {}
        lost: set[str] = set()
        for raw, value in entry.items():
            name, read = readers.get(raw, ("", None))
            if read is None:
                continue
            try:
                said[name] = read(value)
            except Unreadable:
                self._counts.malformed += 1
                lost.add(name)
        for name in TIMES:
            millis = said.get(name)
            if millis is not None and not is_sensible(cast(int, millis), received):
                self._counts.odd_times += 1
                del said[name]
        return said, lost

    def _quote(self, listing: Listing, known: Known, said: Said, stamp: Stamp) -> Quote | None:
        if not any(name in known.values for name in PRICE_FIELDS):
            return None
        told = self._told[listing.keyed]
        ts, origin = self._event_time(known, said, stamp, told.begins_anew(said))
        trade = told.note(known, said)
        active = known.values.get(ACTIVE)
        contract = contract_of(active, ts.date()) if isinstance(active, str) else None
        parts: dict[str, Any] = {name: value for name, value in known.values.items() if name in _QUOTED}
        return Quote(
            symbol=listing.symbol,
            source="SCHWAB",
            seq=UNNUMBERED,
            ts=ts,
            recv_ts=stamp.received,
            session_date=self._market.session_of(ts),
            contract=contract or listing.contract,
            ts_origin=origin,
            trade=trade,
            delayed=known.delayed,
            **parts,
        )

    def _event_time(self, known: Known, said: Said, stamp: Stamp, begins_anew: bool) -> tuple[datetime, str]:
        told_ms = newest(known.values) if _is_timed(said, begins_anew) else None
        if told_ms is not None:
            return instant_of(told_ms), "exchange"
        if type(stamp.sent_ms) is int and is_sensible(stamp.sent_ms, stamp.received):
            return instant_of(stamp.sent_ms), "exchange"
        self._counts.odd_times += stamp.sent_ms is not None
        return stamp.received, "local"


def _is_timed(said: Said, begins_anew: bool) -> bool:
    # A time that is not told has not changed: it is the same millisecond still. The time of the message is later than
    # that of the event, and than the next event's, which would then look like the older one. But the last times before
    # a session are none of the session's.
    return newest(said) is not None or (not begins_anew and not TIMED.isdisjoint(said))

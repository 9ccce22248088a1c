"""From Schwab's messages to canonical quotes: deltas over the last known state of each service and key.

A message says only what changed. What it does not say is as it was, for as long as no message was missed: at every
gap the state is forgotten, and what was known before it is never mixed with what comes after.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, cast

from app.collectors.schwab.counts import Counts
from app.collectors.schwab.fields import (
    ACTIVE,
    TIMED,
    TIMES,
    TRADE_TIME,
    Readers,
    Unreadable,
    Value,
    contract_of,
    instant_of,
    is_sensible,
    rest_readers,
    streamed_readers,
)
from app.collectors.schwab.listings import Keyed, Listing
from app.market.market import Market
from app.quotes import FIELD_NAMES, PRICE_FIELDS, Quote

UNNUMBERED: Final = 0  # Instead of the number of a quote that has none yet.
_QUOTED: Final = frozenset(FIELD_NAMES)
_Values = dict[str, Value]


@dataclass(frozen=True)
class Stamp:
    """When a message was sent, as it says itself (milliseconds, unchecked), and when it was received."""

    sent_ms: object
    received: datetime


@dataclass
class _Known:
    values: _Values = field(default_factory=dict)
    delayed: bool = False


@dataclass
class _Told:
    """What was published of a key. It outlives gaps, to tell news from repetition, and is never merged with."""

    values: Mapping[str, Value] = field(default_factory=dict)
    delayed: bool = False
    newest_ms: int = 0
    volume: int | None = None
    trade_ms: int | None = None
    active: Value | None = None

    def is_news(self, known: _Known) -> bool:
        """Whether a first message after a gap is no older than what was published, and says anything else; that data
        are delayed now, and therefore older, is news."""
        if known.delayed is not self.delayed:
            return True
        told_ms = _newest(known.values)
        if told_ms is not None and told_ms < self.newest_ms:
            return False
        return any(self.values.get(name) != value for name, value in known.values.items())

    def begins_anew(self, said: Mapping[str, Value | None]) -> bool:
        """Whether the volume fell, as it does when a session begins."""
        return _is_more(self.volume, cast(int | None, said.get("volume")))

    def note(self, known: _Known, said: Mapping[str, Value | None]) -> bool:
        """Keep what is published; whether `said` carries a new trade, also one at the same price and size.

        Another contract has a volume and trades of its own: that they are more and later tells of no trade.
        """
        volume, trade_ms = cast(int | None, said.get("volume")), cast(int | None, said.get(TRADE_TIME))
        has_traded = _is_more(volume, self.volume) or _is_more(trade_ms, self.trade_ms)
        active = said.get(ACTIVE) or self.active
        has_rolled = self.active is not None and active != self.active
        self.volume = self.volume if volume is None else volume
        self.trade_ms = self.trade_ms if trade_ms is None else trade_ms
        self.values, self.delayed, self.active = dict(known.values), known.delayed, active
        self.newest_ms = max(self.newest_ms, _newest(said) or 0)
        return has_traded and not has_rolled


class Merger:
    """Makes quotes, not numbered yet, of the entries of messages. No value that an entry holds makes it fail."""

    def __init__(self, listings: Mapping[Keyed, Listing], market: Market, counts: Counts) -> None:
        self._listings, self._market, self._counts = listings, market, counts
        self._known: dict[Keyed, _Known] = {}
        self._told = {keyed: _Told() for keyed in listings}
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
        cannot be read leaves its field unknown, and a key is delayed until it says that it is not. The time of the event
        is that of the quote or the trade, whichever is later, so that the newest event has the newest time; where the
        entry is about neither, or begins a session without a time, it is when the message was sent.
        """
        said, lost = self._read(entry, self._streamed[listing.keyed], stamp.received)
        known, told = self._known.get(listing.keyed), self._told[listing.keyed]
        is_first = known is None
        if known is None:
            known = self._known[listing.keyed] = _Known(delayed=told.delayed)
        has_changed = _update(known, said, lost, entry.get("delayed"))
        is_news = told.is_news(known) if is_first else has_changed
        return self._quote(listing, known, said, stamp) if is_news else None

    def replace(self, listing: Listing, whole: Mapping[str, object], delayed: bool, stamp: Stamp) -> Quote | None:
        """Take a whole quote as REST tells it; None when it is older than what was published, or says nothing else.

        It leaves nothing behind that later deltas would be merged with.
        """
        said, _lost = self._read(whole, self._rest[listing.keyed], stamp.received)
        known = _Known({name: value for name, value in said.items() if value is not None}, delayed)
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

    def _quote(self, listing: Listing, known: _Known, said: Mapping[str, Value | None], stamp: Stamp) -> Quote | None:
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

    def _event_time(
        self, known: _Known, said: Mapping[str, Value | None], stamp: Stamp, begins_anew: bool
    ) -> tuple[datetime, str]:
        told_ms = _newest(known.values) if _is_timed(said, begins_anew) else None
        if told_ms is not None:
            return instant_of(told_ms), "exchange"
        if type(stamp.sent_ms) is int and is_sensible(stamp.sent_ms, stamp.received):
            return instant_of(stamp.sent_ms), "exchange"
        self._counts.odd_times += stamp.sent_ms is not None
        return stamp.received, "local"


def _is_timed(said: Mapping[str, Value | None], begins_anew: bool) -> bool:
    # A time that is not told has not changed: it is the same millisecond still. The time of the message is later than
    # that of the event, and than the next event's, which would then look like the older one. But the last times before
    # a session are none of the session's.
    return _newest(said) is not None or (not begins_anew and not TIMED.isdisjoint(said))


def _update(known: _Known, said: Mapping[str, Value | None], lost: set[str], delayed: object) -> bool:
    has_changed = False
    for name in lost:
        known.values.pop(name, None)
    for name, value in said.items():
        if known.values.get(name) != value:
            has_changed = True
            if value is None:
                del known.values[name]
            else:
                known.values[name] = value
    if isinstance(delayed, bool) and delayed is not known.delayed:
        known.delayed, has_changed = delayed, True
    return has_changed


def _newest(said: Mapping[str, Value | None]) -> int | None:
    return max((cast(int, said[name]) for name in TIMES if said.get(name) is not None), default=None)


def _is_more(value: int | None, than: int | None) -> bool:
    return value is not None and than is not None and value > than

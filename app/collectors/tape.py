"""The running figures of one symbol's session (last, open, high, low, volume), and its events as quotes."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import repeat
from typing import Final, NamedTuple

import numpy as np

from app.collectors.simulation import NOT_KNOWN, Book, Flags, Ints
from app.quotes import Quote

SOURCE: Final = "SIMULATED"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_HIGHEST: Final = np.iinfo(np.int64).max


class Prices(dict[int, Decimal | None]):
    """Exact prices by their number of ticks, made once each."""

    def __init__(self, tick: Decimal) -> None:
        super().__init__({NOT_KNOWN: None})
        self._tick = tick

    def __missing__(self, ticks: int) -> Decimal:
        price = self[ticks] = ticks * self._tick
        return price


class Events(NamedTuple):
    """Events in columns of equal length: prices in ticks, NOT_KNOWN where there is none yet."""

    last: Ints
    bid: Ints
    ask: Ints
    open: Ints
    high: Ints
    low: Ints
    change: Ints
    last_size: Ints
    bid_size: Ints
    ask_size: Ints
    volume: Ints
    trade: Flags


@dataclass(slots=True)
class Tape:
    """One symbol's figures of one session so far; `close` is the last price of the session before. Prices in ticks."""

    close: int
    last: int = NOT_KNOWN
    last_size: int = NOT_KNOWN
    open: int = NOT_KNOWN
    high: int = NOT_KNOWN
    low: int = NOT_KNOWN
    volume: int = 0

    def record(self, book: Book) -> Events:
        """Append the book's events, at least one, and return them with the figures as each event left them."""
        latest = np.maximum.accumulate(np.where(book.trade, np.arange(book.trade.size), -1))
        last = np.where(latest >= 0, book.paid[latest], self.last)
        low = np.minimum.accumulate(np.where(book.trade, book.paid, _HIGHEST))
        low = np.minimum(low, _HIGHEST if self.low == NOT_KNOWN else self.low)
        first = book.paid[np.argmax(book.trade)] if self.open == NOT_KNOWN else self.open
        events = Events(
            last=last,
            bid=book.bid,
            ask=book.ask,
            open=np.where((latest >= 0) | (self.open != NOT_KNOWN), first, NOT_KNOWN),
            high=np.maximum(np.maximum.accumulate(np.where(book.trade, book.paid, NOT_KNOWN)), self.high),
            low=np.where(low == _HIGHEST, NOT_KNOWN, low),
            change=np.where(last == NOT_KNOWN, NOT_KNOWN, last - self.close),
            last_size=np.where(latest >= 0, book.size[latest], self.last_size),
            bid_size=book.bid_size,
            ask_size=book.ask_size,
            volume=self.volume + np.cumsum(np.where(book.trade, book.size, 0)),
            trade=book.trade,
        )
        for name in ("last", "last_size", "open", "high", "low", "volume"):
            setattr(self, name, int(getattr(events, name)[-1]))
        return events


@dataclass(frozen=True, slots=True)
class Strip:
    """A run of one symbol's events of one trading day, with their times (microseconds since 1970 UTC)."""

    symbol: str
    day: date
    prices: Prices
    close: int
    ts_us: Ints
    events: Events

    def part(self, start: int, end: int) -> "Strip":
        """The events from `start` until before `end`."""
        events = Events._make(column[start:end] for column in self.events)
        return replace(self, ts_us=self.ts_us[start:end], events=events)

    def quotes(self, seq: Ints) -> Iterator[Quote]:
        """The events as quotes of source SIMULATED with these numbers, received at the instant they happened."""
        columns = Events._make(column.tolist() for column in self.events)
        times = [_EPOCH + timedelta(microseconds=micros) for micros in self.ts_us.tolist()]
        exact = self.prices.__getitem__
        return map(
            Quote,
            repeat(self.symbol),
            repeat(SOURCE),
            seq.tolist(),
            times,
            times,
            repeat(self.day),
            repeat(None),
            repeat("exchange"),
            map(exact, columns.last),
            map(exact, columns.bid),
            map(exact, columns.ask),
            map(exact, columns.open),
            map(exact, columns.high),
            map(exact, columns.low),
            repeat(exact(self.close)),
            map(exact, columns.change),
            (None if size == NOT_KNOWN else size for size in columns.last_size),
            columns.bid_size,
            columns.ask_size,
            columns.volume,
            columns.trade,
        )

"""Quotes at the stand-in for Schwab of which every value tells the generation that it belongs to.

Whenever something breaks, a new generation begins: all values change while nobody can be told. A quote that holds
values of two generations was merged over what was known before the gap.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from app.quotes import Quote
from tests.schwab.standin import StandIn
from tests.schwab_feeds import FUTURES, now_ms

KEY: Final = "/ES"
BASE, SPAN = 1_000, 10  # A generation's prices are within 10 points of its own.
SIZES: Final = 1_000
PRICED: Final = ("bid", "ask", "last")
SIZED: Final = ("bid_size", "ask_size", "last_size")
_BID, _ASK, _LAST, _BID_SIZE, _ASK_SIZE, _VOLUME, _LAST_SIZE, _QUOTED, _TRADED = 1, 2, 3, 4, 5, 8, 9, 10, 11


class Generations:
    """Moves one future, step by step."""

    def __init__(self, schwab: StandIn) -> None:
        self._schwab = schwab
        self.number = self._steps = 0
        self.begin()

    def begin(self, is_partial: bool = False) -> None:
        """Begin the next generation: with all its values, or as one in which nothing has traded yet."""
        self.number += 1
        book = self._bid() | self._ask()
        if is_partial:
            self._schwab.reset(FUTURES, KEY)
        self._schwab.update(FUTURES, KEY, book if is_partial else book | self._trade())

    def step(self, is_trading: bool) -> None:
        """Change one side of the book, or trade, in turn."""
        moves = (self._bid, self._ask, self._trade)[: 2 + is_trading]
        self._schwab.update(FUTURES, KEY, moves[self._steps % len(moves)]())

    def is_seen_in(self, quote: Quote) -> bool:
        """Whether a quote holds anything of this generation."""
        return self.number in generations_in(quote)

    def is_told_by(self, quote: Quote) -> bool:
        """Whether a quote is whole, and of this generation."""
        return quote.last_size is not None and generations_in(quote) == {self.number}

    def _bid(self) -> dict[int, Any]:
        return {_BID: self._price(), _BID_SIZE: self._size(), _QUOTED: now_ms()}

    def _ask(self) -> dict[int, Any]:
        return {_ASK: self._price(), _ASK_SIZE: self._size(), _QUOTED: now_ms()}

    def _trade(self) -> dict[int, Any]:
        return {_LAST: self._price(), _LAST_SIZE: self._size(), _VOLUME: self._steps, _TRADED: now_ms()}

    def _price(self) -> float:
        self._steps += 1
        return BASE + self.number * SPAN + self._steps % 32 / 4

    def _size(self) -> int:
        return self.number * SIZES + self._steps % SIZES


def generations_in(quote: Quote) -> set[int]:
    """The generations whose values a quote holds."""
    prices = [getattr(quote, name) for name in PRICED]
    sizes = [getattr(quote, name) for name in SIZED]
    told = [int(price - BASE) // SPAN for price in prices if price is not None]
    return {*told, *(size // SIZES for size in sizes if size is not None)}


def stale_merges(quotes: Sequence[Quote]) -> int:
    """How many quotes hold values of more than one generation."""
    return sum(len(generations_in(quote)) > 1 for quote in quotes)


def duplicates(quotes: Sequence[Quote]) -> tuple[int, int]:
    """How many quotes have the key of another, and how many say in everything what another says."""
    keyed = Counter((quote.symbol, quote.ts, quote.source, quote.seq) for quote in quotes)
    said = Counter(quote._replace(seq=0, recv_ts=quote.ts, trade=False) for quote in quotes)
    return len(quotes) - len(keyed), len(quotes) - len(said)

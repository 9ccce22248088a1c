"""One symbol of the live simulation: where its price stands and the figures of its running session."""

from datetime import date
from decimal import Decimal
from typing import Final

import numpy as np
from numpy.random import Generator

from app.collectors.simulation import MODELS, NOT_KNOWN, Floats, Ints, draw_book
from app.collectors.tape import Prices, Strip, Tape
from app.errors import Rejected
from app.instruments.catalogue import CATALOGUE
from app.quotes import Quote

_PRICE_LIMIT: Final = 10**9


class Feed:
    """Starts from `latest` where it has a price, else from `price`, else from the model's base price.

    Rejected when that price cannot be stored. Call `enter` before the first event and at each new trading day.
    """

    def __init__(self, symbol: str, price: Decimal | None, latest: Quote | None) -> None:
        self.symbol = symbol
        self.model = MODELS[symbol]
        self._tick = CATALOGUE[symbol].tick_size
        self._prices = Prices(self._tick)
        known = [found for found in (latest and latest.last, latest and latest.close, price) if found is not None]
        start = self._ticks(known[0] if known else Decimal(str(self.model.base)))
        self._middle = start + 0.5
        self._tape = Tape(close=start)
        self._day = latest.session_date if latest is not None else date.min
        if latest is not None:
            self._tape = self._resumed(latest, start)

    def enter(self, day: date) -> None:
        """Begin the trading day: its figures start anew unless they are already those of this day."""
        if day != self._day:
            self._tape = Tape(close=self._tape.close if self._tape.last == NOT_KNOWN else self._tape.last)
            self._day = day

    def snapshot(self, chance: Generator, ts_us: int, pace: float) -> Strip:
        """One event at that instant; a trade where the session has none yet."""
        return self._strip(chance, np.array([ts_us]), np.array([self._middle]), pace, self._tape.last == NOT_KNOWN)

    def advance(self, chance: Generator, ts_us: Ints, progress: Floats, move: float, pace: float) -> Strip | None:
        """Move the price by `move` daily volatilities, with an event at each share `progress` of the way, if any."""
        before = self._middle
        self._middle += move * self.model.volatility * self.model.base / float(self._tick)
        if not ts_us.size:
            return None
        return self._strip(chance, ts_us, before + (self._middle - before) * progress, pace, False)

    def _strip(self, chance: Generator, ts_us: Ints, middle: Floats, pace: float, traded: bool) -> Strip:
        book = draw_book(chance, self.model, middle, np.full(middle.size, pace))
        book.trade[0] |= traded
        close = self._tape.close
        return Strip(self.symbol, self._day, self._prices, close, ts_us, self._tape.record(book))

    def _resumed(self, latest: Quote, start: int) -> Tape:
        return Tape(
            close=start if latest.close is None else self._ticks(latest.close),
            last=self._known(latest.last),
            last_size=NOT_KNOWN if latest.last_size is None else latest.last_size,
            open=self._known(latest.open),
            high=self._known(latest.high),
            low=self._known(latest.low),
            volume=latest.volume or 0,
        )

    def _known(self, price: Decimal | None) -> int:
        return NOT_KNOWN if price is None else self._ticks(price)

    def _ticks(self, price: Decimal) -> int:
        if not price.is_finite() or abs(price) >= _PRICE_LIMIT:
            raise Rejected(f"{self.symbol} cannot start from the price {price}: give a finite one below 1,000,000,000")
        return int((price / self._tick).to_integral_value())

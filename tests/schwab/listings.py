"""Plausible first values of futures, on their ticks, and how they go on."""

import random
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any, Final

from app.instruments.catalogue import CATALOGUE, Instrument
from app.instruments.symbology import MONTH_CODES
from tests.schwab.board import FUTURES

PRICES: Final = {"ES": 6879.5, "NQ": 25650.0, "YM": 47900.0, "RTY": 2520.0, "CL": 60.0, "GC": 4220.0, "ZB": 117.5}
ANY_TICKS: Final = 4000
QUARTER: Final = 3
Fields = dict[int, Any]
Change = tuple[str, str, Fields]


def front_contract(symbol: str, day: date) -> str:
    """The contract of the quarter's last month, or of the next quarter from the 15th of that month on."""
    later = day + timedelta(days=17)
    month = -(-later.month // QUARTER) * QUARTER
    return f"{symbol}{MONTH_CODES[month - 1]}{later.year % 100:02}"


def future(symbol: str, contract: str, at_ms: int) -> Fields:
    """Every field of a future that somebody would subscribe to, by number."""
    instrument = CATALOGUE[symbol]
    tick = float(instrument.tick_size)
    last = _on_tick(PRICES.get(symbol, ANY_TICKS * tick), tick)
    prices: Fields = {
        1: last - tick,
        2: last,
        3: last,
        12: last + 40 * tick,
        13: last - 60 * tick,
        14: last - 20 * tick,
    }
    sizes: Fields = {4: 11, 5: 4, 8: 812345, 9: 2, 23: 1987654}
    times: Fields = {10: at_ms, 11: at_ms, 37: at_ms, 38: at_ms}
    more: Fields = {18: last - 30 * tick, 19: 20 * tick, 20: 20 * tick / (last - 20 * tick), 22: "Normal", 24: last}
    return prices | sizes | times | more | _reference(instrument, contract, last - 20 * tick)


class Walk:
    """A random walk of each symbol, tick by tick, under its root and under its contract."""

    def __init__(self, symbols: Sequence[str], day: date, at_ms: int, seed: int = 0) -> None:
        self._symbols = symbols
        self._random = random.Random(seed)
        self._contracts = {symbol: front_contract(symbol, day) for symbol in symbols}
        self._fields = {symbol: future(symbol, self._contracts[symbol], at_ms) for symbol in symbols}

    def start(self) -> Iterator[Change]:
        """The first values of every symbol."""
        for symbol in self._symbols:
            yield from self._under_its_names(symbol, self._fields[symbol])

    def step(self, at_ms: int) -> Iterator[Change]:
        """The next change: a trade or a quote of one symbol."""
        symbol = self._random.choice(self._symbols)
        fields, tick = self._fields[symbol], float(CATALOGUE[symbol].tick_size)
        changed = self._trade(fields, at_ms) if self._random.random() < 0.4 else self._quote(fields, tick, at_ms)
        fields.update(changed)
        yield from self._under_its_names(symbol, changed)

    def _trade(self, fields: Fields, at_ms: int) -> Fields:
        last, size = fields[self._random.choice((1, 2))], self._random.randint(1, 9)
        day: Fields = {12: max(fields[12], last), 13: min(fields[13], last), 19: last - fields[14]}
        return {3: last, 8: fields[8] + size, 9: size, 11: at_ms, 20: (last - fields[14]) / fields[14], 24: last} | day

    def _quote(self, fields: Fields, tick: float, at_ms: int) -> Fields:
        sizes: Fields = {4: self._random.randint(1, 60), 5: self._random.randint(1, 60)}
        times = {10: at_ms, 37: at_ms, 38: at_ms}
        bid = _on_tick(fields[1] + tick * self._random.choice((-1, 0, 0, 1)), tick)
        return {1: bid, 2: bid + tick} | sizes | times

    def _under_its_names(self, symbol: str, fields: Fields) -> Iterator[Change]:
        for name in (symbol, self._contracts[symbol]):
            yield FUTURES, f"/{name}", fields


def _reference(instrument: Instrument, contract: str, settled: float) -> Fields:
    tick, multiplier = float(instrument.tick_size), float(instrument.multiplier)
    names: Fields = {15: "@", 16: instrument.name, 21: instrument.mic, 27: f"/{instrument.symbol}", 34: f"/{contract}"}
    terms: Fields = {
        25: tick,
        26: tick * multiplier,
        28: "3,32" if instrument.price_format == "32" else "D,D",
        31: multiplier,
    }
    return names | terms | {29: "GLBX(de=1640)", 30: True, 32: True, 33: settled, 35: 1766188800000, 39: True}


def _on_tick(price: float, tick: float) -> float:
    return round(price / tick) * tick

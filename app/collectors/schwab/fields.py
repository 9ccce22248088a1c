"""What Schwab's numbers and names mean: one vocabulary for the fields of both services and of REST quotes.

The numbers are those of Schwab's streamer guide. The same number means different things in the two services.
"""

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Final

from app.errors import Rejected
from app.instruments.symbology import resolve
from app.quotes import CLOCK_TOLERANCE, EARLIEST, PRICE_FIELDS, SIZE_FIELDS

FUTURES: Final = "LEVELONE_FUTURES"
EQUITIES: Final = "LEVELONE_EQUITIES"
QUOTE_TIME: Final = "quote_time"
TRADE_TIME: Final = "trade_time"
ACTIVE: Final = "active"
TIMES: Final = (QUOTE_TIME, TRADE_TIME)
TIMED: Final = frozenset({"bid", "ask", "bid_size", "ask_size", "last", "last_size", "volume"})
LOT: Final = 100  # Shares in a lot, in which equities' bid and ask sizes are streamed.
_SYMBOL: Final = 0
_PRICE_LIMIT: Final = 10**9
_SIZE_LIMIT: Final = 2**63
_PLACES: Final = Decimal("1e-9")
_NOISE: Final = Decimal("1e-10")  # Relative, and absolute below 1: far above what doubles lose, far below any tick.
_FUTURE: Final = re.compile(r"/[A-Z0-9]{1,12}", re.ASCII)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EARLIEST_MS: Final = int(EARLIEST.timestamp() * 1000)
_TOLERANCE_MS: Final = int(CLOCK_TOLERANCE.total_seconds() * 1000)

_SHARED: Final = {"bid": 1, "ask": 2, "last": 3, "bid_size": 4, "ask_size": 5, "volume": 8, "last_size": 9}
_FUTURES_DAY: Final = {"high": 12, "low": 13, "close": 14, "open": 18, "change": 19}
_EQUITIES_DAY: Final = {"high": 10, "low": 11, "close": 12, "open": 17, "change": 18}
STREAMED: Final[Mapping[str, Mapping[str, int]]] = {
    FUTURES: _SHARED | _FUTURES_DAY | {QUOTE_TIME: 10, TRADE_TIME: 11, ACTIVE: 34},
    EQUITIES: _SHARED | _EQUITIES_DAY | {QUOTE_TIME: 34, TRADE_TIME: 35},
}
REST: Final[Mapping[str, str]] = {
    "bid": "bidPrice",
    "ask": "askPrice",
    "last": "lastPrice",
    "bid_size": "bidSize",
    "ask_size": "askSize",
    "volume": "totalVolume",
    "last_size": "lastSize",
    QUOTE_TIME: "quoteTime",
    TRADE_TIME: "tradeTime",
    "high": "highPrice",
    "low": "lowPrice",
    "close": "closePrice",
    "open": "openPrice",
    "change": "netChange",
    ACTIVE: "futureActiveSymbol",
}

Value = Decimal | int | str
Reader = Callable[[object], Value | None]  # None where the value says that there is none.
Readers = Mapping[str, tuple[str, Reader]]  # By the name in the message: our name, and how to read it.


class Unreadable(ValueError):
    """A value that is not what its field must hold."""


def wanted_numbers(service: str) -> list[int]:
    """The field numbers to subscribe to, the symbol's own included."""
    return [_SYMBOL, *sorted(STREAMED[service].values())]


def read_price(value: object, tick: Decimal) -> Decimal:
    """A price: the nearest multiple of `tick` where it is off by no more than doubles lose, else as it was told, with
    at most 9 places; Unreadable when it is no finite number below 10**9."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < _PRICE_LIMIT:
        raise Unreadable(f"{str(value)[:40]!r} is no price")
    return _exact(value, tick)


def read_size(value: object, lot: int = 1) -> int:
    """A size or volume in `lot`s, as single contracts or shares; Unreadable when it is not a whole number from 0."""
    if isinstance(value, float) and math.isfinite(value) and value.is_integer():
        value = int(value)
    if type(value) is not int or not 0 <= value * lot < _SIZE_LIMIT:
        raise Unreadable(f"{str(value)[:40]!r} is no size")
    return value * lot


def read_millis(value: object) -> int:
    """Milliseconds since 1970, 0 for never; Unreadable when it is not a whole number from 0 below 2**63."""
    return read_size(value)


def is_sensible(millis: int, received: datetime) -> bool:
    """Whether a source's time is after 1999 and at most 5 minutes after it was received."""
    return _EARLIEST_MS <= millis <= (received - _EPOCH) // timedelta(milliseconds=1) + _TOLERANCE_MS


def instant_of(millis: int) -> datetime:
    """The instant of milliseconds since 1970, UTC."""
    return _EPOCH + timedelta(milliseconds=millis)


def read_active(value: object) -> str:
    """The symbol of the contract that is active, such as /ESZ25; Unreadable when it is no symbol of a future."""
    if not isinstance(value, str) or not _FUTURE.fullmatch(value):
        raise Unreadable(f"{str(value)[:40]!r} is no symbol of a future")
    return value


@lru_cache(maxsize=1024)
def contract_of(active: str, today: date) -> str | None:
    """The contract that a readable active symbol names, such as ESZ25; None for a bare root and for what names none."""
    try:
        return resolve(active, today).contract
    except Rejected:
        return None


def streamed_readers(service: str, tick: Decimal) -> Readers:
    """How the streamed fields of a service are read, by their numbers as text."""
    found = _readers(tick, LOT if service == EQUITIES else 1)
    return {str(number): (name, found[name]) for name, number in STREAMED[service].items()}


def rest_readers(tick: Decimal) -> Readers:
    """How the fields of a REST quote are read, by Schwab's names; its sizes are contracts and single shares."""
    found = _readers(tick, 1)
    return {theirs: (name, found[name]) for name, theirs in REST.items()}


def _readers(tick: Decimal, lot: int) -> dict[str, Reader]:
    def price(value: object) -> Decimal | None:
        # Schwab writes 0 where there is no bid, no trade or no opening yet: that is not a price of zero.
        return read_price(value, tick) or None

    found: dict[str, Reader] = {
        **dict.fromkeys(PRICE_FIELDS, price),
        **dict.fromkeys(SIZE_FIELDS, read_size),
        **dict.fromkeys(("bid_size", "ask_size"), lambda value: read_size(value, lot)),
        **dict.fromkeys(TIMES, lambda value: read_millis(value) or None),
    }
    return found | {"change": lambda value: read_price(value, tick), ACTIVE: read_active}


@lru_cache(maxsize=65_536)
def _exact(value: float, tick: Decimal) -> Decimal:
    told = Decimal(repr(value))
    on_tick = (told / tick).to_integral_value() * tick
    if abs(on_tick - told) <= _NOISE * max(Decimal(1), abs(told)):
        return on_tick.quantize(tick) + 0  # Adding makes a zero lose its minus.
    return told if int(told.as_tuple().exponent) >= -9 else told.quantize(_PLACES)

"""The canonical quote: one event of one symbol at one source, and its flat text form on the wire."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final, Literal, NamedTuple, cast, get_args

from app.clock import instant_text
from app.errors import Rejected

SCHEMA_VERSION: Final = 1
Source = Literal["EXCEL", "SCHWAB", "REPLAY", "SIMULATED"]
Origin = Literal["exchange", "local"]
SOURCES: Final[tuple[str, ...]] = get_args(Source)
ORIGINS: Final[tuple[str, ...]] = get_args(Origin)
LIVE_SOURCES: Final = frozenset({"EXCEL", "SCHWAB"})
COLLECTED: Final = ("EXCEL", "SCHWAB", "SIMULATED")  # The sources that have a collector.
UNNUMBERED: Final = frozenset({"REPLAY"})  # A replay keeps the recorded numbers, which need not be contiguous.
PRICE_FIELDS: Final = ("last", "bid", "ask", "open", "high", "low", "close", "change")
SIZE_FIELDS: Final = ("last_size", "bid_size", "ask_size", "volume")
REQUIRED_FIELDS: Final = ("symbol", "source", "seq", "ts")
EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
EPOCH_BITS: Final = 32
CLOCK_TOLERANCE: Final = timedelta(minutes=5)
_SIZE_LIMIT: Final = 2**63
_FLAGS: Final = {"0": False, "1": True, "false": False, "true": True}


class Quote(NamedTuple):
    """One quote event. Prices are Decimal with at most 9 places, times UTC with microseconds; None = not known.

    `seq` strictly increases per source, also across restarts, and is reused by every retry; with `symbol`, `ts` and
    `source` it is the event's identity. `volume` is cumulative over the session. `trade` says that this event carries
    a new trade. `ts_origin` is `exchange` where the source stamps the event, else `local`.
    """

    symbol: str
    source: str
    seq: int
    ts: datetime
    recv_ts: datetime
    session_date: date
    contract: str | None = None
    ts_origin: str = "exchange"
    last: Decimal | None = None
    bid: Decimal | None = None
    ask: Decimal | None = None
    open: Decimal | None = None
    high: Decimal | None = None
    low: Decimal | None = None
    close: Decimal | None = None
    change: Decimal | None = None
    last_size: int | None = None
    bid_size: int | None = None
    ask_size: int | None = None
    volume: int | None = None
    trade: bool = False
    delayed: bool = False
    v: int = SCHEMA_VERSION


FIELD_NAMES: Final = Quote._fields
_Prices = tuple[Decimal | None, ...]
_Sizes = tuple[int | None, ...]
_PRICES: Final = slice(FIELD_NAMES.index(PRICE_FIELDS[0]), FIELD_NAMES.index(PRICE_FIELDS[-1]) + 1)
_SIZES: Final = slice(FIELD_NAMES.index(SIZE_FIELDS[0]), FIELD_NAMES.index(SIZE_FIELDS[-1]) + 1)
_SYMBOL = re.compile(r"[A-Z0-9][A-Z0-9._-]{0,15}")
_CONTRACT = re.compile(r"[A-Z0-9][A-Z0-9._-]{0,23}")
_PRICE = re.compile(r"-?[0-9]{1,9}(?:\.[0-9]{1,9})?")
_is_price = _PRICE.fullmatch
_WHOLE = re.compile(r"[0-9]{1,19}")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:[0-5]\d)", re.ASCII)


def parse_symbol(text: str) -> str:
    """The canonical root symbol `text`, such as ES; Rejected when it breaks the grammar."""
    if not _SYMBOL.fullmatch(text):
        raise Rejected("a symbol is 1 to 16 of A-Z, 0-9, dot, underscore and hyphen, such as ES or 6E")
    return text


def parse_symbols(text: str) -> list[str]:
    """Symbols separated by commas: upper-cased, each once, in the order given; Rejected when none or malformed."""
    # Only ASCII is upper-cased: other letters may turn into ASCII ones, and so into a symbol that nobody wrote.
    names = [part.upper() if part.isascii() else part for part in (part.strip(" ") for part in text.split(","))]
    if not any(names):
        raise Rejected("no symbol is named: write them separated by commas, such as ES,NQ")
    return list(dict.fromkeys(parse_symbol(name) for name in names if name))


def seq_of(epoch: int, counter: int) -> int:
    """The sequence number of a collector's `counter`-th event (below 2**32) under the fencing token `epoch`."""
    return (epoch << EPOCH_BITS) + counter


def epoch_of(seq: int) -> int:
    """The fencing token under which a sequence number was given."""
    return seq >> EPOCH_BITS


def counter_of(seq: int) -> int:
    """How many numbers its fencing token had given up to this one."""
    return seq & ((1 << EPOCH_BITS) - 1)


def to_fields(quote: Quote) -> list[str]:
    """The wire form: names and values in turn; fields that are not known are left out.

    Rejected when the quote could not be stored exactly: a malformed symbol or contract, an unknown source, a naive
    time, a price that is not finite with at most 9 digits before and after the point, or a size that is negative.
    """
    symbol, source, seq, ts, recv_ts, day, contract, ts_origin = quote[:8]
    if not (_is_symbol(symbol) and source in SOURCES and 0 <= seq < _SIZE_LIMIT):
        raise Rejected(f"quote {symbol[:20]!r} {source[:20]!r} {seq}: symbol, source or seq is malformed")
    at = _write_instant(ts)
    flat = ["symbol", symbol, "source", source, "seq", str(seq), "ts", at]
    flat += ("recv_ts", at if recv_ts is ts else _write_instant(recv_ts), "session_date", _day_text(day))
    if contract is not None:
        flat += ("contract", _checked_contract(contract))
    flat += ("ts_origin", _one_of("ts_origin", ts_origin, ORIGINS))
    for name, price in zip(PRICE_FIELDS, cast(_Prices, quote[_PRICES]), strict=True):
        if price is not None:
            text = str(price)
            flat += (name, text if _is_price(text) else _write_price(price))
    for name, size in zip(SIZE_FIELDS, cast(_Sizes, quote[_SIZES]), strict=True):
        if size is not None:
            flat += (name, _write_size(size))
    flat += ("trade", "1" if quote.trade else "0", "delayed", "1" if quote.delayed else "0", "v", str(quote.v))
    return flat


def from_fields(fields: Mapping[str, str], now: datetime, session_of: Callable[[datetime], date]) -> Quote:
    """Read one event from its wire form, strictly; unknown fields are ignored.

    `session_date` is always derived from `ts` by `session_of`. Rejected, naming the field, on a missing field, a
    malformed or non-finite number, more than 9 decimal places, or a `ts` before 2000 or over 5 minutes past `now`.
    """
    if missing := [name for name in REQUIRED_FIELDS if not fields.get(name)]:
        raise Rejected(f"{', '.join(missing)} missing")
    if fields.get("v", str(SCHEMA_VERSION)) != str(SCHEMA_VERSION):
        raise Rejected(f"v: schema version {fields['v'][:20]!r} is not known")
    ts = _read_instant("ts", fields["ts"], now)
    quote = Quote(
        symbol=_matched("symbol", fields["symbol"], _SYMBOL),
        source=_one_of("source", fields["source"], SOURCES),
        seq=_read_whole("seq", fields["seq"]),
        ts=ts,
        recv_ts=_read_instant("recv_ts", fields["recv_ts"], now) if fields.get("recv_ts") else ts,
        session_date=session_of(ts),
        contract=_matched("contract", fields["contract"], _CONTRACT) if fields.get("contract") else None,
        ts_origin=_one_of("ts_origin", fields.get("ts_origin", "exchange"), ORIGINS),
        trade=_read_flag("trade", fields.get("trade", "0")),
        delayed=_read_flag("delayed", fields.get("delayed", "0")),
    )
    prices: dict[str, Any] = {name: _read_price(name, fields.get(name)) for name in PRICE_FIELDS}
    sizes: dict[str, Any] = {name: _read_size(name, fields.get(name)) for name in SIZE_FIELDS}
    return quote._replace(**prices, **sizes)


@lru_cache(maxsize=4096)
def _is_symbol(text: str) -> bool:
    return _SYMBOL.fullmatch(text) is not None


@lru_cache(maxsize=4096)
def _checked_contract(text: str) -> str:
    return _matched("contract", text, _CONTRACT)


@lru_cache(maxsize=1024)
def _day_text(day: date) -> str:
    return day.isoformat()


def _write_price(price: Decimal) -> str:
    text = format(price, "f")
    if not _is_price(text):
        raise Rejected(f"price {text[:40]} is not finite with at most 9 digits before and after the point")
    return text


def _write_size(size: int) -> str:
    if not 0 <= size < _SIZE_LIMIT:
        raise Rejected(f"size {size} is not a whole number from 0 to 2**63 - 1")
    return str(size)


def _write_instant(value: datetime) -> str:
    if value.tzinfo is UTC:
        # Far quicker than the isoformat of an aware datetime.
        return f"{_day_text(value.date())}T{value.time().isoformat('microseconds')}Z"
    if value.tzinfo is None:
        raise Rejected(f"the time {value} has no zone")
    return instant_text(value)


def _matched(name: str, text: str, grammar: re.Pattern[str]) -> str:
    if not grammar.fullmatch(text):
        raise Rejected(f"{name}: {text[:40]!r} is malformed")
    return text


def _one_of(name: str, text: str, known: tuple[str, ...]) -> str:
    if text not in known:
        raise Rejected(f"{name}: {text[:40]!r} is not one of {', '.join(known)}")
    return text


def _read_instant(name: str, text: str, now: datetime) -> datetime:
    try:
        value = datetime.fromisoformat(text).astimezone(UTC) if _INSTANT.fullmatch(text) else None
    except (ValueError, OverflowError):
        value = None
    if value is None:
        raise Rejected(f"{name}: {text[:40]!r} is not an ISO 8601 time with an offset")
    if not EARLIEST <= value <= now + CLOCK_TOLERANCE:
        raise Rejected(f"{name}: {text[:40]!r} is before 2000 or in the future")
    return value


def _read_whole(name: str, text: str) -> int:
    value = int(text) if _WHOLE.fullmatch(text) else -1
    if not 0 <= value < _SIZE_LIMIT:
        raise Rejected(f"{name}: {text[:40]!r} is not a whole number from 0 to 2**63 - 1")
    return value


def _read_size(name: str, text: str | None) -> int | None:
    return None if text is None or text in ("", "null") else _read_whole(name, text)


def _read_price(name: str, text: str | None) -> Decimal | None:
    if text is None or text in ("", "null"):
        return None
    if not _PRICE.fullmatch(text):
        raise Rejected(
            f"{name}: {text[:40]!r} is not a decimal number with at most 9 digits before and after the point"
        )
    return Decimal(text)


def _read_flag(name: str, text: str) -> bool:
    if text not in _FLAGS:
        raise Rejected(f"{name}: {text[:40]!r} is none of {', '.join(_FLAGS)}")
    return _FLAGS[text]


def known_source(text: str) -> Source:
    """`text` as a source's name; Rejected when there is none of that name."""
    return cast(Source, _one_of("source", text, SOURCES))


def public_form(fields: Mapping[str, str]) -> dict[str, object]:
    """The JSON form of a wire event: prices stay decimal strings, counts become numbers, flags booleans."""
    shown: dict[str, object] = {}
    for name in FIELD_NAMES:
        if (text := fields.get(name)) is not None:
            shown[name] = _READERS.get(name, str)(text)
    return shown


_READERS: Final[Mapping[str, Callable[[str], object]]] = {
    **dict.fromkeys((*SIZE_FIELDS, "seq", "v"), int),
    **dict.fromkeys(("trade", "delayed"), lambda text: text == "1"),
}

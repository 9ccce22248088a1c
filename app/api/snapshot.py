"""The newest quotes with what a reader must know about them: how old, from where, and whether anything still comes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from redis import Redis

from app.bus import keys
from app.bus.latest import read_latest
from app.bus.stream import stream_state
from app.clock import instant_text
from app.instruments.hours import market_of
from app.market.markets import Markets
from app.quotes import FIELD_NAMES, public_form

EMPTY_STREAM: Final = "0-0"
_UNKNOWN: Final[Mapping[str, object]] = dict.fromkeys(FIELD_NAMES)


@dataclass(frozen=True)
class Standing:
    """What decides the state of a quote: the instant, the symbols whose market is open, sources at work, age of
    staleness."""

    now: datetime
    open_symbols: frozenset[str]
    sources: frozenset[str]
    stale_after_s: float


def take_snapshot(
    client: Redis, markets: Markets, symbols: Sequence[str], now: datetime, stale_after_s: float
) -> dict[str, object]:
    """The newest quote of each symbol in the order asked, as GET /api/quotes answers it; `market` there is the desk's.

    `stream_id` was the newest event before the quotes were read, so a stream resumed from there misses none after them.
    Rejected when `now` lies outside the markets' calendars.
    """
    is_open = markets.default.is_open(now)
    open_symbols = frozenset(symbol for symbol in symbols if market_of(markets, symbol).is_open(now))
    stream_id = stream_state(client).last_id
    latest = read_latest(client, symbols)
    sources = _sources_at_work(client, {fields.get("source", "") for fields in latest.values()})
    standing = Standing(now, open_symbols, sources, stale_after_s)
    return {
        "market": {"name": markets.default.name, "open": is_open},
        "as_of": instant_text(now),
        "stream_id": None if stream_id == EMPTY_STREAM else stream_id,
        "quotes": [show_quote(symbol, latest.get(symbol), standing) for symbol in symbols],
        "missing": [symbol for symbol in symbols if symbol not in latest],
    }


def show_quote(symbol: str, fields: Mapping[str, str] | None, standing: Standing) -> dict[str, object]:
    """One quote's public form with every field present (null = not known), `age_ms`, `state` and `stream_id`."""
    if fields is None:
        return {**_UNKNOWN, "symbol": symbol, "age_ms": None, "state": "no_source", "stream_id": None}
    age_s = (standing.now - datetime.fromisoformat(fields["ts"])).total_seconds()
    state = _state(symbol, fields["source"], age_s, standing)
    age_ms = round(age_s * 1000)
    return {**_UNKNOWN, **public_form(fields), "age_ms": age_ms, "state": state, "stream_id": fields.get("stream_id")}


def _state(symbol: str, source: str, age_s: float, standing: Standing) -> str:
    if symbol not in standing.open_symbols:
        return "closed"
    if source not in standing.sources:
        return "no_source"
    return "live" if age_s <= standing.stale_after_s else "stale"


def _sources_at_work(client: Redis, sources: Iterable[str]) -> frozenset[str]:
    names = sorted(sources)
    with client.pipeline(transaction=False) as pipe:
        for name in names:
            pipe.exists(keys.lease(name))
        return frozenset(name for name, held in zip(names, pipe.execute(), strict=True) if held)

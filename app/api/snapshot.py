"""The newest quotes with what a reader must know about them: how old, from where, who says otherwise, and whether
anything still comes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from redis import Redis

from app.api.sse.sources import Sighting
from app.bus.latest import Fields, read_newest
from app.bus.stream import stream_state
from app.clock import instant_text
from app.instruments.hours import market_of
from app.market.markets import Markets
from app.operations.agreement import disagreeing
from app.operations.comparing import difference_ticks, lag_ms, ticks_text
from app.operations.displaying import DisplayRule, candidate_of, choose_displayed
from app.operations.divergences import Divergence, read_divergences
from app.operations.source_standing import NOT_AT_WORK, SourceStanding, read_standings
from app.quotes import FIELD_NAMES, LIVE_SOURCES, public_form

EMPTY_STREAM: Final = "0-0"
_UNKNOWN: Final[Mapping[str, object]] = dict.fromkeys(FIELD_NAMES)


@dataclass(frozen=True)
class Standing:
    """What decides how quotes are shown: the instant, the symbols whose market is open, how the sources stand, the rule
    by which one is chosen, and where they have been found to differ."""

    now: datetime
    open_symbols: frozenset[str]
    sources: Mapping[str, SourceStanding]
    rule: DisplayRule
    divergences: Sequence[Divergence] = ()


def take_snapshot(
    client: Redis, markets: Markets, symbols: Sequence[str], now: datetime, rule: DisplayRule
) -> dict[str, object]:
    """The quote to show of each symbol in the order asked, as GET /api/quotes answers it; `market` there is the desk's.

    `stream_id` was the newest event before the quotes were read, so a stream resumed from there misses none after them.
    Rejected when `now` lies outside the markets' calendars.
    """
    is_open = markets.default.is_open(now)
    stream_id = stream_state(client).last_id
    newest = read_newest(client, symbols)
    standing = take_standing(client, markets, symbols, now, rule)
    return {
        "market": {"name": markets.default.name, "open": is_open},
        "as_of": instant_text(now),
        "stream_id": None if stream_id == EMPTY_STREAM else stream_id,
        "quotes": [show_quote(symbol, newest[symbol], standing) for symbol in symbols],
        "missing": [symbol for symbol in symbols if not newest[symbol]],
    }


def see_sources(client: Redis, markets: Markets, symbols: Sequence[str], now: datetime, rule: DisplayRule) -> Sighting:
    """How the sources stand, and whose quote is displayed of each symbol that has one; of none while no live source is
    at work, when every event is what there is.
    """
    standing = take_standing(client, markets, symbols, now, rule)
    states = {source: one.state for source, one in standing.sources.items()}
    if not any(one.is_at_work for source, one in standing.sources.items() if source in LIVE_SOURCES):
        return Sighting(states)
    newest = read_newest(client, symbols)
    chosen = {symbol: displayed_of(symbol, newest[symbol], standing) for symbol in symbols}
    return Sighting(states, {symbol: fields["source"] for symbol, fields in chosen.items() if fields})


def take_standing(
    client: Redis, markets: Markets, symbols: Sequence[str], now: datetime, rule: DisplayRule
) -> Standing:
    """How the quotes of these symbols are to be shown at an instant; Rejected as `take_snapshot`."""
    open_symbols = frozenset(symbol for symbol in symbols if market_of(markets, symbol).is_open(now))
    return Standing(now, open_symbols, read_standings(client), rule, list(read_divergences(client).values()))


def show_quote(symbol: str, quotes: Sequence[Fields], standing: Standing) -> dict[str, object]:
    """Of a symbol's newest quotes at each source, the public form of the displayed one with every field present (null =
    not known), its `age_ms`, `state` and `stream_id`, what each live source says, and who disagrees."""
    fields = displayed_of(symbol, quotes, standing)
    if fields is None:
        told = {"symbol": symbol, "state": "no_source"}
        return {**_UNKNOWN, **told, "age_ms": None, "stream_id": None, "sources": [], "disagrees": []}
    return {
        **_UNKNOWN,
        **public_form(fields),
        **_freshness(symbol, fields, standing),
        "stream_id": fields.get("stream_id"),
        "sources": [_opinion(symbol, one, fields, standing) for one in quotes if one["source"] in LIVE_SOURCES],
        "disagrees": disagreeing(standing.divergences, symbol, fields["source"]),
    }


def displayed_of(symbol: str, quotes: Sequence[Fields], standing: Standing) -> Fields | None:
    """The one of a symbol's newest quotes at each source that is shown; None when there is none."""
    candidates = [candidate_of(fields, standing.sources) for fields in quotes]
    is_open = symbol in standing.open_symbols
    chosen = choose_displayed(candidates, standing.rule, standing.now, is_open=is_open)
    return None if chosen is None else quotes[candidates.index(chosen)]


def _opinion(symbol: str, fields: Fields, displayed: Fields, standing: Standing) -> dict[str, object]:
    shown, freshness = public_form(fields), _freshness(symbol, fields, standing)
    ticks = _difference(symbol, fields, displayed, standing)
    return {
        "source": fields["source"],
        "ts": fields["ts"],
        **freshness,
        **{name: shown.get(name) for name in ("contract", "last", "bid", "ask", "delayed")},
        "mid_difference_ticks": None if ticks is None else ticks_text(ticks),
        "lag_ms": lag_ms(fields, displayed),
        "agrees": None if ticks is None else abs(ticks) <= standing.rule.divergence_ticks,
    }


def _difference(symbol: str, fields: Fields, displayed: Fields, standing: Standing) -> Decimal | None:
    pair = (fields, displayed)
    is_comparable = fields is not displayed and symbol in standing.open_symbols
    if not is_comparable or any(one["source"] not in LIVE_SOURCES or one.get("delayed") == "1" for one in pair):
        return None
    if not all(_is_at_work(one, standing) for one in pair):
        return None
    return difference_ticks(symbol, fields, displayed)


def _freshness(symbol: str, fields: Fields, standing: Standing) -> dict[str, object]:
    age = standing.now - datetime.fromisoformat(fields["ts"])
    return {"age_ms": round(age / timedelta(milliseconds=1)), "state": _state(symbol, fields, standing)}


def _state(symbol: str, fields: Fields, standing: Standing) -> str:
    one = candidate_of(fields, standing.sources)
    if symbol not in standing.open_symbols:
        return "closed"
    if not one.standing.is_at_work:
        return "no_source"
    if one.is_delayed:
        return "delayed"
    return "stale" if standing.now - one.known_at > standing.rule.stale_after else "live"


def _is_at_work(fields: Fields, standing: Standing) -> bool:
    return standing.sources.get(fields["source"], NOT_AT_WORK).about(fields["symbol"]).is_at_work

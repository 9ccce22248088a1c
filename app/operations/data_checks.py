"""Looking at the newest quotes of open markets: which are missing, stale, crossed, out of range or delayed."""

import logging
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from app.bus.latest import read_latest
from app.clock import instant_text, parse_instant
from app.desk.snapshots import note_quality
from app.instruments.store import watchlist
from app.operations.desk import desk_markets
from app.stores import Stores

log = logging.getLogger(__name__)

STALE_AFTER: Final = timedelta(minutes=5)
FAULTS: Final = ("absent", "stale", "crossed", "out_of_range", "delayed")
Quoted = Mapping[str, str]


def check_data(stores: Stores) -> dict[str, dict[str, Any]]:
    """The figures of every desk market that has been open for five minutes, by market; they are kept in the snapshots
    of the running sessions.

    Of the watched symbols: those never quoted in the session, without a quote for five minutes, with the bid above the
    ask, with the last price outside of the day's range, or delayed by their source's own word.
    """
    now = stores.clock.now()
    with stores.sessions.begin() as session:
        symbols = watchlist(session)
        latest = read_latest(stores.redis, symbols)
        found = {}
        for market in desk_markets(stores, session):
            # At the open nothing is quoted yet: the quotes from before were cleared.
            if market.is_open(now) and market.is_open(now - STALE_AFTER):
                own = [symbol for symbol in symbols if stores.market_of(symbol).name == market.name]
                found[market.name] = quote_figures(own, latest, now)
                note_quality(session, market.name, market.session_of(now), found[market.name])
    for name, figures in found.items():
        if faults := {fault: figures[fault] for fault in FAULTS if figures[fault]}:
            log.warning("quotes of %s: %s", name, faults)
    return found


def quote_figures(symbols: list[str], latest: Mapping[str, Quoted], now: datetime) -> dict[str, Any]:
    """What is wrong with the newest quotes of symbols, each fault with the symbols that have it."""
    faults: dict[str, list[str]] = {fault: [] for fault in FAULTS}
    for symbol in symbols:
        for fault in _faults(latest.get(symbol), now):
            faults[fault].append(symbol)
    return {"at": instant_text(now), "watched": len(symbols), **faults}


def _faults(fields: Quoted | None, now: datetime) -> Iterator[str]:
    if fields is None:
        yield "absent"
        return
    if now - parse_instant(fields["ts"]) > STALE_AFTER:
        yield "stale"
    bid, ask, last, low, high = (_price(fields, name) for name in ("bid", "ask", "last", "low", "high"))
    if bid is not None and ask is not None and bid > ask:
        yield "crossed"
    if last is not None and ((low is not None and last < low) or (high is not None and last > high)):
        yield "out_of_range"
    if fields.get("delayed") == "1":
        yield "delayed"


def _price(fields: Quoted, name: str) -> Decimal | None:
    told = fields.get(name)
    return Decimal(told) if told else None

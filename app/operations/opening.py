"""The open of a market's session: what it means, in order, and doing it."""

import logging
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

from redis import Redis

from app.bus import keys
from app.bus.latest import LIVE
from app.clock import instant_text
from app.desk.events import EventKey
from app.desk.snapshots import create_snapshot
from app.errors import NotFound
from app.instruments.store import watchlist
from app.lake.manifest import list_files
from app.market.sessions import Session
from app.operations.baselines import keep_baselines, previous_closes, previous_session
from app.operations.event_keeping import record_end, working_at
from app.stores import Stores
from app.ticks.reading import count_by_symbol

log = logging.getLogger(__name__)

# KEYS: latest quotes. ARGV: the open. Of what was quoted before it nothing is news any more. Times have one length.
_CLEAR_STALE: Final = """
local cleared = 0
for _, key in ipairs(KEYS) do
    local ts = redis.call('HGET', key, 'ts')
    if ts and ts < ARGV[1] then cleared = cleared + redis.call('DEL', key) end
end
return cleared
"""


def describe_open(stores: Stores, market: str, day: date) -> list[str]:
    """What opening a session will do, a line each; NotFound when there is none on that day."""
    hours = require_session(stores, market, day)
    before = previous_session(stores.markets.named(market), day)
    kept = f"of the session {before.day}" if before else "of nothing: this is the calendar's first session"
    return [
        f"keep the last price of each symbol, {kept}, as the baseline",
        f"clear the latest quotes from before {hours.open:%Y-%m-%d %H:%M} UTC",
        f"create the snapshot of {market} on {day}",
        "have the collectors run that follow market hours",
        "have the stream ingested",
    ]


def open_session(stores: Stores, market: str, day: date) -> str | None:
    """Keep the baseline, clear stale quotes, begin the snapshot, and have the stream ingested; each effect once.

    Collectors that follow market hours are wanted all along by `collecting_hours`. Returns how the event ended, `done`
    or `late`, and None when it had ended before. Conflict while another process does the same; NotFound without a
    session on that day.
    """
    hours, key = require_session(stores, market, day), EventKey(market, day, "open")
    with working_at(stores, key, hours.open) as is_due:
        if not is_due:
            return None
        kept, cleared = begin_snapshot(stores, market, hours), clear_stale(stores, market, hours)
        stores.dispatch.start_ingest(1)
        ending = record_end(stores, key, {"baselines": kept, "cleared": cleared})
    log.info("%s opened on %s (%s): %s baselines, %s stale quotes cleared", market, day, ending, kept, cleared)
    return ending


def begin_snapshot(stores: Stores, market: str, hours: Session) -> int:
    """Keep the baseline of a session and begin its snapshot, unless it has one; returns how many prices were found."""
    baselines = previous_closes(stores, stores.markets.named(market), hours.day, _symbols(stores, market, hours))
    keep_baselines(stores.redis, baselines)
    shown = {baseline.symbol: baseline.shown() for baseline in baselines}
    with stores.sessions.begin() as session:
        create_snapshot(session, market, hours, shown, stores.clock.now())
    return len(baselines)


def clear_stale(stores: Stores, market: str, hours: Session) -> int:
    """Take away the market's latest quotes from before the session, also those of each source; a newer one is never
    touched. Returns how many symbols have no latest quote any more.
    """
    found = [symbol for symbol in _quoted(stores.redis) if stores.market_of(symbol).name == market]
    _clear(stores.redis, [keys.by_source(source, symbol) for source in LIVE for symbol in found], hours)
    return _clear(stores.redis, [keys.latest(symbol) for symbol in found], hours)


def require_session(stores: Stores, market: str, day: date) -> Session:
    """The hours of a market's session; NotFound when there is none on that day."""
    hours = stores.markets.named(market).session(day)
    if hours is None:
        name = stores.markets.named(market).day(day).holiday
        why = f", it is {name}" if name else ""
        raise NotFound(f"{market} has no session on {day}{why}: see `flask calendar --month={day:%Y-%m}`")
    return hours


def _symbols(stores: Stores, market: str, hours: Session) -> set[str]:
    before = previous_session(stores.markets.named(market), hours.day)
    with stores.sessions() as session:
        symbols = set(watchlist(session))
        if before is not None:
            symbols |= count_by_symbol(session, before.day).keys()
            symbols |= {row.symbol for row in list_files(session, before.day, before.day + timedelta(days=1))}
    return {symbol for symbol in symbols if stores.market_of(symbol).name == market}


def _clear(client: Redis, hashes: Sequence[str], hours: Session) -> int:
    return int(client.eval(_CLEAR_STALE, len(hashes), *hashes, instant_text(hours.open))) if hashes else 0


def _quoted(client: Redis) -> Sequence[str]:
    prefix = keys.latest("")
    return [key.removeprefix(prefix) for key in client.scan_iter(match=f"{prefix}*", count=1000)]

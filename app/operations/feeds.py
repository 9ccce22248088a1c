"""What makes the feed of each source that is set up here."""

import contextlib
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime

from redis.exceptions import RedisError
from sqlalchemy.exc import DBAPIError

from app.bus import keys
from app.bus.hashes import read_hash
from app.bus.latest import read_latest, read_own
from app.collectors.excel.feed import ExcelFeed
from app.collectors.excel.plan import ExcelPlan
from app.collectors.feeds import Feed, MakeFeed, NextSeq, SteppedFeed
from app.collectors.schwab.expiry import LoginTerm, record_login
from app.collectors.schwab.feed import SchwabFeed
from app.collectors.schwab.plan import SchwabPlan
from app.collectors.simulator import LiveSimulation
from app.errors import Rejected, Unavailable
from app.instruments.store import watchlist
from app.operations.wishes import SIMULATED
from app.quotes import Quote, from_fields
from app.stores import Stores

log = logging.getLogger(__name__)

Options = Mapping[str, str]


def excel_feed(stores: Stores, plan: ExcelPlan) -> MakeFeed:
    """The sheet's feed, which goes on from what was told of the sheet before; it needs no database."""

    def make(next_seq: NextSeq) -> Feed:
        return ExcelFeed(plan, next_seq, stores.market, stores.clock, told=_told_before(stores, "EXCEL"))

    return make


def schwab_feed(stores: Stores, plan: SchwabPlan, options: Options) -> MakeFeed:
    """Schwab's feed, of the symbols that were wished, else of those of the settings, else of the watchlist."""

    def make(next_seq: NextSeq) -> Feed:
        symbols = _symbols(stores, plan, options)
        return SchwabFeed(plan, symbols, next_seq, stores.market, stores.clock, is_open, on_term=record)

    def is_open(symbol: str, now: datetime) -> bool:
        return stores.market_of(symbol).is_open(now)

    def record(term: LoginTerm) -> None:
        record_login(stores.redis, term, stores.clock.now())

    return make


def simulated_feed(stores: Stores, options: Options) -> MakeFeed:
    """The simulation's feed, which goes on from its own newest quotes; wanted by hand it runs whatever the hours."""

    def make(next_seq: NextSeq) -> Feed:
        symbols = options["symbols"].split(",")
        simulation = LiveSimulation(
            symbols,
            int(options["seed"]),
            float(options["rate_per_s"]),
            next_seq,
            latest=_own_latest(stores, symbols, stores.clock.now()),
            where=stores.market,
            is_traded=_hours(stores, options),
        )
        return SteppedFeed(simulation.step, symbols)

    return make


def _symbols(stores: Stores, plan: SchwabPlan, options: Options) -> Sequence[str]:
    if told := options.get("symbols"):
        return told.split(",")
    if plan.symbols:
        return plan.symbols
    try:
        with stores.sessions() as session:
            return watchlist(session)
    except (DBAPIError, Unavailable) as error:
        return _as_before(stores, error)


def _as_before(stores: Stores, why: Exception) -> Sequence[str]:
    # Quotes must not wait for PostgreSQL, which they do not need.
    try:
        before = read_hash(stores.redis, keys.health("SCHWAB")).get("symbols")
    except RedisError:
        before = None
    if not before:
        raise Unavailable("the watchlist cannot be read: start PostgreSQL, or set SCHWAB_SYMBOLS") from why
    log.warning("the watchlist cannot be read (%s): Schwab is asked for what it was before", type(why).__name__)
    return before.split(",")


def _hours(stores: Stores, options: Options) -> Callable[[str, datetime], bool]:
    by_hand = options.get("by") != "hours"
    return lambda symbol, now: by_hand or stores.market_of(symbol).is_open(now)


def _told_before(stores: Stores, source: str) -> list[Quote]:
    try:
        own = read_own(stores.redis, source)
    except RedisError:
        return []
    return list(_readable(stores, own, stores.clock.now()))


def _own_latest(stores: Stores, symbols: list[str], now: datetime) -> dict[str, Quote]:
    own = [fields for fields in read_latest(stores.redis, symbols).values() if fields.get("source") == SIMULATED]
    return {quote.symbol: quote for quote in _readable(stores, own, now)}


def _readable(stores: Stores, told: Sequence[Mapping[str, str]], now: datetime) -> Iterator[Quote]:
    for fields in told:
        with contextlib.suppress(Rejected):  # A newest quote that cannot be read is no start for others.
            yield from_fields(fields, now, stores.market.session_of)

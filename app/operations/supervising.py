"""Keeping collectors at work while a watched market is open, and quiet otherwise."""

import logging
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.exc import DBAPIError

from app.bus import keys
from app.bus.hashes import read_hash
from app.collectors.crashes import read_crashes, settle_vanished
from app.errors import Conflict, Unavailable
from app.market.market import Market
from app.operations.desk import any_open, desk_markets, source_markets
from app.operations.mixing import refuse_mixing
from app.operations.silence import is_silent
from app.operations.tick_steps import RestartCollector, StartCollector, TickPolicy, UnwantSource, WantSource
from app.operations.wishes import is_wanted, wish_of
from app.quotes import COLLECTED
from app.stores import Stores

log = logging.getLogger(__name__)

# A feed takes a moment to come up, and the last quotes of a session a moment to arrive.
LEAD: Final = timedelta(seconds=60)
LINGER: Final = timedelta(seconds=10)
SAY_AGAIN_S: Final = 600


def hours_wishes(stores: Stores, policy: TickPolicy) -> Iterator[WantSource | UnwantSource]:
    """Which sources that follow market hours should be wanted now and are not, or the other way round.

    They run from a minute before the first open of any watched market until ten seconds after the last close. What was
    said by hand stays, and so does what the process says that collects a source. One whose quotes would mix real with
    simulated ones is not wanted. Quotes do not wait for PostgreSQL: while it is away, sources start with the desk's own
    market, and none is stopped.
    """
    if not policy.collect:
        return
    now = stores.clock.now()
    markets, are_known = _desk(stores)
    wanted = is_collecting_time(markets, now)
    for source in policy.collect:
        is_so, is_settled = wish_of(stores, source)
        if wanted and not is_so and not is_settled and _may_run(stores, source):
            yield WantSource(source)
        elif is_so and not wanted and not is_settled and are_known:
            yield UnwantSource(source)


def is_collecting_time(markets: Sequence[Market], now: datetime) -> bool:
    """Whether a source that follows the hours of these markets should run."""
    return any(any_open(markets, at) for at in (now - LINGER, now, now + LEAD))


def _desk(stores: Stores) -> tuple[list[Market], bool]:
    # The markets, and whether that is all of them.
    try:
        with stores.sessions() as session:
            return desk_markets(stores, session), True
    except (DBAPIError, Unavailable) as error:
        log.warning("which markets are watched cannot be read: %s", str(error).partition("\n")[0])
        return [stores.market], False


def _may_run(stores: Stores, source: str) -> bool:
    try:
        refuse_mixing(stores, source)
    except Conflict as error:
        if stores.redis.set(keys.asked(f"mixing-{source}"), 1, nx=True, ex=SAY_AGAIN_S):
            log.warning("%s does not follow the market's hours for now: %s", source, error)
        return False
    return True


def missing_collectors(stores: Stores, policy: TickPolicy) -> Iterator[StartCollector]:
    """Wanted sources that nobody collects, that can be collected here, and that no process of their own sees to.

    One whose starts keep failing waits longer each time.
    """
    client, now = stores.redis, stores.clock.now()
    for source in policy.sources:
        if not is_wanted(stores, source) or client.exists(keys.lease(source)):
            continue
        settle_vanished(client, source, now)
        if not client.exists(keys.agent(source)) and not read_crashes(client, source).must_wait(now):
            yield StartCollector(source)


def silent_collectors(stores: Stores, policy: TickPolicy) -> Iterator[RestartCollector]:
    """Sources that are collected and brought nothing new for too long while a market of theirs was open all that time.

    One that stays silent is started again ever more seldom, as a quiet night is no fault; one that waits for a person
    is left alone. PostgreSQL is asked only about a source that has not told its symbols.
    """
    now, reach = stores.clock.now(), timedelta(seconds=policy.silent_after_s)
    for source in COLLECTED:
        if not (is_wanted(stores, source) and is_silent(stores.redis, source, now, reach)):
            continue
        told = read_hash(stores.redis, keys.health(source)).get("symbols")
        markets = source_markets(stores, told.split(",") if told else [])
        if any(market.is_open(now) and market.is_open(now - reach) for market in markets):
            yield RestartCollector(source)

"""Keeping collectors at work while a watched market is open, and quiet otherwise."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from app.bus import keys
from app.bus.hashes import read_hash
from app.market.market import Market
from app.operations.collecting import is_wanted, wish_of
from app.operations.desk import any_open, desk_markets
from app.operations.tick_steps import RestartCollector, StartCollector, TickPolicy, UnwantSource, WantSource
from app.quotes import COLLECTED
from app.stores import Stores

# A feed takes a moment to come up, and the last quotes of a session a moment to arrive.
LEAD: Final = timedelta(seconds=60)
LINGER: Final = timedelta(seconds=10)
RESTART_AGAIN_S: Final = 60


def hours_wishes(stores: Stores, policy: TickPolicy) -> Iterator[WantSource | UnwantSource]:
    """Which sources that follow market hours should be wanted now and are not, or the other way round.

    They run from a minute before the first open of any watched market until ten seconds after the last close. What was
    said by hand stays.
    """
    if not policy.collect:
        return
    now = stores.clock.now()
    with stores.sessions() as session:
        markets = desk_markets(stores, session)
    wanted = is_collecting_time(markets, now)
    for source in policy.collect:
        is_so, by_hand = wish_of(stores, source)
        if wanted and not is_so and not by_hand:
            yield WantSource(source)
        elif is_so and not wanted and not by_hand:
            yield UnwantSource(source)


def is_collecting_time(markets: Sequence[Market], now: datetime) -> bool:
    """Whether a source that follows the hours of these markets should run."""
    return any(any_open(markets, at) for at in (now - LINGER, now, now + LEAD))


def missing_collectors(stores: Stores) -> Iterator[StartCollector]:
    """Wanted sources that nobody collects."""
    for source in COLLECTED:
        if is_wanted(stores, source) and not stores.redis.exists(keys.lease(source)):
            yield StartCollector(source)


def silent_collectors(stores: Stores, policy: TickPolicy) -> Iterator[RestartCollector]:
    """Sources that are collected and brought nothing new for too long while a watched market was open all that time."""
    now, reach = stores.clock.now(), timedelta(seconds=policy.silent_after_s)
    with stores.sessions() as session:
        markets = desk_markets(stores, session)
    if not any(market.is_open(now) and market.is_open(now - reach) for market in markets):
        return
    for source in COLLECTED:
        if is_wanted(stores, source) and _is_silent(stores, source, now - reach):
            asked = keys.asked(f"restart-{source}")
            if stores.redis.set(asked, 1, nx=True, ex=RESTART_AGAIN_S):
                yield RestartCollector(source)


def _is_silent(stores: Stores, source: str, since: datetime) -> bool:
    if not stores.redis.exists(keys.lease(source)):
        return False
    told = read_hash(stores.redis, keys.health(source)).get("event_ms")
    return told is not None and int(told) < since.timestamp() * 1000

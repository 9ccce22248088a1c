"""Starting, stopping and restarting a source by hand."""

import logging
from collections.abc import Sequence

from redis import Redis

from app.bus import keys
from app.bus.hashes import read_hash
from app.collectors.crashes import forgive
from app.errors import Conflict, NotFound, Unavailable
from app.operations.collector_states import how_to_collect
from app.operations.demo import refuse_real_data
from app.operations.wishes import SIMULATED, is_wanted, restart, says_wanted, unwant, want
from app.quotes import COLLECTED, LIVE_SOURCES
from app.stores import Stores

log = logging.getLogger(__name__)


def start_source(stores: Stores, source: str, configured: Sequence[str]) -> None:
    """Have a source collected from now on, whatever the hours, and at once also after a crash loop.

    NotFound when it has no collector. Conflict when nobody here can collect it, and when real quotes would come beside
    simulated ones: those never share a database.
    """
    _require_collector(stores, source, configured)
    if source == SIMULATED:
        _refuse_real(stores)
    else:
        refuse_simulated(stores.redis, source)
    want(stores, source, "hand")
    _begin_at_once(stores, source)


def stop_source(stores: Stores, source: str) -> None:
    """Have a source's collector stop within seconds and stay so, whatever the hours; NotFound when it has none."""
    _require_known(source)
    unwant(stores, source)


def restart_source(stores: Stores, source: str, configured: Sequence[str]) -> None:
    """Have a wanted source's feed begin anew; errors as of `start_source`, and Conflict when it is not wanted."""
    _require_collector(stores, source, configured)
    if not is_wanted(stores, source):
        raise Conflict(f"{source} is not wanted, so there is nothing to restart: start it")
    restart(stores, source)
    _begin_at_once(stores, source)


def refuse_simulated(client: Redis, source: str) -> None:
    """Conflict when quotes of a live source would come beside simulated ones."""
    if says_wanted(read_hash(client, keys.desired(SIMULATED))) or client.exists(keys.lease(SIMULATED)):
        raise Conflict(
            f"simulated quotes are collected here, and {source} never mixes with them: stop {SIMULATED} first "
            f"(`flask collectors --stop {SIMULATED}`), or use another STATE_DIR or REDIS_URL"
        )


def _refuse_real(stores: Stores) -> None:
    with stores.sessions() as session:
        refuse_real_data(session)
    for source in sorted(LIVE_SOURCES):
        if is_wanted(stores, source) or stores.redis.exists(keys.lease(source)):
            raise Conflict(f"{source} is collected here, and simulated quotes never mix with it: stop {source} first")


def _require_known(source: str) -> None:
    if source not in COLLECTED:
        raise NotFound(f"{source[:20]!r} is no source with a collector: known is {', '.join(COLLECTED)}")


def _require_collector(stores: Stores, source: str, configured: Sequence[str]) -> None:
    _require_known(source)
    if source not in configured and not stores.redis.exists(keys.agent(source)):
        raise Conflict(f"{source} cannot be collected here: {how_to_collect(source)}")


def _begin_at_once(stores: Stores, source: str) -> None:
    forgive(stores.redis, source)
    if stores.redis.exists(keys.agent(source)) or stores.redis.exists(keys.lease(source)):
        return
    try:
        stores.dispatch.start_collector(source)
    except Unavailable as error:  # The next tick asks again.
        log.warning("%s", error)

"""Starting, stopping and restarting a source by hand, and giving it back to the market hours."""

import logging
from collections.abc import Sequence

from app.bus import keys
from app.collectors.crashes import forgive
from app.errors import Conflict, NotFound, Unavailable
from app.operations.collector_states import how_to_collect
from app.operations.desk import desk_markets
from app.operations.mixing import refuse_mixing
from app.operations.supervising import is_collecting_time
from app.operations.wishes import is_wanted, restart, unwant, unwant_after_session, want
from app.quotes import COLLECTED
from app.stores import Stores

log = logging.getLogger(__name__)


def start_source(stores: Stores, source: str, configured: Sequence[str]) -> None:
    """Have a source collected from now on, whatever the hours, and at once also after a crash loop.

    NotFound when it has no collector. Conflict when nobody here can collect it, and when real quotes would come beside
    simulated ones: those never share a database.
    """
    _require_collector(stores, source, configured)
    refuse_mixing(stores, source)
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


def automate_source(stores: Stores, source: str, configured: Sequence[str], followers: Sequence[str]) -> None:
    """Take back what was said by hand: market hours decide again, else the source's own process, where one lives.

    `followers` are the sources that follow market hours here. Errors as of `start_source`, and Conflict when neither
    is there to decide.
    """
    _require_collector(stores, source, configured)
    if source not in followers and not stores.redis.exists(keys.agent(source)):
        raise Conflict(f"{source} does not follow market hours here: name it in SESSION_SOURCES, or start or stop it")
    if source in followers and not _is_time(stores):
        unwant_after_session(stores, source)
        return
    refuse_mixing(stores, source)
    want(stores, source, "hours" if source in followers else "process")
    _begin_at_once(stores, source)


def _is_time(stores: Stores) -> bool:
    with stores.sessions() as session:
        return is_collecting_time(desk_markets(stores, session), stores.clock.now())


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

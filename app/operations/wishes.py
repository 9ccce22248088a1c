"""Which sources are wanted: by market hours, by a person's hand, or by the process that collects one."""

import logging
from collections.abc import Callable, Mapping
from typing import Final, Literal

from redis import Redis
from sqlalchemy.orm import Session

from app.bus import keys
from app.bus.hashes import read_hash, write_hash
from app.instruments.catalogue import CATALOGUE
from app.instruments.store import watchlist
from app.stores import Stores

log = logging.getLogger(__name__)

SIMULATED: Final = "SIMULATED"
SEED: Final = 7
RATE_PER_S: Final = 100.0
By = Literal["hand", "hours", "process"]


def want(stores: Stores, source: str, by: By) -> None:
    """Have a source run, from the next tick of the control queue on; the simulation with the watched symbols."""
    options: dict[str, object] = {}
    if source == SIMULATED:
        with stores.sessions() as session:
            options = _options([name for name in watchlist(session) if name in CATALOGUE], SEED, RATE_PER_S)
    write_hash(stores.redis, keys.desired(source), {"wanted": "1", "by": by, **options})


def want_simulation(stores: Stores, symbols: list[str], seed: int, rate_per_s: float) -> None:
    """Have the simulated feed run by hand, with these symbols."""
    wish = {"wanted": "1", "by": "hand", **_options(symbols, seed, rate_per_s)}
    write_hash(stores.redis, keys.desired(SIMULATED), wish)


def want_in_session(stores: Stores, source: str) -> None:
    """Have a source that follows market hours run."""
    want(stores, source, "hours")


def unwant(stores: Stores, source: str) -> None:
    """Have a source's collector stop by itself within seconds, and stay so whatever the hours."""
    write_hash(stores.redis, keys.desired(source), {"wanted": "0", "by": "hand"})


def unwant_after_session(stores: Stores, source: str) -> None:
    """Have a source that follows market hours stop until the next session."""
    write_hash(stores.redis, keys.desired(source), {"wanted": "0", "by": "hours"})


def restart(stores: Stores, source: str) -> None:
    """Have a source's collector begin anew; it stays wanted."""
    write_hash(stores.redis, keys.desired(source), {"restart_ms": int(stores.clock.now().timestamp() * 1000)})


def wish_of(stores: Stores, source: str) -> tuple[bool, bool]:
    """Whether a source is wanted, and whether market hours do not change that.

    They do not where it was said by hand, or by the process that collects the source and lives.
    """
    told = read_hash(stores.redis, keys.desired(source))
    by_process = told.get("by") == "process" and bool(stores.redis.exists(keys.agent(source)))
    return says_wanted(told), told.get("by") == "hand" or by_process


def is_wanted(stores: Stores, source: str) -> bool:
    """Whether the source is to be collected."""
    return says_wanted(read_hash(stores.redis, keys.desired(source)))


def says_wanted(wish: Mapping[str, str]) -> bool:
    """Whether a wish, as it is kept in Redis, is that the source runs."""
    return wish.get("wanted") == "1"


def symbols_wanted(stores: Stores, session: Session, source: str) -> list[str]:
    """What a wanted source is to collect: the symbols that it was told, else the watchlist."""
    told = read_hash(stores.redis, keys.desired(source)).get("symbols")
    return told.split(",") if told else watchlist(session)


class StandingWish:
    """A source's wish, with its options, as it was when its collector began.

    `yields` tells that another one is to collect the source instead, such as a process of its own.
    """

    def __init__(self, client: Redis, source: str, yields: Callable[[], bool] = lambda: False) -> None:
        self._client, self._source, self._yields = client, source, yields
        self.options: Mapping[str, str] = read_hash(client, keys.desired(source))

    def holds(self) -> bool:
        """Whether the collector is to go on as it began. A server that was flushed is told the wish again."""
        told = read_hash(self._client, keys.desired(self._source))
        if told.get("restart_ms") != self.options.get("restart_ms") and told:
            return False
        if told or not self.options:  # Whoever does not want it any more says so: nothing at all was lost with a flush.
            return says_wanted(told) and not self._yields()
        log.warning("Redis has forgotten that %s is wanted, as after a flush: told it again", self._source)
        write_hash(self._client, keys.desired(self._source), self.options)
        return not self._yields()


def _options(symbols: list[str], seed: int, rate_per_s: float) -> dict[str, object]:
    return {"symbols": ",".join(symbols), "seed": seed, "rate_per_s": rate_per_s}

"""Which sources are wanted, and running the collector of one."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Event
from typing import Final

from redis import Redis
from sqlalchemy.orm import Session

from app.bus import keys
from app.bus.connection import without_retries
from app.bus.hashes import read_hash, write_hash
from app.bus.latest import read_latest
from app.collectors.excel.plan import ExcelPlan
from app.collectors.feeds import Feed, MakeFeed, NextSeq, SteppedFeed
from app.collectors.run import Assignment, run_collector
from app.collectors.schwab.plan import SchwabPlan
from app.collectors.simulator import LiveSimulation
from app.collectors.spool import Spool
from app.errors import Conflict, NotFound, Rejected
from app.instruments.catalogue import CATALOGUE
from app.instruments.store import watchlist
from app.quotes import COLLECTED, Quote, from_fields
from app.stores import Stores

log = logging.getLogger(__name__)

SIMULATED: Final = "SIMULATED"
SEED: Final = 7
RATE_PER_S: Final = 100.0
STEP_S: Final = 0.1
ANSWER_S: Final = 1.5  # For how long the feed waits for the bus, which has a spool to fall back on.


@dataclass(frozen=True)
class CollectorPlan:
    """Where collectors keep what the bus does not take, how many bytes each may, and when the stream counts as full.

    `excel` and `schwab` tell how those sources are reached; None where they are not set up here.
    """

    spool_dir: Path
    spool_max_bytes: int
    stream_cap: int
    excel: ExcelPlan | None = None
    schwab: SchwabPlan | None = None

    @property
    def sources(self) -> tuple[str, ...]:
        """The sources that can be collected here."""
        found = {"EXCEL": self.excel, "SCHWAB": self.schwab, SIMULATED: self}
        return tuple(source for source in COLLECTED if found[source] is not None)


def want_simulation(stores: Stores, symbols: list[str], seed: int, rate_per_s: float) -> None:
    """Have the simulated feed run, from the next tick of the control queue on."""
    write_hash(stores.redis, keys.desired(SIMULATED), {**_wish("hand"), **_options(symbols, seed, rate_per_s)})


def unwant(stores: Stores, source: str) -> None:
    """Have a source's collector stop by itself within seconds, and stay so whatever the hours."""
    write_hash(stores.redis, keys.desired(source), {"wanted": "0", "by": "hand"})


def want_in_session(stores: Stores, source: str) -> None:
    """Have a source that follows market hours run; the simulation with the watched symbols."""
    options: dict[str, object] = {}
    if source == SIMULATED:
        with stores.sessions() as session:
            options = _options([name for name in watchlist(session) if name in CATALOGUE], SEED, RATE_PER_S)
    write_hash(stores.redis, keys.desired(source), {**_wish("hours"), **options})


def unwant_after_session(stores: Stores, source: str) -> None:
    """Have a source that follows market hours stop until the next session."""
    write_hash(stores.redis, keys.desired(source), {"wanted": "0", "by": "hours"})


def restart(stores: Stores, source: str) -> None:
    """Have a source's collector stop by itself, so that another begins; it stays wanted."""
    write_hash(stores.redis, keys.desired(source), {"restart_ms": int(stores.clock.now().timestamp() * 1000)})


def wish_of(stores: Stores, source: str) -> tuple[bool, bool]:
    """Whether a source is wanted, and whether that was said by hand: then market hours do not change it."""
    told = read_hash(stores.redis, keys.desired(source))
    return _says_wanted(told), told.get("by") == "hand"


def is_wanted(stores: Stores, source: str) -> bool:
    """Whether the source is to be collected."""
    return _says_wanted(read_hash(stores.redis, keys.desired(source)))


def symbols_wanted(stores: Stores, session: Session, source: str) -> list[str]:
    """What a wanted source is to collect: the symbols that it was told, else the watchlist."""
    told = read_hash(stores.redis, keys.desired(source)).get("symbols")
    return told.split(",") if told else watchlist(session)


def collect(stores: Stores, source: str, stop: Event, plan: CollectorPlan) -> int:
    """Collect a source until it is unwanted or `stop` is set; Conflict when another process does already.

    A server that was flushed has forgotten what was wanted, and is told again. Returns how many quotes were published.
    """
    make = _feeds(stores, plan).get(source)
    if make is None:
        raise NotFound(f"{source[:20]!r} cannot be collected here: set up is {', '.join(plan.sources)}")
    with stores.connect_redis(socket_timeout_s=ANSWER_S) as client:
        wish = _Wish(client, source)
        if not wish.holds():
            return 0
        assignment = Assignment(
            source,
            STEP_S,
            wish.holds,
            make(wish.options),
            lambda: Spool(plan.spool_dir / f"{source}.db", source, plan.spool_max_bytes),
            stores.market,
            plan.stream_cap,
        )
        return run_collector(without_retries(client), assignment, stores.clock, stop)


def collect_unless_collected(stores: Stores, source: str, stop: Event, plan: CollectorPlan) -> int:
    """As `collect`; at once over while another process collects the source."""
    try:
        return collect(stores, source, stop, plan)
    except Conflict as held:
        log.info("%s", held)
        return 0


class _Wish:
    """That a source is wanted, with its options, as they were when its collector began."""

    def __init__(self, client: Redis, source: str) -> None:
        self._client, self._source = client, source
        self.options: Mapping[str, str] = read_hash(client, keys.desired(source))

    def holds(self) -> bool:
        told = read_hash(self._client, keys.desired(self._source))
        if told.get("restart_ms") != self.options.get("restart_ms") and told:
            return False
        if told or not self.options:  # Whoever does not want it any more says so: nothing at all was lost with a flush.
            return _says_wanted(told)
        log.warning("Redis has forgotten that %s is wanted, as after a flush: told it again", self._source)
        write_hash(self._client, keys.desired(self._source), self.options)
        return True


def _wish(by: str) -> dict[str, object]:
    return {"wanted": "1", "by": by}


def _options(symbols: list[str], seed: int, rate_per_s: float) -> dict[str, object]:
    return {"symbols": ",".join(symbols), "seed": seed, "rate_per_s": rate_per_s}


def _says_wanted(wish: Mapping[str, str]) -> bool:
    return wish.get("wanted") == "1"


def _feeds(stores: Stores, _plan: CollectorPlan) -> dict[str, Callable[[Mapping[str, str]], MakeFeed]]:
    return {SIMULATED: lambda options: _simulation(stores, options)}


def _simulation(stores: Stores, options: Mapping[str, str]) -> MakeFeed:
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


def _hours(stores: Stores, options: Mapping[str, str]) -> Callable[[str, datetime], bool]:
    # Wanted by hand, the feed runs whatever the hours.
    by_hand = options.get("by") != "hours"
    return lambda symbol, now: by_hand or stores.market_of(symbol).is_open(now)


def _own_latest(stores: Stores, symbols: list[str], now: datetime) -> dict[str, Quote]:
    found = {}
    for symbol, fields in read_latest(stores.redis, symbols).items():
        if fields.get("source") != SIMULATED:
            continue
        try:
            found[symbol] = from_fields(fields, now, stores.market.session_of)
        except Rejected:
            continue  # A latest quote that cannot be read is no start for prices.
    return found

"""Which sources are wanted, and running the collector of one."""

from collections.abc import Callable
from datetime import datetime
from threading import Event
from typing import Final

from app.bus import keys
from app.bus.hashes import read_hash, write_hash
from app.bus.latest import read_latest
from app.collectors.run import Assignment, FeedStep, run_collector
from app.collectors.simulator import LiveSimulation
from app.errors import NotFound, Rejected
from app.quotes import Quote, from_fields
from app.stores import Stores

SIMULATED: Final = "SIMULATED"
STEP_S: Final = 0.1


def want_simulation(stores: Stores, symbols: list[str], seed: int, rate_per_s: float) -> None:
    """Have the simulated feed run, from the next tick of the control queue on."""
    options = {"wanted": "1", "symbols": ",".join(symbols), "seed": seed, "rate_per_s": rate_per_s}
    write_hash(stores.redis, keys.desired(SIMULATED), options)


def unwant(stores: Stores, source: str) -> None:
    """Have a source's collector stop by itself within seconds."""
    write_hash(stores.redis, keys.desired(source), {"wanted": "0"})


def is_wanted(stores: Stores, source: str) -> bool:
    """Whether the source is to be collected."""
    return read_hash(stores.redis, keys.desired(source)).get("wanted") == "1"


def collect(stores: Stores, source: str, stop: Event, stream_cap: int) -> int:
    """Collect a source until it is unwanted or `stop` is set; Conflict when another process does already."""
    if source != SIMULATED:
        raise NotFound(f"there is no collector for {source[:20]!r}: known is {SIMULATED}")
    assignment = Assignment(source, STEP_S, lambda: is_wanted(stores, source), _simulation(stores), stream_cap)
    return run_collector(stores.redis, assignment, stores.clock, stop)


def _simulation(stores: Stores) -> Callable[[Callable[[], int]], FeedStep]:
    def make(next_seq: Callable[[], int]) -> FeedStep:
        options = read_hash(stores.redis, keys.desired(SIMULATED))
        symbols = options["symbols"].split(",")
        return LiveSimulation(
            symbols,
            int(options["seed"]),
            float(options["rate_per_s"]),
            next_seq,
            latest=_own_latest(stores, symbols, stores.clock.now()),
            where=stores.market,
        ).step

    return make


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

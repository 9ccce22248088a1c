"""Running the collector of a source for as long as it is wanted."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Final

from redis import Redis

from app.bus import keys
from app.bus.connection import without_retries
from app.collectors.excel.plan import ExcelPlan
from app.collectors.feeds import MakeFeed
from app.collectors.progress import Figures
from app.collectors.run import Assignment, run_collector
from app.collectors.schwab.plan import SchwabPlan
from app.collectors.spool import Spool
from app.errors import Conflict, NotFound
from app.operations.feeds import excel_feed, schwab_feed, simulated_feed
from app.operations.wishes import SIMULATED, StandingWish
from app.quotes import COLLECTED
from app.stores import Stores

log = logging.getLogger(__name__)

STEP_S: Final = 0.1
ANSWER_S: Final = 1.5  # For how long the feed waits for the bus, which has a spool to fall back on.

Maker = Callable[[Mapping[str, str]], MakeFeed]


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


@dataclass(frozen=True)
class Duty:
    """How a process takes a source on.

    `yields` tells that another one is to collect it instead; `tell` hears how it goes, every two seconds.
    """

    yields: Callable[[Redis], bool] = lambda _client: False
    tell: Callable[[Figures], None] = field(default=lambda _figures: None)


def collect(stores: Stores, source: str, stop: Event, plan: CollectorPlan, duty: Duty | None = None) -> int:
    """Collect a source until it is unwanted or `stop` is set; Conflict when another process does already.

    Whoever wishes a restart has the feed begin anew. A server that was flushed has forgotten what was wanted, and is
    told again. Returns how many quotes were published.
    """
    make, duty = maker_of(stores, source, plan), duty or Duty()
    published = 0
    with stores.connect_redis(socket_timeout_s=ANSWER_S) as client:
        without_retries(client)
        while not stop.is_set():
            wish = StandingWish(client, source, lambda: duty.yields(client))
            if not wish.holds():
                break
            assignment = Assignment(
                source,
                STEP_S,
                wish.holds,
                make(wish.options),
                lambda: Spool(plan.spool_dir / f"{source}.db", source, plan.spool_max_bytes),
                stores.market,
                plan.stream_cap,
                tell=duty.tell,
            )
            published += run_collector(client, assignment, stores.clock, stop)
    return published


def collect_for_workers(stores: Stores, source: str, stop: Event, plan: CollectorPlan) -> int:
    """As `collect`, but only while no process of the source's own lives; at once over while another collects it."""
    try:
        return collect(stores, source, stop, plan, Duty(yields=lambda client: bool(client.exists(keys.agent(source)))))
    except Conflict as held:
        log.info("%s", held)
        return 0


def maker_of(stores: Stores, source: str, plan: CollectorPlan) -> Maker:
    """What makes the source's feeds; NotFound, naming the sources that are set up, where it cannot be collected."""
    make = _feeds(stores, plan).get(source)
    if make is None:
        raise NotFound(f"{source[:20]!r} cannot be collected here: set up is {', '.join(plan.sources)}")
    return make


def _feeds(stores: Stores, plan: CollectorPlan) -> dict[str, Maker]:
    made: dict[str, Maker] = {SIMULATED: lambda options: simulated_feed(stores, options)}
    if excel := plan.excel:
        made["EXCEL"] = lambda _options: excel_feed(stores, excel)
    if schwab := plan.schwab:
        made["SCHWAB"] = lambda options: schwab_feed(stores, schwab, options)
    return made

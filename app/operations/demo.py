"""The demo: simulated sessions and a simulated live feed through the real pipeline, checked at every stop."""

import time
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from threading import Event
from typing import Final

from sqlalchemy import func, select

from app.bus import keys
from app.bus.groups import group_state
from app.bus.latest import read_latest
from app.bus.leases import acquire, release
from app.bus.stream import QuotePublisher
from app.collectors.simulator import session_quotes
from app.desk.models import SessionCertificate
from app.desk.snapshots import certificates_of
from app.errors import Unavailable
from app.instruments.hours import hours_on, last_day_over
from app.lake.models import LakeFile
from app.market.sessions import Session as MarketSession
from app.operations.exporting import exports_of
from app.operations.mixing import refuse_real
from app.operations.wishes import SIMULATED, unwant, want_simulation
from app.quotes import Quote, seq_of
from app.stores import Stores
from app.ticks.models import Tick

BATCH: Final = 500
STEP_S: Final = 0.2
DEADLINE_S: Final = 180.0
AGAIN_S: Final = 20.0
Say = Callable[[str], None]


@dataclass(frozen=True)
class DemoPlan:
    """What is simulated: symbols, how many past sessions, ticks per symbol and session, live quotes per second."""

    symbols: Sequence[str]
    sessions: int = 3
    ticks_per_symbol: int = 2000
    seed: int = 7
    rate_per_s: float = 100.0


@dataclass
class DemoDays:
    """The past sessions of the demo: the symbols that traded in each, and how many quotes of them were published."""

    published: dict[date, int] = field(default_factory=dict)
    traded: dict[date, list[str]] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """Quotes of all days."""
        return sum(self.published.values())


def run_demo(stores: Stores, plan: DemoPlan, say: Say, stop: Event) -> DemoDays:
    """Take the past sessions all the way into the lake, then have the live feed run; returns the days.

    Running it again adds nothing. Conflict when this database holds quotes of a real source, or one is collected here:
    simulated and real data never share one. Unavailable when a stop does not do its work in time.
    """
    refuse_real(stores)
    unwant(stores, SIMULATED)
    _wait(stop, "the simulated feed to stop", lambda: not stores.redis.exists(keys.lease(SIMULATED)))
    days = _publish_past(stores, plan, say)
    say(f"waiting until {days.total:,} quotes are stored")
    _wait(stop, "the ingestor to store the quotes", lambda: _stored(stores, days))
    say("closing the sessions: balancing, exporting ticks and bars to the lake, certifying")
    _ask_to_close(stores, days, ())
    _wait(
        stop,
        "the export worker to write the lake",
        lambda: _exported(stores, days),
        lambda: _ask_to_close(stores, days, days_certified(stores, days)),
    )
    want_simulation(stores, list(plan.symbols), plan.seed, plan.rate_per_s)
    stores.dispatch.start_collector(SIMULATED)
    _wait(stop, "the live simulated feed", lambda: _is_live(stores, plan))
    return days


def _ask_to_close(stores: Stores, days: DemoDays, closed: Container[tuple[str, date]]) -> None:
    for day, symbols in days.traded.items():
        for export in exports_of(stores, day, symbols):
            if (export.market, day) not in closed:
                stores.dispatch.close_session(export.market, day)


def _is_live(stores: Stores, plan: DemoPlan) -> bool:
    # The open of a session clears the quotes of the past ones, whenever it comes.
    quoted = read_latest(stores.redis, plan.symbols)
    return bool(stores.redis.exists(keys.lease(SIMULATED))) and len(quoted) == len(plan.symbols)


def _publish_past(stores: Stores, plan: DemoPlan, say: Say) -> DemoDays:
    days = DemoDays()
    lease = acquire(stores.redis, keys.lease(SIMULATED), keys.epoch(SIMULATED), ttl_s=DEADLINE_S)
    publisher = QuotePublisher(stores.redis, lease)
    try:
        for past, symbols in _sessions_without_live(stores, plan):
            days.traded[past.day] = symbols
            quotes = session_quotes(past, symbols, plan.seed, plan.ticks_per_symbol, stores.market)
            days.published[past.day] = sum(_publish(publisher, batch) for batch in _batches(quotes))
            say(f"session {past.day}: {days.published[past.day]:,} simulated quotes published")
    finally:
        release(stores.redis, lease)
    return days


def _sessions_without_live(stores: Stores, plan: DemoPlan) -> list[tuple[MarketSession, list[str]]]:
    now, count = stores.clock.now(), plan.sessions
    over = last_day_over(stores.markets, now)
    recent = [past for past in stores.market.last_completed(now, count + 10) if past.day <= over]
    # A day that has live simulated ticks already would get a second, different history.
    live = select(Tick.session_date).where(Tick.source == SIMULATED, Tick.seq >= seq_of(1, 0)).distinct()
    with stores.sessions() as session:
        taken = set(session.scalars(live))
    days = [(past, _symbols_on(stores, plan, past.day)) for past in recent if past.day not in taken]
    return [(past, symbols) for past, symbols in days if symbols][-count:]


def _symbols_on(stores: Stores, plan: DemoPlan, day: date) -> list[str]:
    return [symbol for symbol in plan.symbols if hours_on(stores.markets, symbol, day) is not None]


def _batches(quotes: Iterator[Quote]) -> Iterator[list[Quote]]:
    while batch := list(islice(quotes, BATCH)):
        yield batch


def _publish(publisher: QuotePublisher, batch: list[Quote]) -> int:
    publisher.publish(batch)
    return len(batch)


def _stored(stores: Stores, days: DemoDays) -> bool:
    return group_state(stores.redis).behind == 0 and stored_ticks(stores, days) == days.published


def stored_ticks(stores: Stores, days: DemoDays) -> dict[date, int]:
    """Simulated ticks in PostgreSQL for each of the demo's days."""
    wanted = Tick.session_date.in_(days.published)
    counts = select(Tick.session_date, func.count()).where(wanted, Tick.source == SIMULATED).group_by(Tick.session_date)
    with stores.sessions() as session:
        return dict(session.execute(counts).all())


def _exported(stores: Stores, days: DemoDays) -> bool:
    wanted = LakeFile.session_date.in_(days.published)
    kinds = select(LakeFile.kind, func.count(), func.sum(LakeFile.rows)).where(wanted).group_by(LakeFile.kind)
    with stores.sessions() as session:
        found = {kind: (files, rows) for kind, files, rows in session.execute(kinds)}
    files = sum(map(len, days.traded.values()))
    if found.get("ticks") != (files, days.total) or found.get("bars", (0, 0))[0] < 3 * files:
        return False
    return len(days_certified(stores, days)) == sum(
        len(exports_of(stores, day, symbols)) for day, symbols in days.traded.items()
    )


def days_certified(stores: Stores, days: DemoDays) -> dict[tuple[str, date], SessionCertificate]:
    """The certificates of the demo's sessions, by market and day."""
    with stores.sessions() as session:
        return certificates_of(session, list(days.published))


def _wait(stop: Event, what: str, ready: Callable[[], bool], again: Callable[[], None] = lambda: None) -> None:
    deadline, asked = time.monotonic() + DEADLINE_S, time.monotonic()
    while not ready():
        # Requests expire, and a slow machine does not come to the last of them before that.
        if time.monotonic() > asked + AGAIN_S:
            again()
            asked = time.monotonic()
        if stop.wait(STEP_S):
            raise Unavailable(f"stopped while waiting for {what}")
        if time.monotonic() > deadline:
            raise Unavailable(f"gave up waiting for {what} after {DEADLINE_S:.0f} s: see `flask status`")

"""A desk in one process: its ticks come as its clock goes on, its queues are worked at here, its ladder climbs."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from threading import Event
from typing import Any, Final

import numpy as np
from sqlalchemy import func, select

from app.bus.keys import epoch, lease
from app.bus.leases import acquire
from app.bus.stream import QuotePublisher
from app.ingest.run import Ingestor, IngestPlan
from app.jobs.models import AnalysisJob
from app.jobs.running import Analyse, run_job
from app.jobs.service import UNFINISHED
from app.jobs.watching import RunLimits
from app.market.sessions import Session
from app.operations.closing import close_unless_under_way
from app.operations.exporting import export_session
from app.operations.premarket.policy import PremarketPolicy
from app.operations.premarket.preparing import prepare_unless_under_way
from app.operations.reconciling import reconcile_unless_under_way
from app.operations.tick import market_tick
from app.operations.tick_steps import TickPolicy
from app.premarket.definition import Ladder, StageKey, climb_on
from app.premarket.rows import stage_named
from app.quotes import Quote, seq_of
from app.runtime import Runtime
from tests.desk_days import watch_only
from tests.fakes import FixedClock, RecordingDispatch
from tests.made_lakes import Ints

BATCH: Final = 500
MINUTE: Final = timedelta(minutes=1)
QUARTER: Final = Decimal("0.25")
MOST_TURNS: Final = 60
DESK_LADDERS: Final = (Ladder("CME_Futures"),)
# The first minutes of a session are on their way while its open is seen to.
SETTLED: Final = timedelta(minutes=15)


class SteppedClock(FixedClock):
    """A clock that stands until it is put to a later instant."""

    def go_to(self, instant: datetime) -> None:
        """Stand there from now on."""
        assert instant >= self._now
        self._now = instant


class QueueDispatch(RecordingDispatch):
    """Keeps what was sent until it is worked at."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: deque[tuple[object, ...]] = deque()


def minute_quotes(symbol: str, hours: Session, closes: Ints, seed: int) -> list[Quote]:
    """A trade in each minute of a session, at those prices in quarters of a point; numbers are given later."""
    dice = np.random.default_rng(seed)
    sizes = dice.integers(1, 20, len(closes))
    volumes, seconds = np.cumsum(sizes), dice.integers(0, 60_000, len(closes))
    found = []
    for place, (close, size, volume) in enumerate(zip(closes.tolist(), sizes.tolist(), volumes.tolist(), strict=True)):
        ts = hours.open + place * MINUTE + timedelta(milliseconds=int(seconds[place]))
        price = close * QUARTER
        known = {"contract": f"{symbol}Z25", "last": price, "bid": price - QUARTER, "ask": price, "trade": True}
        sizes_now = {"last_size": size, "bid_size": 5, "ask_size": 7, "volume": volume}
        found.append(Quote(symbol, "SIMULATED", 0, ts, ts, hours.day, **known, **sizes_now))
    return found


@dataclass
class SimulatedDesk:
    """Quotes of `made` sessions come in order of time; `work` does what beat and the workers would do at an instant.

    `made` gives the quotes of a session, each symbol's in order. `analyse` stands in for the engine where it is given.
    `stores` must have a SteppedClock and a QueueDispatch.
    """

    stores: Runtime
    symbols: Sequence[str]
    made: Callable[[Session], Sequence[Quote]]
    ladders: Sequence[Ladder] = DESK_LADDERS
    timeframe: str = "3months"
    analyse: Analyse | None = None
    limits: RunLimits = field(default_factory=lambda: RunLimits(time_s=300, memory_mb=8_192))
    _waiting: deque[Quote] = field(default_factory=deque)
    _known: date | None = None
    _number: int = 0

    def __post_init__(self) -> None:
        watch_only(self.stores, *self.symbols)
        client = self.stores.redis
        self._lease = acquire(client, lease("SIMULATED"), epoch("SIMULATED"), ttl_s=86_400)
        self._publisher = QuotePublisher(client, self._lease)

    @property
    def clock(self) -> SteppedClock:
        """The desk's clock."""
        clock = self.stores.clock
        assert isinstance(clock, SteppedClock)
        return clock

    @property
    def policy(self) -> TickPolicy:
        """What the ticks go by."""
        return TickPolicy(
            3, 900, premarket=PremarketPolicy(self.ladders, self.timeframe, ("SIMULATED",)), sources=("SIMULATED",)
        )

    def go_to(self, instant: datetime) -> None:
        """Let time pass: what is quoted before the instant is published and stored."""
        self.clock.go_to(instant)
        self._learn(instant)
        batch = []
        while self._waiting and self._waiting[0].ts < instant:
            self._number += 1
            batch.append(self._waiting.popleft()._replace(seq=seq_of(self._lease.token, self._number)))
        for start in range(0, len(batch), BATCH):
            self._publisher.publish(batch[start : start + BATCH])
        if batch:
            self._ingest()

    def work(self) -> None:
        """Tick and do what was asked of the workers until nothing of it is left."""
        for _ in range(MOST_TURNS):
            self.tick()
            if not self._drain() and not self._unfinished():
                return
        raise AssertionError(f"there is always something left to do at {self.clock.now()}")

    def tick(self) -> None:
        """One periodic tick."""
        market_tick(self.stores, self.policy)

    def flush(self) -> None:
        """Redis forgets everything, and the feed, which has lost its lease with that, is quiet from now on."""
        self.stores.redis.flushdb()
        self._waiting.clear()

    def climb(self, day: date, *, instants: Sequence[datetime] = ()) -> None:
        """Live through a session up to its open and a little more: work at every stage's time, or at those told."""
        climb = climb_on(self.ladders[0], self.stores.markets.named(self.ladders[0].market), day)
        assert climb is not None
        for instant in instants or [rung.planned_at for rung in climb.rungs]:
            self.go_to(instant)
            self.work()

    def close(self, hours: Session) -> None:
        """Live on to the end of a session, and have it closed."""
        self.go_to(hours.close)
        self.work()
        self.go_to(hours.close + SETTLED)
        self.work()

    def _learn(self, instant: datetime) -> None:
        market = self.stores.market
        last = market.session_of(instant)
        first = last if self._known is None else self._known + timedelta(days=1)
        for hours in market.sessions(first, max(first, last + timedelta(days=1))):
            quotes = sorted(self.made(hours), key=lambda one: one.ts)
            self._waiting.extend(quotes)
            self._known = hours.day

    def _ingest(self) -> None:
        stores = self.stores
        plan = IngestPlan("worker", 1_000)
        Ingestor(stores.raw_redis, stores.redis, stores.sessions, stores.market, stores.clock, plan).run(
            Event(), until_drained=True
        )

    def _drain(self) -> bool:
        """Work at the queues; whether there was anything of the ladder or of a close in them."""
        sent, found = self.stores.dispatch.sent, False
        while sent:
            found |= self._do(*sent.popleft())
        return found

    def _do(self, what: str, *words: Any) -> bool:
        match what:
            case "prepare_stage":
                market, day, stage = words
                prepare_unless_under_way(self.stores, self.policy.premarket, StageKey(market, day, stage_named(stage)))
            case "run_job":
                cache = self.stores.analysis_cache
                run_job(self.stores, words[0], self.limits, worker="desk", cache=cache, analyse=self.analyse)
            case "close_session":
                close_unless_under_way(self.stores, *words)
            case "export_session":
                export_session(self.stores, *words)
            case "reconcile":
                reconcile_unless_under_way(self.stores)
            case _:
                return False
        return what in ("prepare_stage", "run_job", "close_session", "export_session")

    def _unfinished(self) -> bool:
        # A message is not sent again before its time, and here no time passes.
        with self.stores.sessions() as session:
            waiting = list(session.scalars(select(AnalysisJob.id).where(AnalysisJob.status.in_(UNFINISHED))))
        for number in waiting:
            self._do("run_job", number)
        return bool(waiting)


def sessions_between(stores: Runtime, first: date, last: date) -> Iterator[Session]:
    """The sessions of the desk's market from a day to another, both included."""
    yield from stores.market.sessions(first, last + timedelta(days=1))


def by_session(
    paths: Mapping[str, Callable[[int], Ints]], sessions: Sequence[Session], seed: int
) -> Callable[[Session], list[Quote]]:
    """Quotes of sessions whose prices by the minute run on through all of them; `paths` make so many minutes."""
    lengths = [(one.close - one.open) // MINUTE for one in sessions]
    bounds = np.cumsum([0, *lengths])
    walks = {symbol: path(int(bounds[-1])) for symbol, path in paths.items()}
    places = {one.day: place for place, one in enumerate(sessions)}

    def made(hours: Session) -> list[Quote]:
        place = places.get(hours.day)
        if place is None:
            return []
        part = slice(int(bounds[place]), int(bounds[place + 1]))
        return [
            quote
            for number, (symbol, walk) in enumerate(walks.items())
            for quote in minute_quotes(symbol, hours, walk[part], seed * 1_000_003 + place * 31 + number)
        ]

    return made


def count_jobs(stores: Runtime) -> int:
    """How many analyses were ever asked for."""
    with stores.sessions() as session:
        return session.scalar(select(func.count()).select_from(AnalysisJob)) or 0

"""A desk of real processes on a clock that a trial puts forward: beat, workers, servers, and quotes as time passes."""

import json
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final

import numpy as np
from sqlalchemy import select

from app.bus import keys
from app.bus.groups import group_state
from app.bus.leases import acquire
from app.bus.stream import QuotePublisher
from app.market.market import Market
from app.market.sessions import Session
from app.premarket.definition import Climb, Ladder, climb_on
from app.premarket.models import PremarketReport, PremarketStage
from app.premarket.rows import ENDED, stages_of
from app.quotes import Quote, seq_of
from tests.desk_days import watch_only
from tests.faults.harness.processes import Victim, victim
from tests.faults.harness.world import World
from tests.made_lakes import Ints, minute_ticks, put
from tests.simulated_desk import BATCH, MINUTE, by_session
from tests.waiting import until

MARKET: Final = "CME_Futures"
DEADLINE_S: Final = 240.0
TICK_S: Final = 1.0
SOURCE: Final = "SIMULATED"
_CELERY: Final = [sys.executable, "-m", "celery", "--quiet", "-A", "tests.faults.harness.fast_worker"]
_POOLS: Final = {
    "control": ("-P", "threads", "-c", "2"),
    "ingest": ("-P", "threads", "-c", "4"),
    "export": ("-P", "prefork", "-c", "1"),
    "analysis": ("-P", "prefork", "-c", "1"),
}
BEFORE: Final = timedelta(seconds=1)


@dataclass
class Desk:
    """Processes of a world, its clock, and the quotes that are still to come.

    The clock runs as usual between two calls of `go_to`.
    """

    world: World
    workers: dict[str, Victim]
    beat: Victim
    market: Market
    made: Callable[[Session], Sequence[Quote]]
    publisher: QuotePublisher
    token: int
    _waiting: deque[Quote] = field(default_factory=deque)
    _known: date | None = None
    _number: int = 0

    def go_to(self, instant: datetime) -> None:
        """Put the clock a second before an instant; what is quoted before that comes into the stream."""
        self._learn(instant)
        self._publish(instant - BEFORE)
        set_clock(self.world, instant - BEFORE)

    def until(self, condition: Callable[[], object], deadline_s: float = DEADLINE_S) -> None:
        """Wait for something; all processes must be alive meanwhile."""
        until(
            lambda: all(one.check() for one in (*self.workers.values(), self.beat) if one.pid) and condition(),
            deadline_s,
        )

    def stages(self, day: date) -> dict[str, PremarketStage]:
        """The stages of a day by their names."""
        with self.world.sessions() as session:
            return {row.stage: row for row in stages_of(session, MARKET, day)}

    def has_ended(self, day: date, stage: str) -> bool:
        """Whether a stage of a day has ended."""
        row = self.stages(day).get(stage)
        return row is not None and row.status in ENDED

    def report(self, day: date) -> PremarketReport | None:
        """What a day's ladder came to."""
        with self.world.sessions() as session:
            return session.scalar(select(PremarketReport).filter_by(market=MARKET, session_date=day))

    def climb(self, day: date) -> Climb | None:
        """The ladder of a day by the calendar."""
        return climb_on(Ladder(MARKET), self.market, day)

    def _learn(self, instant: datetime) -> None:
        last = self.market.session_of(instant)
        first = last if self._known is None else self._known + timedelta(days=1)
        for hours in self.market.sessions(first, max(first, last + timedelta(days=1))):
            self._waiting.extend(sorted(self.made(hours), key=lambda one: one.ts))
            self._known = hours.day

    def _publish(self, until_ts: datetime) -> None:
        batch = []
        while self._waiting and self._waiting[0].ts < until_ts:
            self._number += 1
            batch.append(self._waiting.popleft()._replace(seq=seq_of(self.token, self._number)))
        if not batch:
            return
        # An event from the future would be refused.
        set_clock(self.world, until_ts)
        for start in range(0, len(batch), BATCH):
            self.publisher.publish(batch[start : start + BATCH])
        self.until(lambda: group_state(self.world.stores.redis).behind == 0)


def set_clock(world: World, instant: datetime) -> None:
    """Have all processes of a world take this moment for an instant, from which their time goes on as usual."""
    path = world.directory / "state" / "clock.json"
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps([(time.time(), instant.timestamp(), 1.0)]))
    draft.replace(path)


@contextmanager
def desk(
    world: World, sessions: Sequence[Session], paths: dict[str, Callable[[int], Ints]], history: int, market: Market
) -> Iterator[Desk]:
    """A running desk whose clock stands before the first session that is not history; history lies in the lake.

    `paths` make prices by the minute of each symbol through all of the sessions.
    """
    state = world.directory / "state"
    state.mkdir(exist_ok=True)
    (state / "tick.json").write_text(json.dumps(TICK_S))
    watch_only(world.stores, *paths)
    minutes = sum((one.close - one.open) // MINUTE for one in sessions)
    walks = {symbol: path(minutes) for symbol, path in paths.items()}
    _write_history(world, sessions[:history], walks)
    set_clock(world, sessions[history].open - timedelta(minutes=5))
    lease = acquire(world.stores.redis, keys.lease(SOURCE), keys.epoch(SOURCE), ttl_s=86_400)
    made = by_session({symbol: lambda _n, walk=walk: walk for symbol, walk in walks.items()}, sessions, 1)
    with ExitStack() as running:
        workers = {
            name: running.enter_context(victim(world, worker_command(name), name, source_preference=SOURCE))
            for name in _POOLS
        }
        beat = running.enter_context(victim(world, beat_command(world), "beat"))
        for one in (*workers.values(), beat):
            one.start()
        pulses = [keys.pulse(name) for name in _POOLS]
        found = Desk(world, workers, beat, market, made, QuotePublisher(world.stores.redis, lease), lease.token)
        found.until(lambda: world.stores.redis.exists(*pulses) == len(pulses))
        yield found


def worker_command(queue: str) -> list[str]:
    """The command line of a queue's worker, as `flask up` has it, on the trial's clock."""
    return [*_CELERY, "worker", "-Q", queue, "-I", f"workers.{queue}", "-n", f"{queue}@%h", *_POOLS[queue]]


def beat_command(world: World) -> list[str]:
    """The command line of beat, as `flask up` has it."""
    return [*_CELERY, "beat", "--loglevel", "INFO", "--schedule", str(world.directory / "schedule"), "--pidfile="]


def _write_history(world: World, sessions: Sequence[Session], walks: dict[str, Ints]) -> None:
    bounds = np.cumsum([0, *((one.close - one.open) // MINUTE for one in sessions)])
    for symbol, walk in walks.items():
        dice = np.random.default_rng(1)
        for place, one in enumerate(sessions):
            part = walk[int(bounds[place]) : int(bounds[place + 1])]
            put(world.stores.lake.ticks_file(one.day, symbol), minute_ticks(one, part, dice, symbol))

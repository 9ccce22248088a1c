"""Fixtures of an ingestor at work, for the tests that import them in their conftest."""

import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from threading import Event

import pytest
from redis import Redis
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from app.bus.keys import STREAM, epoch, ingest_health, lease
from app.bus.leases import acquire
from app.bus.stream import QuotePublisher
from app.ingest.run import Ingestor, IngestPlan, IngestTotals
from app.runtime import Runtime
from tests.waiting import until


@dataclass
class Running:
    """An ingestor in a thread."""

    stop: Event
    done: "Future[IngestTotals]"
    failure_is_known: bool = False

    def end(self, within_s: float = 10) -> IngestTotals:
        """Have it stop; its totals."""
        self.stop.set()
        return self.done.result(within_s)

    def failure(self, within_s: float = 10) -> BaseException | None:
        """Why it ended by itself."""
        self.failure_is_known = True
        return self.done.exception(within_s)


Run = Callable[..., contextlib.AbstractContextManager[Running]]


@pytest.fixture
def publisher(bus: Redis) -> QuotePublisher:
    """Publishes REPLAY quotes under a lease."""
    return QuotePublisher(bus, acquire(bus, lease("REPLAY"), epoch("REPLAY"), ttl_s=600))


@pytest.fixture
def add(bus: Redis) -> Callable[[list[bytes]], bytes]:
    """Puts any words into the stream, as a broken producer would."""
    return lambda words: bus.execute_command("XADD", STREAM, "*", *words)


@pytest.fixture
def ingestor(rt: Runtime) -> Callable[..., Ingestor]:
    """Makes ingestors, on the application's stores unless others are given."""

    def make(
        consumer: str = "one",
        *,
        sessions: sessionmaker[Session] | None = None,
        raw: Redis | None = None,
        client: Redis | None = None,
        **plan: float,
    ) -> Ingestor:
        stores = (raw or rt.raw_redis, client or rt.redis, sessions or rt.sessions)
        return Ingestor(*stores, rt.market, rt.clock, IngestPlan(consumer, **plan))

    return make


@pytest.fixture
def drain(ingestor: Callable[..., Ingestor]) -> Callable[..., IngestTotals]:
    """Ingests until nothing is left."""
    return lambda consumer="one", **options: ingestor(consumer, **options).run(Event(), until_drained=True)


@pytest.fixture
def running(bus: Redis, ingestor: Callable[..., Ingestor]) -> Run:
    """An ingestor in a thread for the length of a block."""

    @contextlib.contextmanager
    def run(consumer: str = "one", **options: object) -> Iterator[Running]:
        made, stop, client = ingestor(consumer, **options), Event(), options.get("client", bus)
        with ThreadPoolExecutor(1) as pool:
            one = Running(stop, pool.submit(made.run, stop))
            try:
                until(lambda: one.done.done() or client.exists(ingest_health(consumer)))
                yield one
            finally:
                stop.set()
                if not one.failure_is_known:
                    one.done.result(15)

    return run


@pytest.fixture
def stored(sessions: sessionmaker[Session]) -> Callable[[], list[int]]:
    """The numbers of all stored ticks, in order."""

    def read() -> list[int]:
        with sessions() as session:
            return list(session.scalars(text("SELECT seq FROM ticks ORDER BY seq")))

    return read


@pytest.fixture
def until_stored(stored: Callable[[], list[int]]) -> Callable[[int], None]:
    """Waits until so many ticks are stored."""
    return lambda count: until(lambda: len(stored()) >= count)

"""Ingest: from the stream into the tick table, against a raw COPY of the same rows into the same table."""

import contextlib
import multiprocessing
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import Any

from redis import Redis
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session, sessionmaker

from app.bus import groups, keys
from app.bus.connection import connect
from app.bus.groups import Entry
from app.bus.leases import acquire
from app.bus.stream import QuotePublisher
from app.clock import SystemClock
from app.ingest import storing
from app.ingest.rows import RowMaker
from app.ingest.run import Ingestor, IngestPlan
from app.market.markets import market
from app.models import TABLES
from app.quotes import Quote, to_fields
from app.ticks.partition_functions import install_partition_functions
from app.ticks.partitions import ensure_partitions
from app.ticks.store import append_ticks
from benchmarks.measure import Measure, compare, peak_of
from benchmarks.quotes import DAY, make_quotes
from tests.servers import start_test_servers

QUOTES = 200_000
BATCH = 500
AIM, AIM_OF_TWO, AIM_OF_ACCOUNTS = 0.40, 0.50, 0.95
RAW_COPY = "raw COPY of the same rows into the same table"
CONSUMERS = ("bench", "bench-2")


def bench_ingest(database_url: str, redis_url: str) -> list[Measure]:
    """The ingest loop over a filled stream, in one process and in two, against one COPY of its rows into that table.

    The last measure is the loop with its accounts (batches committed, entries trimmed unread) against itself without.
    """
    sessions, client = prepared(database_url), connect(redis_url)
    quotes = make_quotes(QUOTES)
    rows = _rows(quotes)
    fill(client, quotes)

    def empty() -> None:
        with sessions.begin() as session:
            session.execute(text("TRUNCATE ticks, ingest_batches"))
        client.delete(*map(keys.ingest_lease, CONSUMERS))
        _unread(client)

    def copy() -> None:
        with sessions.begin() as session:
            append_ticks(session, rows)

    def measure(name: str, ours: Callable[[], object], aim: float, limit: Callable[[], object], of: str) -> Measure:
        peak = peak_of(_ingest_alone, database_url, redis_url) if name == "ingest" else None
        return compare(name, QUOTES, ours, limit, aim=aim, limit_name=of, between=empty, peak_rss_mb=peak)

    def one() -> None:
        _ingest(sessions, redis_url)

    empty()
    with _pair(database_url, redis_url) as two:
        return [
            measure("ingest", one, AIM, copy, RAW_COPY),
            measure("ingest by two", two, AIM_OF_TWO, copy, RAW_COPY),
            measure("ingest accounts", one, AIM_OF_ACCOUNTS, _without_accounts(one), "the same without its accounts"),
        ]


def prepared(database_url: str) -> sessionmaker[Session]:
    """Sessions of a database that has the tables, and the partition of the quotes."""
    engine = create_engine(database_url)
    TABLES[0].metadata.create_all(engine)
    sessions = sessionmaker(engine)
    with sessions.begin() as session:
        install_partition_functions(session.connection())
        ensure_partitions(session, [DAY])
    return sessions


def _rows(quotes: list[Quote]) -> list[bytes]:
    entries: list[Entry] = [(b"0-1", [word.encode() for word in to_fields(quote)]) for quote in quotes]
    return RowMaker(market()).rows(entries, SystemClock().now()).lines


def fill(client: Redis, quotes: list[Quote]) -> None:
    """Publish the quotes."""
    publisher = QuotePublisher(client, acquire(client, keys.lease("REPLAY"), keys.epoch("REPLAY"), ttl_s=600))
    for start in range(0, len(quotes), BATCH):
        publisher.publish(quotes[start : start + BATCH])


def _unread(client: Redis) -> None:
    client.set(keys.GENERATION, "bench")
    client.xgroup_destroy(keys.STREAM, keys.INGEST_GROUP)
    client.xgroup_create(keys.STREAM, keys.INGEST_GROUP, id="0", entries_read=0)


def _ingest(sessions: sessionmaker[Session], redis_url: str) -> None:
    assert (written := drain(sessions, redis_url, CONSUMERS[0])) == QUOTES, written


def drain(sessions: sessionmaker[Session], redis_url: str, consumer: str) -> int:
    """Store what the stream has; how many ticks that were."""
    with connect(redis_url, text=False) as raw, connect(redis_url) as client:
        ingestor = Ingestor(raw, client, sessions, market(), SystemClock(), IngestPlan(consumer, 1000))
        return ingestor.run(Event(), until_drained=True).written


def _ingest_alone(database_url: str, redis_url: str) -> None:
    _ingest(sessionmaker(create_engine(database_url)), redis_url)


@contextlib.contextmanager
def _pair(database_url: str, redis_url: str) -> Iterator[Callable[[], None]]:
    """Two processes that are ready to ingest; gives a call that has them do it together."""
    context = multiprocessing.get_context("spawn")
    pipes, processes = [], []
    for consumer in CONSUMERS:
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(theirs, database_url, redis_url, consumer), daemon=True)
        process.start()
        theirs.close()
        pipes.append(ours)
        processes.append(process)
        assert ours.recv() == "ready"

    def together() -> None:
        for pipe in pipes:
            pipe.send("go")
        assert (written := sum(pipe.recv() for pipe in pipes)) == QUOTES, written

    yield together
    for pipe, process in zip(pipes, processes, strict=True):
        pipe.send("end")
        process.join(10)


def _serve(pipe: Any, database_url: str, redis_url: str, consumer: str) -> None:
    sessions = sessionmaker(create_engine(database_url))
    market().session_of(SystemClock().now())
    pipe.send("ready")
    while pipe.recv() == "go":
        pipe.send(drain(sessions, redis_url, consumer))


def _without_accounts(run: Callable[[], None]) -> Callable[[], None]:
    nothing: Any = lambda *_arguments: None  # noqa: E731

    def unaccounted() -> None:
        parts: list[tuple[Any, str, Any]] = [
            (storing, "book", nothing),
            (groups, "notice_command", lambda _group: ("EXISTS", keys.LOSSES)),
        ]
        had = [getattr(module, name) for module, name, _replaced in parts]
        for module, name, replaced in parts:
            setattr(module, name, replaced)
        try:
            run()
        finally:
            for (module, name, _replaced), was in zip(parts, had, strict=True):
                setattr(module, name, was)

    return unaccounted


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        servers = start_test_servers(Path(folder))
        print(*bench_ingest(servers.database_url, servers.redis_url), sep="\n")
        servers.end()

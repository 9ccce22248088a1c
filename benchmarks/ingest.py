"""Ingest: from the stream into the tick table, against a raw COPY of the same rows into the same table."""

import tempfile
from pathlib import Path
from threading import Event

from redis import Redis
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session, sessionmaker

from app.bus import keys
from app.bus.connection import connect
from app.bus.groups import Entry
from app.bus.leases import acquire
from app.bus.stream import QuotePublisher
from app.clock import SystemClock
from app.ingest.rows import RowMaker
from app.ingest.run import Ingestor, IngestPlan
from app.market.market import market
from app.models import TABLES
from app.quotes import Quote, to_fields
from app.ticks.partitions import ensure_partitions
from app.ticks.store import append_ticks
from benchmarks.measure import Measure, compare, peak_of
from benchmarks.quotes import DAY, make_quotes
from tests.servers import start_test_servers

QUOTES = 200_000
BATCH = 500
AIM = 0.30


def bench_ingest(database_url: str, redis_url: str) -> Measure:
    """The ingest loop over a filled stream, against one COPY of its rows; both into the indexed, partitioned table."""
    sessions, client = _prepared(database_url), connect(redis_url)
    quotes = make_quotes(QUOTES)
    rows = _rows(quotes)
    _fill(client, quotes)

    def empty() -> None:
        with sessions.begin() as session:
            session.execute(text("TRUNCATE ticks"))
        if client.exists(keys.STREAM):
            client.delete(keys.ingest_lease("bench"))
            _unread(client)

    def copy() -> None:
        with sessions.begin() as session:
            append_ticks(session, rows)

    return compare(
        "ingest",
        QUOTES,
        lambda: _ingest(sessions, redis_url),
        copy,
        aim=AIM,
        limit_name="raw COPY of the same rows into the same table",
        between=empty,
        peak_rss_mb=_peak(empty, database_url, redis_url),
    )


def _peak(empty: "object", database_url: str, redis_url: str) -> float:
    assert callable(empty)
    empty()
    return peak_of(_ingest_alone, database_url, redis_url)


def _prepared(database_url: str) -> sessionmaker[Session]:
    engine = create_engine(database_url)
    TABLES[0].metadata.create_all(engine)
    sessions = sessionmaker(engine)
    with sessions.begin() as session:
        ensure_partitions(session, [DAY])
    return sessions


def _rows(quotes: list[Quote]) -> list[bytes]:
    entries: list[Entry] = [(b"0-1", [word.encode() for word in to_fields(quote)]) for quote in quotes]
    return RowMaker(market()).rows(entries, SystemClock().now()).lines


def _fill(client: Redis, quotes: list[Quote]) -> None:
    publisher = QuotePublisher(client, acquire(client, keys.lease("REPLAY"), keys.epoch("REPLAY"), ttl_s=600))
    for start in range(0, len(quotes), BATCH):
        publisher.publish(quotes[start : start + BATCH])


def _unread(client: Redis) -> None:
    client.xgroup_destroy(keys.STREAM, keys.INGEST_GROUP)
    client.xgroup_create(keys.STREAM, keys.INGEST_GROUP, id="0")


def _ingest(sessions: sessionmaker[Session], redis_url: str) -> None:
    raw, client = connect(redis_url, text=False), connect(redis_url)
    plan = IngestPlan("bench", 1000)
    totals = Ingestor(raw, client, sessions, market(), SystemClock(), plan).run(Event(), until_drained=True)
    assert totals.written == QUOTES, totals


def _ingest_alone(database_url: str, redis_url: str) -> None:
    _ingest(sessionmaker(create_engine(database_url)), redis_url)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        servers = start_test_servers(Path(folder))
        print(bench_ingest(servers.database_url, servers.redis_url))
        servers.stop()

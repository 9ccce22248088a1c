"""Trading days where history must find them: in the database, in the lake, or moved from one to the other."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from app.lake.facts import FileFacts
from app.lake.layout import BARS, TICKS, Lake
from app.lake.manifest import mark_purged, record_file
from app.quotes import Quote
from app.ticks.partitions import drop_partition, existing_partitions
from tests.ticks import LATER, write_ticks

_WAITING = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%pg_try_advisory_lock(%'
AND pid <> pg_backend_pid() AND pid NOT IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted)
"""


def export_quotes(
    sessions: sessionmaker[Session], lake: Lake, quotes: Sequence[Quote], taken_at: datetime = LATER
) -> FileFacts:
    """Publish one symbol's quotes of a trading day as its tick file, and record it."""
    day, symbol = quotes[0].session_date, quotes[0].symbol
    facts = write_ticks(lake, quotes, taken_at, day)
    with sessions.begin() as session:
        record_file(session, TICKS, day, symbol, lake.relative(lake.ticks_file(day, symbol)), facts, taken_at)
    return facts


def record_bars(
    sessions: sessionmaker[Session],
    lake: Lake,
    day: date,
    facts: FileFacts,
    timeframe: str = "1m",
    symbol: str = "ES",
    written_at: datetime = LATER,
) -> None:
    """Record a bar file that is in its place."""
    path = lake.relative(lake.bars_file(day, symbol, timeframe))
    with sessions.begin() as session:
        record_file(session, BARS, day, symbol, path, facts, written_at, timeframe)


def waiting_writers(sessions: sessionmaker[Session]) -> int:
    """How many wait for the right to write files, and hold it for none yet."""
    with sessions() as session:
        return session.scalar(text(_WAITING)) or 0


def purge(sessions: sessionmaker[Session], day: date, *symbols: str) -> None:
    """Drop a trading day's partition and mark the files of the symbols as the place of its ticks, at once."""
    with sessions.begin() as session:
        mark_purged(session, day, symbols or ["ES"], LATER)
        if day in existing_partitions(session):
            drop_partition(session, day)

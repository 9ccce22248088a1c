"""Export: a trading day from PostgreSQL to Parquet, against COPY … TO STDOUT of the same rows into nothing."""

import tempfile
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session, sessionmaker

from app.export.plan import ExportOptions
from app.export.ticks import export_day
from app.lake.layout import Lake
from app.models import TABLES
from app.ticks.partition_functions import install_partition_functions
from app.ticks.partitions import ensure_partitions
from benchmarks.measure import Measure, compare, peak_of
from benchmarks.quotes import DAY
from tests.servers import start_test_servers

TICKS = {"ES": 400_000, "NQ": 100_000}
AIM = 0.70
LATER = datetime(2025, 10, 10, 12, tzinfo=UTC)
# A book that walks, with sizes, the session's volume and a trade in every third event; times in one session.
FILL = """
INSERT INTO ticks (symbol, source, seq, ts, recv_ts, session_date, contract, ts_origin, last, bid, ask, open, high,
    low, close, change, last_size, bid_size, ask_size, volume, trade, delayed)
SELECT :symbol, 'SIMULATED', i + 30064771072, moment, moment + (i * 37 % 5000) * interval '1 microsecond', :day,
    :symbol || 'Z25', 'exchange', price, price - 0.25, price, 6725, 6790.5, 6701.25, 6719.75, price - 6719.75,
    CASE WHEN i % 3 = 0 THEN 1 + i * 7 % 19 END, 1 + i * 11 % 60, 1 + i * 13 % 60, i * 4, i % 3 = 0, false
FROM (
    SELECT i, timestamptz '2025-10-08 22:00+00' + i * interval '165 ms' + (i * 7919 % 100000) * interval '1 microsecond'
        AS moment, 6725 + round(120 * sin(i / 20000.0)::numeric + 8 * sin(i / 300.0)::numeric) * 0.25 AS price
    FROM generate_series(CAST(1 AS bigint), :count) AS i
) AS walk
"""
BARE = "COPY (SELECT * FROM ticks WHERE session_date = '{}' AND symbol = '{}' ORDER BY ts, seq, source) TO STDOUT"


def bench_export(database_url: str, folder: Path) -> list[Measure]:
    """The export of a day of two symbols, against the bare COPY of both in the same order."""
    sessions, lake = _filled(database_url), Lake(folder / "export")
    return [
        compare(
            "export",
            sum(TICKS.values()),
            lambda: _export(sessions, lake),
            lambda: _copy(sessions),
            aim=AIM,
            limit_name="COPY (SELECT … ORDER BY ts, seq) TO STDOUT",
            peak_rss_mb=peak_of(_export_alone, database_url, str(folder / "alone")),
        )
    ]


def _filled(database_url: str) -> sessionmaker[Session]:
    engine = create_engine(database_url)
    TABLES[0].metadata.create_all(engine)
    sessions = sessionmaker(engine, expire_on_commit=False)
    with sessions.begin() as session:
        install_partition_functions(session.connection())
        ensure_partitions(session, [DAY])
        for symbol, count in TICKS.items():
            session.execute(text(FILL), {"symbol": symbol, "count": count, "day": DAY})
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE ticks"))
    return sessions


def _export(sessions: sessionmaker[Session], lake: Lake) -> None:
    done = export_day(sessions, lake, DAY, LATER, ExportOptions(overwrite=True))
    assert done.counts()["ticks"] == sum(TICKS.values()), done


def _export_alone(database_url: str, root: str) -> None:
    import app.factory  # noqa: F401  (What a real process has loaded as well.)

    _export(sessionmaker(create_engine(database_url), expire_on_commit=False), Lake(Path(root)))


def _copy(sessions: sessionmaker[Session]) -> None:
    with sessions() as session, Path("/dev/null").open("wb", buffering=1 << 20) as nothing:
        cursor = session.connection().connection.cursor()
        for symbol in TICKS:
            cursor.copy_expert(BARE.format(DAY, symbol), nothing)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        servers = start_test_servers(Path(name) / "servers")
        print(*bench_export(servers.database_url, Path(name)), sep="\n")
        servers.stop()

"""How long a quote takes from its publisher into PostgreSQL, and to the clients of the event stream, at a steady rate.

    python -m benchmarks.latency [--rate 2000] [--clients 200] [--seconds 20]

Servers, web process and ingestor are processes as `flask up` runs them, with PostgreSQL as durable as in production.
"Committed" is the time in the transaction's commit record; the flush of the record, which follows, is shown beside it.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine, create_engine, text

from benchmarks.processes import rig
from benchmarks.stream_clients import Listeners

COMMITTED_P99_MS, CLIENT_P99_MS = 250.0, 100.0
NOTED = 20
WARM_UP_S = 3.0
SETTLE_S = 1.0
STORED = """
SELECT percentile_disc(ARRAY[0.5, 0.99, 1]) WITHIN GROUP (ORDER BY
    extract(epoch FROM pg_xact_commit_timestamp(xmin) - recv_ts) * 1000)::float[] AS ms, count(*)
FROM ticks WHERE recv_ts > (SELECT min(recv_ts) + :warm_up * interval '1 second' FROM ticks)
"""
FLUSH = """
SELECT coalesce(sum(fsync_time) / nullif(sum(fsyncs), 0), 0) FROM pg_stat_io WHERE object = 'wal'
"""


@dataclass(frozen=True)
class Latency:
    """Milliseconds from publish to there, over so many observations; `limit_ms` is that of the 99th percentile."""

    name: str
    p50_ms: float
    p99_ms: float
    greatest_ms: float
    observed: int
    limit_ms: float

    @property
    def passed(self) -> bool:
        """Whether the 99th percentile is within its limit."""
        return self.observed > 0 and self.p99_ms <= self.limit_ms


@dataclass(frozen=True)
class LatencyRun:
    """What one run showed; `remarks` say what it cost, `wrong` what must not be."""

    latencies: Sequence[Latency]
    remarks: Sequence[str]
    wrong: Sequence[str]

    @property
    def passed(self) -> bool:
        """Whether every limit was kept and nothing was lost."""
        return not self.wrong and all(latency.passed for latency in self.latencies)

    def faults(self) -> list[str]:
        """A line for each thing that must not be."""
        return [f"WRONG: {line}" for line in self.wrong]


def measure_latency(folder: Path, rate: int = 2000, clients: int = 200, seconds: float = 20.0) -> LatencyRun:
    """Run the pipeline at that rate in processes of its own, whose data lie in the folder."""
    took_s = WARM_UP_S + seconds
    settings = {"track_commit_timestamp": "on", "track_wal_io_timing": "on"}
    with rig(folder, **settings) as made, made.web() as web, made.ingestor() as ingestor:
        processes = {"web": web.worker(), "ingestor": ingestor}
        with Listeners(web.url, clients, NOTED, WARM_UP_S) as listeners:
            before = {name: _cpu_s(process) for name, process in processes.items()}
            published = made.feed(rate, took_s)
            time.sleep(SETTLE_S)
            cores = {name: (_cpu_s(process) - before[name]) / took_s for name, process in processes.items()}
            seen = listeners.end()
        engine = create_engine(made.database_url)
        committed, flush_ms = _committed(engine), _flush_ms(engine)
        engine.dispose()
    used = ", ".join(f"{name} {share:.2f}" for name, share in (cores | {"clients": seen.cpu_s / took_s}).items())
    remarks = [
        f"{published:,} published, {min(seen.quotes):,} to {max(seen.quotes):,} delivered to each of {clients} clients",
        f"cores used: {used}; load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores",
        f"a flush of PostgreSQL's log takes {flush_ms:.2f} ms",
    ]
    wrong = [f"clients were {seen.conflated} times too slow"] if seen.conflated else []
    wrong += ["clients lack quotes"] if min(seen.quotes) < published and not seen.conflated else []
    delivered = measure_of("publish to SSE client", seen.latencies, CLIENT_P99_MS)
    return LatencyRun([committed, delivered], remarks, wrong)


def _committed(engine: Engine) -> Latency:
    with engine.connect() as connection:
        (p50, p99, greatest), count = connection.execute(text(STORED), {"warm_up": WARM_UP_S}).one()
    return Latency("publish to committed in PostgreSQL", p50, p99, greatest, count, COMMITTED_P99_MS)


def _flush_ms(engine: Engine) -> float:
    with engine.connect() as connection:
        return float(connection.scalar(text(FLUSH)) or 0)


def measure_of(name: str, latencies: Sequence[tuple[float, int]], limit_ms: float) -> Latency:
    """The percentiles of latencies, given as (milliseconds, how often) from the least to the greatest."""
    total = sum(count for _, count in latencies)
    marks = dict.fromkeys((0.5, 0.99, 1.0), 0.0)
    for share in marks:
        seen = 0
        for latency_ms, count in latencies:
            seen += count
            marks[share] = latency_ms
            if seen >= share * total:
                break
    return Latency(name, *marks.values(), total, limit_ms)


def _cpu_s(process: psutil.Process) -> float:
    used = process.cpu_times()
    return used.user + used.system


def show(run: LatencyRun) -> Table:
    """The run as a table."""
    table = Table("latency", "p50 ms", "p99 ms", "greatest ms", "limit of p99", "", title="From the publisher on")
    for found in run.latencies:
        figures = (f"{value:,.1f}" for value in (found.p50_ms, found.p99_ms, found.greatest_ms, found.limit_ms))
        table.add_row(found.name, *figures, "pass" if found.passed else "FAIL")
    return table


def main() -> int:
    """Print the table; 1 when a limit is missed."""
    parser = argparse.ArgumentParser(description="Measure latencies of the pipeline.")
    parser.add_argument("--rate", type=int, default=2000, help="quotes a second")
    parser.add_argument("--clients", type=int, default=200, help="SSE clients")
    parser.add_argument("--seconds", type=float, default=20.0, help="measured, after a warm-up")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        run = measure_latency(Path(name), asked.rate, asked.clients, asked.seconds)
    Console(width=None if sys.stdout.isatty() else 120).print(show(run))
    print(*run.remarks, *run.faults(), sep="\n")
    return int(not run.passed)


if __name__ == "__main__":
    sys.exit(main())

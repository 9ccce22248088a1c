"""`make bench`: every measure with its limit, as one table, and the latencies of the pipeline as two others."""

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.analysis import bench_analysis
from benchmarks.bars import bench_bars
from benchmarks.export import bench_export
from benchmarks.ingest import bench_ingest
from benchmarks.ladder_latency import measure_ladder
from benchmarks.ladder_latency import show as show_ladder
from benchmarks.latency import measure_latency, show
from benchmarks.market import bench_market
from benchmarks.measure import Measure
from benchmarks.publish import bench_publish
from tests.servers import TestServers, start_test_servers


def measures(servers: TestServers, folder: Path) -> Iterator[Callable[[], list[Measure]]]:
    """The measures, each with a database of its own."""
    yield lambda: [bench_publish(servers.redis_url)]
    yield lambda: bench_ingest(servers.create_database("bench_ingest"), servers.redis_database(3))
    yield lambda: list(bench_export(servers.create_database("bench_export"), folder))
    yield lambda: list(bench_bars(folder))
    yield lambda: list(bench_analysis(folder))
    yield lambda: bench_market(folder)


def main() -> int:
    """Print the table; 1 when a ratio is below its aim, or a peak above what is allowed."""
    table = Table(
        "measure", "ratio", "aim", "rows/s", "limit rows/s", "peak MB", "runs", "limit", title="Thor against its limits"
    )
    low = False
    with tempfile.TemporaryDirectory() as name:
        servers = start_test_servers(Path(name) / "servers")
        try:
            for run in measures(servers, Path(name)):
                for measure in run():
                    low |= not measure.passed
                    table.add_row(*_cells(measure))
        finally:
            servers.end()
    console = Console(width=None if sys.stdout.isatty() else 160)
    console.print(table)
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    return int(low | _is_slow(console) | _is_in_the_way(console))


def _is_slow(console: Console) -> bool:
    with tempfile.TemporaryDirectory() as name:
        run = measure_latency(Path(name))
    console.print(show(run))
    print(*run.remarks, *run.faults(), sep="\n")
    return not run.passed


def _is_in_the_way(console: Console) -> bool:
    with tempfile.TemporaryDirectory() as name:
        run = measure_ladder(Path(name))
    console.print(show_ladder([run]))
    print(*run.faults(), sep="\n")
    return not run.passed


def _cells(measure: Measure) -> tuple[str, ...]:
    peak = f"{measure.peak_rss_mb:,.0f}" if measure.peak_rss_mb else ""
    peak += f" of {measure.most_mb:,.0f}" if measure.most_mb else ""
    aim = f"{measure.aim:.2f}" if measure.aim else ""
    rates = (f"{measure.rows_per_s:,.0f}", f"{measure.limit_rows_per_s:,.0f}")
    return (measure.name, f"{measure.ratio:.2f}", aim, *rates, peak, str(measure.runs), measure.limit)


if __name__ == "__main__":
    sys.exit(main())

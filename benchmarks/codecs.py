"""Packing of tick files: codecs, encodings and sizes of row groups, by size, time to write and time to read.

    python -m benchmarks.codecs [--ticks N] [FILE.parquet|FILE.csv …]

measures on the recordings named, and on a simulated session of N ticks. Times are CPU time in one thread.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
from rich.console import Console
from rich.table import Table

from app.lake.inspection import inspect_file
from app.lake.packing import ROW_GROUP_ROWS, packing
from app.lake.schemas import PRICE, TICK_FILE
from benchmarks.tick_tables import TickTable, csv_bytes, recorded_days, simulated_day

RUNS = 7
WHOLE = """
SELECT max(last), min(bid), sum(ask_size), count(volume), max(recv_ts), arg_max(last, (ts, seq)) FROM read_parquet(?)
"""
HOUR = f"{WHOLE} WHERE ts >= ? AND ts < ?"
DELTAS = TICK_FILE.deltas
PRICES = frozenset(column.name for column in TICK_FILE.columns if column.type == PRICE)
SIZES = frozenset({"last_size", "bid_size", "ask_size"})
TIMES = frozenset({"ts", "recv_ts"})


@dataclass(frozen=True)
class Variant:
    """A way to pack: columns in neither set are dictionaries, which fall back to plain values by themselves."""

    name: str
    codec: str = "zstd"
    level: int | None = 1
    deltas: frozenset[str] = DELTAS
    split: frozenset[str] = frozenset()
    group_rows: int = ROW_GROUP_ROWS

    def options(self) -> dict[str, Any]:
        """The arguments for `write_table`."""
        encodings = dict.fromkeys(self.deltas, "DELTA_BINARY_PACKED") | dict.fromkeys(self.split, "BYTE_STREAM_SPLIT")
        dictionaries = [*TICK_FILE.dictionaries, *DELTAS]
        return packing(TICK_FILE) | {
            "compression": self.codec,
            "compression_level": self.level,
            "use_dictionary": [name for name in dictionaries if name not in encodings],
            "column_encoding": encodings,
            "row_group_size": self.group_rows,
        }


CHOSEN = Variant("chosen")
VARIANTS = (
    CHOSEN,
    Variant("zstd 3", level=3),
    Variant("zstd 6", level=6),
    Variant("snappy", "snappy", None),
    Variant("lz4", "lz4", None),
    Variant("uncompressed", "none", None),
    *(Variant(f"groups of {rows:,}", group_rows=rows) for rows in (8_192, 16_384, 65_536, 131_072, 262_144)),
    Variant("no deltas: all dictionaries", deltas=frozenset()),
    Variant("times split by bytes", deltas=DELTAS - TIMES, split=TIMES),
    Variant("recv_ts split by bytes", deltas=DELTAS - {"recv_ts"}, split=frozenset({"recv_ts"})),
    Variant("prices split by bytes", split=PRICES),
    Variant("prices as deltas", deltas=DELTAS | PRICES),
    Variant("sizes as deltas", deltas=DELTAS | SIZES),
)


@dataclass(frozen=True)
class Packed:
    """What a variant comes to for one table: CPU times, and the row groups that one hour touches."""

    file_bytes: int
    write_s: float
    scan_s: float
    hour_s: float
    hour_groups: int
    groups: int


def measure(table: TickTable, variant: Variant, folder: Path) -> Packed:
    """Write the table so, read it whole, and read the busiest hour's middle."""
    path = folder / "ticks.parquet"
    write_s = min(_cpu_s(lambda: pq.write_table(table.ticks, path, **variant.options())) for _ in range(RUNS))
    facts = inspect_file(path, TICK_FILE)
    assert facts.rows == table.ticks.num_rows
    start = table.ticks["ts"][facts.rows // 2].as_py().replace(minute=0, second=0, microsecond=0)
    end = start + timedelta(hours=1)
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        scan_s = _asked(connection, WHOLE, [str(path)])
        hour_s = _asked(connection, HOUR, [str(path), start, end])
    bounds = list(group_bounds(path))
    touched = sum(first < end and last >= start for first, last in bounds)
    return Packed(facts.bytes, write_s, scan_s, hour_s, touched, len(bounds))


def group_bounds(path: Path) -> Iterator[tuple[datetime, datetime]]:
    """The first and last event time of each row group, as the footer tells them."""
    footer = pq.read_metadata(path)
    at = TICK_FILE.columns.names.index(TICK_FILE.time_column)
    for group in range(footer.num_row_groups):
        known = footer.row_group(group).column(at).statistics
        yield known.min, known.max


def _asked(connection: duckdb.DuckDBPyConnection, question: str, params: list[Any]) -> float:
    times = [_cpu_s(lambda: connection.execute(question, params).fetchall()) for _ in range(2 * RUNS)]
    return statistics.median(times[1:])


def _cpu_s(run: Callable[[], object]) -> float:
    began = time.process_time()
    run()
    return time.process_time() - began


def show(table: TickTable) -> Table:
    """Measure every variant on a table."""
    rows = table.ticks.num_rows
    same, own = csv_bytes(table, tuple(table.ticks.column_names)), csv_bytes(table, table.recorded)
    shown = Table(
        *("packing", "bytes/tick", "CSV/file", "source's CSV/file", "write ns/tick", "scan ms", "hour ms", "groups"),
        title=f"{table.name}: {rows:,} ticks; as CSV {same / rows:.0f} bytes/tick, of the source {own / rows:.0f}",
    )
    with tempfile.TemporaryDirectory() as folder:
        for variant in VARIANTS:
            found = measure(table, variant, Path(folder))
            shown.add_row(
                variant.name,
                f"{found.file_bytes / rows:.2f}",
                f"{same / found.file_bytes:.1f}",
                f"{own / found.file_bytes:.1f}",
                f"{found.write_s * 1e9 / rows:.0f}",
                f"{found.scan_s * 1000:.1f}",
                f"{found.hour_s * 1000:.1f}",
                f"{found.hour_groups} of {found.groups}",
            )
    return shown


def main() -> None:
    """Print a table for each trading day of the recordings named, and for the simulated one."""
    parser = argparse.ArgumentParser(description="Measure how tick files are best packed.")
    parser.add_argument("recordings", nargs="*", type=Path, help="Parquet or CSV files that `flask replay` would take")
    parser.add_argument("--ticks", type=int, default=600_000, help="ticks of the simulated session; 0 for none")
    asked = parser.parse_args()
    tables = [table for path in asked.recordings for table in recorded_days(path)]
    for table in (*tables, *([simulated_day(asked.ticks)] if asked.ticks else [])):
        Console(width=130).print(show(table))


if __name__ == "__main__":
    main()

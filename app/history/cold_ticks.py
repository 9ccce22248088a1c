"""A symbol's ticks of a trading day from the lake: a slice of a file whose every byte was checked."""

from collections.abc import Iterator
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from sqlalchemy.orm import Session

from app.history.lake_files import open_recorded
from app.history.order import rows_until
from app.lake.layout import Lake
from app.lake.models import LakeFile
from app.market.timetable import micros_of
from app.ticks.slices import TickSlice


def stream_file(session: Session, lake: Lake, row: LakeFile, part: TickSlice) -> Iterator[pa.Table]:
    """Tables in the order of (ts, seq, source), at most a row group each; `part` must name the key columns.

    Conflict when the file is missing or damaged, Unavailable when the disk fails.
    """
    with open_recorded(session, lake, row) as file:
        yield from stream_open(file, part)


def stream_open(file: pq.ParquetFile, part: TickSlice) -> Iterator[pa.Table]:
    """As `stream_file`, of a file that is open; only row groups and columns that are asked for are read."""
    left = part.limit
    for group in _groups(file, part):
        table = _selected(file.read_row_group(group, list(part.columns), use_threads=False), part).slice(0, left)
        if table.num_rows:
            yield table
        if left is not None:
            left -= table.num_rows
            if left <= 0:
                return


def _groups(file: pq.ParquetFile, part: TickSlice) -> Iterator[int]:
    column = file.schema_arrow.get_field_index("ts")
    for group in range(file.num_row_groups):
        known = file.metadata.row_group(group).column(column).statistics
        if known is None or not known.has_min_max or _meets(known.min_raw, known.max_raw, part):
            yield group


def _meets(first_us: int, last_us: int, part: TickSlice) -> bool:
    starts = [found for found in (part.start, part.after.ts if part.after else None) if found is not None]
    is_late = all(last_us >= micros_of(start) for start in starts)
    return is_late and (part.end is None or first_us < micros_of(part.end))


def _selected(table: pa.Table, part: TickSlice) -> pa.Table:
    times = table.column("ts").cast(pa.int64())
    table = table.slice(*_bounds(times, part.start, part.end))
    if part.after is not None:
        table = table.slice(rows_until(table, part.after))
    return table if part.source is None else table.filter(pc.equal(table.column("source"), part.source))


def _bounds(times: pa.ChunkedArray, start: datetime | None, end: datetime | None) -> tuple[int, int]:
    # Files are in the order of time, so what is wanted stands together.
    first = _count_before(times, start) if start else 0
    last = _count_before(times, end) if end else len(times)
    return first, max(0, last - first)


def _count_before(times: pa.ChunkedArray, bound: datetime) -> int:
    return int(pc.sum(pc.less(times, micros_of(bound))).as_py() or 0)

"""Publishing a Parquet file whole: written aside, read back against its checksums, made durable, then renamed."""

import errno
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq

from app.clock import instant_text
from app.errors import NotFound, Unavailable
from app.lake.facts import SCHEMA_VERSION, FileFacts
from app.lake.inspection import inspect_file
from app.lake.layout import Lake
from app.lake.schemas import FileSchema

# Large enough that a query reads whole columns at a stride, small enough that a writer holds only some 30 MB.
ROW_GROUP_ROWS: Final = 65_536
ZSTD_LEVEL: Final = 1
STALE_AFTER_S: Final = 3600
_FULL: Final = (errno.ENOSPC, errno.EDQUOT)


def publish(
    lake: Lake,
    target: Path,
    schema: FileSchema,
    batches: Iterable[pa.RecordBatch],
    *,
    day: date,
    symbol: str,
    taken_at: datetime,
    guard: Callable[[], None] = lambda: None,
) -> FileFacts:
    """Write `batches` to `target`, which readers see either as it was before or whole; returns what the file holds.

    The footer's labels are `thor.schema_version`, `kind`, `rows`, `session_date`, `symbol`, `sorted_by` and
    `exported_at`, the instant `taken_at` at which the data were taken. The caller must be the only writer of the
    target; what a killed writer of the same target left behind is removed. `guard` is called right before the file is
    renamed and may raise. When it or `batches` raises, or NotFound because there is no row, Conflict because rows are
    out of order, Unavailable because of the disk, nothing changes.
    """
    with _staged(lake, target) as draft, _explained(lake):
        labels = {
            "kind": schema.kind,
            "session_date": day.isoformat(),
            "symbol": symbol,
            "sorted_by": ",".join(schema.sorted_by),
            "exported_at": instant_text(taken_at),
            "schema_version": str(SCHEMA_VERSION),
        }
        rows = _write(draft, schema, batches, labels)
        if not rows:
            raise NotFound(f"there is nothing to write for {symbol} on {day}")
        facts = inspect_file(draft, schema)
        if facts.rows != rows:
            raise Unavailable(f"{rows} rows were written for {target}, but {facts.rows} read back: check the disk")
        _sync(draft)
        _make_folders(target.parent)
        guard()
        draft.replace(target)
        _sync(target.parent)
    return facts


def sweep_staging(lake: Lake, now: datetime, older_than_s: float = STALE_AFTER_S) -> int:
    """Remove what killed writers left in the staging folder; returns how many files that were.

    A file counts as left behind when nothing was written to it for `older_than_s` seconds.
    """
    swept = 0
    for path in lake.staging.glob("*.part"):
        try:
            if (now - datetime.fromtimestamp(path.stat().st_mtime, UTC)).total_seconds() > older_than_s:
                path.unlink()
                swept += 1
        except FileNotFoundError:
            continue  # Its writer has finished meanwhile.
    return swept


def _write(path: Path, schema: FileSchema, batches: Iterable[pa.RecordBatch], labels: dict[str, str]) -> int:
    rows = 0
    with pq.ParquetWriter(
        path,
        schema.columns,
        compression="zstd",
        compression_level=ZSTD_LEVEL,
        use_dictionary=schema.dictionaries,
        column_encoding=dict.fromkeys(schema.deltas, "DELTA_BINARY_PACKED"),
        store_decimal_as_integer=True,
        write_page_checksum=True,
    ) as writer:
        for group in _groups(batches):
            writer.write_table(group, row_group_size=2 * ROW_GROUP_ROWS)
            rows += group.num_rows
            # Arrow's allocator keeps what it freed, 40 MB of it in a long file.
            pa.default_memory_pool().release_unused()
        writer.add_key_value_metadata({f"thor.{key}": value for key, value in {**labels, "rows": str(rows)}.items()})
    return rows


def _groups(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    waiting: list[pa.RecordBatch] = []
    for batch in batches:
        waiting.append(batch)
        if sum(part.num_rows for part in waiting) >= ROW_GROUP_ROWS:
            yield pa.Table.from_batches(waiting)
            waiting = []
    if waiting:
        yield pa.Table.from_batches(waiting)


@contextmanager
def _staged(lake: Lake, target: Path) -> Iterator[Path]:
    # The parts of a target's path hold no @, so the name belongs to this target alone.
    name = "@".join(target.relative_to(lake.root).parts)
    with _explained(lake):
        lake.staging.mkdir(parents=True, exist_ok=True)
        for left in lake.staging.glob(f"{name}@*.part"):
            left.unlink(missing_ok=True)
    draft = lake.staging / f"{name}@{uuid4().hex}.part"
    try:
        yield draft
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def _explained(lake: Lake) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise Unavailable(f"no space is left under {lake.root}: free some, then run it again") from None
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise Unavailable(f"cannot write under {lake.root}: {reason}") from None


def _make_folders(folder: Path) -> None:
    missing = [place for place in (folder, *folder.parents) if not place.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for place in missing:
        _sync(place.parent)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

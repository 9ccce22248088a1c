"""Publishing a Parquet file whole: written aside, read back against its checksums, made durable, then renamed."""

import errno
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Final
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq

from app.clock import instant_text
from app.errors import Conflict, NotFound, Unavailable
from app.lake.claims import claimed, remove_abandoned
from app.lake.facts import SCHEMA_VERSION, FileFacts
from app.lake.inspection import inspect_file
from app.lake.layout import Lake
from app.lake.packing import ROW_GROUP_ROWS, packing
from app.lake.schemas import FileSchema
from app.lake.seals import seal

_FULL: Final = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True, slots=True)
class Draft:
    """A file that is written and was read back, but does not stand in its place yet; `facts` are what it holds."""

    lake: Lake
    path: Path
    target: Path
    facts: FileFacts

    def put(self) -> None:
        """Put it in its place, for good; readers see what was there before, or all of this. Unavailable on failure."""
        with _explained(self.lake):
            _make_folders(self.target.parent)
            self.path.replace(self.target)
            _sync(self.target.parent)


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

    As `draft`, and put in its place. `guard` is called right before that and may raise, whereupon nothing changes.
    """
    with draft(lake, target, schema, batches, day=day, symbol=symbol, taken_at=taken_at) as written:
        guard()
        written.put()
    return written.facts


def withdraw(lake: Lake, target: Path) -> None:
    """Remove a published file, if there is one. The caller must be its only writer; Unavailable on failure."""
    with _explained(lake):
        target.unlink(missing_ok=True)


@contextmanager
def draft(
    lake: Lake,
    target: Path,
    schema: FileSchema,
    batches: Iterable[pa.RecordBatch],
    *,
    day: date,
    symbol: str,
    taken_at: datetime,
    labels: Callable[[], Mapping[str, str]] = dict,
) -> Iterator[Draft]:
    """Write `batches` beside `target` and read them back; what is not put in its place by the end is removed.

    The footer's labels are `thor.schema_version`, `kind`, `rows`, `session_date`, `symbol`, `sorted_by` and
    `exported_at`, the instant `taken_at` at which the data were taken, and those that `labels` gives after the last
    batch, of which a blank `seal` is filled in. The caller must be the only writer of the target; what a killed writer
    of the same target left behind is removed. Raises what `batches` raises, NotFound because there is no row, Conflict
    because rows are out of order, Unavailable because of the disk.
    """
    with _staged(lake, target) as path:
        with _explained(lake):
            known = {
                "kind": schema.kind,
                "session_date": day.isoformat(),
                "symbol": symbol,
                "sorted_by": ",".join(schema.sorted_by),
                "exported_at": instant_text(taken_at),
                "schema_version": str(SCHEMA_VERSION),
            }
            rows = _write(path, schema, batches, lambda: {**known, **labels()})
            if not rows:
                raise NotFound(f"there is nothing to write for {symbol} on {day}")
            seal(path)
            facts = inspect_file(path, schema)
            if facts.rows != rows:
                raise Unavailable(f"{rows} rows were written for {target}, but {facts.rows} read back: check the disk")
            _sync(path)
        yield Draft(lake, path, target, facts)


@contextmanager
def received(lake: Lake, target: Path) -> Iterator[Path]:
    """A file beside `target` for a copy that comes from elsewhere; `take_in` puts it in its place.

    What was not by the end is removed. The caller must be the only writer of the target; Unavailable because of the
    disk.
    """
    with _staged(lake, target) as path, _explained(lake):
        yield path


def take_in(
    lake: Lake,
    path: Path,
    target: Path,
    schema: FileSchema,
    expected: FileFacts,
    guard: Callable[[], None] = lambda: None,
) -> None:
    """Put a copy in its place, for good, after reading it whole; Conflict when it is not what is `expected`.

    `guard` is as of `publish`.
    """
    if inspect_file(path, schema) != expected:
        raise Conflict(f"{lake.relative(target)} did not come as it was published")
    with _explained(lake):
        _sync(path)
    guard()
    Draft(lake, path, target, expected).put()


def sweep_staging(lake: Lake, now: datetime) -> int:
    """Remove what killed writers left in the staging folder; returns how many files that were.

    What a living writer is at work on stays; where the drive cannot tell, whatever was written to within the hour.
    """
    return sum(remove_abandoned(path, now) for path in lake.staging.glob("*.part"))


def _write(
    path: Path, schema: FileSchema, batches: Iterable[pa.RecordBatch], labels: Callable[[], dict[str, str]]
) -> int:
    rows = 0
    with pq.ParquetWriter(path, schema.columns, **packing(schema)) as writer:
        for group in _groups(batches):
            writer.write_table(group, row_group_size=2 * ROW_GROUP_ROWS)
            rows += group.num_rows
            # Arrow's allocator keeps what it freed, 40 MB of it in a long file.
            pa.default_memory_pool().release_unused()
        writer.add_key_value_metadata({f"thor.{key}": value for key, value in {**labels(), "rows": str(rows)}.items()})
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
    with ExitStack() as stack:
        stack.callback(draft.unlink, missing_ok=True)
        with _explained(lake):
            stack.enter_context(claimed(draft))
        yield draft


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

"""Reading a file of the lake whole, with checksums, to say what is in it or that it is damaged."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from app.errors import Conflict, NotFound, Unavailable
from app.lake.facts import FileFacts, file_digest
from app.lake.schemas import FileSchema

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def inspect_file(path: Path, schema: FileSchema) -> FileFacts:
    """Read every page of a file against its checksum, and tell what is in it.

    NotFound when there is no file or no row in it; Conflict when it is damaged, is not of this schema or is not in the
    schema's order; Unavailable when it cannot be read.
    """
    with _reading(path):
        file = pq.ParquetFile(path, page_checksum_verification=True, pre_buffer=False)
        if not file.schema_arrow.equals(schema.columns):
            raise Conflict(f"{path} has other columns than a file of {schema.kind}: move it away and write it again")
        keys = [_read_keys(file, group, schema) for group in range(file.num_row_groups)]
        digest = file_digest(path)
    if not file.metadata.num_rows:
        raise NotFound(f"{path} holds no rows")
    if not all(key.is_sorted for key in keys) or any(a.last > b.first for a, b in pairwise(keys)):
        raise Conflict(f"{path} is not in the order of {', '.join(_key_columns(schema))}: export that day again")
    return FileFacts(
        rows=file.metadata.num_rows,
        min_ts=_EPOCH + timedelta(microseconds=keys[0].first[0]),
        max_ts=_EPOCH + timedelta(microseconds=keys[-1].last[0]),
        min_seq=min(key.min_seq for key in keys) if schema.seq_column else None,
        max_seq=max(key.max_seq for key in keys) if schema.seq_column else None,
        bytes=path.stat().st_size,
        sha256=digest,
    )


def read_batches(path: Path, batch_rows: int = 65_536) -> Iterator[pa.RecordBatch]:
    """A file's rows in its order, every page read against its checksum; errors as of `inspect_file`."""
    with _reading(path):
        file = pq.ParquetFile(path, page_checksum_verification=True, pre_buffer=False)
        yield from file.iter_batches(batch_rows, use_threads=False)


def check_place(path: Path, day: date, symbol: str) -> int:
    """How many rows a file of this partition holds, from its footer alone.

    Conflict when it is no Parquet file, or when it holds another symbol or trading day than its folder says.
    """
    with _reading(path):
        footer = pq.read_metadata(path)
        for name, expected in (("symbol", symbol), ("session_date", day)):
            if _values_of(footer, name) != {expected}:
                raise Conflict(f"{path} does not hold {symbol} of {day} alone: move it away and export that day again")
    return int(footer.num_rows)


def labels_of(path: Path) -> dict[str, str]:
    """The labels that Thor wrote into a file's footer, without their `thor.`; Conflict when it is no Parquet file."""
    with _reading(path):
        found = pq.read_metadata(path).metadata or {}
    return {key.decode()[5:]: value.decode() for key, value in found.items() if key.startswith(b"thor.")}


def holds_one_value(path: Path, column: str) -> bool:
    """Whether the footer tells that all rows have one and the same value in a column, or all have none."""
    with _reading(path):
        return len(_values_of(pq.read_metadata(path), column)) == 1


@dataclass(frozen=True, slots=True)
class _Keys:
    """The sort keys at both ends of a row group, and whether the rows between them rise; times in microseconds."""

    first: tuple[int, ...]
    last: tuple[int, ...]
    is_sorted: bool
    min_seq: int
    max_seq: int


def _key_columns(schema: FileSchema) -> list[str]:
    return [schema.time_column, *([schema.seq_column] if schema.seq_column else [])]


def _read_keys(file: pq.ParquetFile, group: int, schema: FileSchema) -> _Keys:
    kept: dict[str, pa.Array] = {}
    # One column at a time: the whole group at once would take four times the memory, and longer.
    for name in schema.columns.names:
        column = file.read_row_group(group, [name], use_threads=False).column(0)
        if name in _key_columns(schema):
            # As plain numbers, because a time as a Python object makes Arrow load pandas: 50 MB and a second.
            kept[name] = column.combine_chunks().cast(pa.int64())
    columns = [kept[name] for name in _key_columns(schema)]
    seqs = pc.min_max(columns[-1]).as_py()
    return _Keys(
        first=tuple(column[0].as_py() for column in columns),
        last=tuple(column[-1].as_py() for column in columns),
        is_sorted=_rises(columns),
        min_seq=seqs["min"],
        max_seq=seqs["max"],
    )


def _rises(keys: list[pa.Array]) -> bool:
    before, after = [key[:-1] for key in keys], [key[1:] for key in keys]
    result = pc.less_equal(before[-1], after[-1])
    for left, right in zip(before[-2::-1], after[-2::-1], strict=True):
        result = pc.or_(pc.less(left, right), pc.and_(pc.equal(left, right), result))
    return bool(pc.all(result, min_count=0).as_py())


def _values_of(footer: pq.FileMetaData, name: str) -> set[object]:
    # The least and greatest values of all row groups, and None for a null or for what the footer does not tell.
    found: set[object] = set()
    for group in range(footer.num_row_groups):
        chunks = (footer.row_group(group).column(i) for i in range(footer.num_columns))
        chunk = next((chunk for chunk in chunks if chunk.path_in_schema == name), None)
        if chunk is None or chunk.statistics is None or not chunk.statistics.has_null_count:
            return {None, False}
        known = chunk.statistics
        if known.null_count:
            found.add(None)
        if known.null_count < chunk.num_values:
            found |= {known.min, known.max} if known.has_min_max else {None, False}
    return found


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise NotFound(f"{path} does not exist") from None
    except (pa.ArrowException, OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise Unavailable(f"{path} cannot be read: {error.strerror}") from None
        # Arrow reports a wrong checksum as an OSError without a number, and broken pages as anything at all.
        raise Conflict(f"{path} is damaged or no Parquet file: move it away and write it again") from None

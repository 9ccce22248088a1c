"""Recorded quotes in files, Parquet or CSV: checked whole before the first one is replayed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from app.errors import Rejected
from app.quotes import CLOCK_TOLERANCE, EARLIEST, PRICE_FIELDS, SIZE_FIELDS

if TYPE_CHECKING:
    import pyarrow as pa

BATCH_ROWS: Final = 16_384
_REQUIRED: Final = ("symbol", "ts", "seq")
_OPTIONAL: Final = ("contract", "trade", "delayed", *PRICE_FIELDS, *SIZE_FIELDS)
# Columns of the lake's own files that a replay gives anew.
_IGNORED: Final = ("source", "recv_ts", "session_date", "ts_origin", "created_at")
_SYMBOL: Final = r"^[A-Z0-9][A-Z0-9._-]{0,15}$"
_CONTRACT: Final = r"^[A-Z0-9][A-Z0-9._-]{0,23}$"


@dataclass(frozen=True)
class Recording:
    """A file that has been read through and found good."""

    path: Path
    rows: int
    symbols: tuple[str, ...]
    first: datetime
    last: datetime

    def batches(self) -> "Iterator[pa.RecordBatch]":
        """The rows in file order, with canonical column types."""
        return _batches(self.path)


def open_recording(path: Path, now: datetime) -> Recording:
    """Read the whole file and check every row; Rejected, naming the file and what is wrong, when it is no recording."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not path.is_file():
        raise Rejected(f"{path} is not a file" if path.exists() else f"{path}: there is no such file")
    rows, symbols, times = 0, set[str](), []
    try:
        for batch in _batches(path):
            _check(path, batch, now, first_row=rows)
            rows += batch.num_rows
            symbols.update(pc.unique(batch["symbol"]).to_pylist())
            bounds = pc.min_max(batch["ts"]).as_py()
            times += [bounds["min"], bounds["max"]]
    except (pa.ArrowException, OSError, ValueError) as error:
        raise Rejected(f"{path} is not a readable recording: {_first_line(error)}") from None
    if not rows:
        raise Rejected(f"{path} holds no rows")
    return Recording(path, rows, tuple(sorted(symbols)), min(times), max(times))


def _batches(path: Path) -> "Iterator[pa.RecordBatch]":
    read = _read_csv if path.suffix.lower() == ".csv" else _read_parquet
    for batch in read(path):
        if batch.num_rows:
            yield _canonical(path, batch)


def _read_parquet(path: Path) -> "Iterator[pa.RecordBatch]":
    import pyarrow.parquet as pq

    with pq.ParquetFile(path, page_checksum_verification=True) as file:
        _check_columns(path, file.schema_arrow.names)
        yield from file.iter_batches(BATCH_ROWS)


def _read_csv(path: Path) -> "Iterator[pa.RecordBatch]":
    from pyarrow import csv

    options = csv.ConvertOptions(column_types=dict(_types()), strings_can_be_null=True, null_values=[""])
    with csv.open_csv(path, convert_options=options) as reader:
        _check_columns(path, reader.schema.names)
        yield from reader


def _types() -> "Iterator[tuple[str, pa.DataType]]":
    import pyarrow as pa

    yield from (("symbol", pa.string()), ("contract", pa.string()), ("ts", pa.timestamp("us", "UTC")))
    yield from ((name, pa.int64()) for name in ("seq", *SIZE_FIELDS))
    yield from ((name, pa.decimal128(18, 9)) for name in PRICE_FIELDS)
    yield from ((name, pa.bool_()) for name in ("trade", "delayed"))


def _check_columns(path: Path, names: list[str]) -> None:
    if missing := [name for name in _REQUIRED if name not in names]:
        raise Rejected(f"{path} is not a recording of quotes: column {', '.join(missing)} missing")
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise Rejected(f"{path}: column {', '.join(twice)[:200]} is there twice")
    if unknown := [name for name in names if name not in (*_REQUIRED, *_OPTIONAL, *_IGNORED)]:
        raise Rejected(f"{path}: column {', '.join(unknown)[:200]} is not known")
    if not any(name in names for name in ("last", "bid", "ask")):
        raise Rejected(f"{path} has no price column: last, bid or ask")


def _canonical(path: Path, batch: "pa.RecordBatch") -> "pa.RecordBatch":
    import pyarrow as pa

    kinds = {name: kind for name, kind in _types() if name in batch.schema.names}
    return pa.RecordBatch.from_pydict({name: _cast(path, name, batch[name], kind) for name, kind in kinds.items()})


def _cast(path: Path, name: str, column: "pa.Array", kind: "pa.DataType") -> "pa.Array":
    import pyarrow as pa

    if pa.types.is_floating(column.type):
        wanted = "decimal(18,9)" if pa.types.is_decimal(kind) else str(kind)
        raise Rejected(f"{path}: column {name} holds floating-point numbers: store it as {wanted}")
    if name == "ts" and getattr(column.type, "tz", None) is None:
        raise Rejected(f"{path}: column ts has no time zone: store it as timestamp with UTC")
    if pa.types.is_integer(column.type) and pa.types.is_decimal(kind):
        column = column.cast(pa.decimal128(28, 9))  # Wide enough for any whole number, as the cast demands.
    cast = column.cast(kind)
    return cast.fill_null(False) if pa.types.is_boolean(kind) else cast


def _check(path: Path, batch: "pa.RecordBatch", now: datetime, first_row: int) -> None:
    import pyarrow.compute as pc

    ts: Any = batch["ts"]
    faults = {
        "symbol is malformed": pc.invert(pc.match_substring_regex(batch["symbol"], _SYMBOL)),
        "seq is negative": pc.less(batch["seq"], 0),
        "ts is before 2000 or in the future": pc.or_(pc.less(ts, EARLIEST), pc.greater(ts, now + CLOCK_TOLERANCE)),
    }
    if "contract" in batch.schema.names:
        faults["contract is malformed"] = pc.invert(pc.match_substring_regex(batch["contract"], _CONTRACT))
    for name in set(SIZE_FIELDS) & set(batch.schema.names):
        faults[f"{name} is negative"] = pc.less(batch[name], 0)
    for name in _REQUIRED:
        faults[f"{name} is missing"] = pc.is_null(batch[name])
    for fault, mask in faults.items():
        if (at := pc.index(pc.fill_null(mask, False), True).as_py()) >= 0:
            raise Rejected(f"{path}: row {first_row + at + 1}: {fault}")


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0][:200] or type(error).__name__

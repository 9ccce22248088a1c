"""Where files of a lake are read from: a folder of this machine, or a bucket."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from app.bucket.days import BucketFile, list_days, read_day
from app.bucket.footers import MARK_BYTES, footer_digest, footer_size
from app.bucket.mounting import BucketMount
from app.bucket.objects import Bucket
from app.errors import Conflict, Unavailable
from app.history.lake_files import FileName, open_unrecorded
from app.lake.layout import TICKS, Lake, Partition

AT_ONCE: Final = 8
TAIL_BYTES: Final = 64 << 10


@dataclass(frozen=True, slots=True)
class Wanted:
    """The files of one kind of a symbol that may have rows of `[start, end)`; `timeframe` is empty for ticks.

    Trading days are those of `[first, after)`.
    """

    kind: str
    symbol: str
    timeframe: str
    start: datetime
    end: datetime
    first: date
    after: date


@dataclass(frozen=True, slots=True)
class Found:
    """A file that a source has: its trading day, how DuckDB names it, and what the source knows of it."""

    day: date
    address: str
    known: Any


class Source(Protocol):
    """Files of a lake, wherever they are."""

    root: str

    def days(self) -> list[date]:
        """The trading days of which there are files, in order."""

    def find(self, wanted: Wanted) -> list[Found]:
        """The files that are wanted, by day."""

    def open(self, wanted: Wanted, found: Found) -> Any:
        """A context in which a file is open as a `ParquetFile`; Conflict when it is missing or damaged, also in the
        block, Unavailable when it cannot be read."""

    def mount(self, found: list[Found]) -> Any:
        """What DuckDB needs to read these files; None where it needs nothing."""


class FolderSource:
    """A lake in a folder; each page is checked when it is read."""

    def __init__(self, lake: Lake) -> None:
        self._lake, self.root = lake, f"{lake.root.absolute()}/"

    def days(self) -> list[date]:
        """As of `Source`."""
        return sorted({file.day for file in self._lake.ticks_files(date.min, date.max)})

    def find(self, wanted: Wanted) -> list[Found]:
        """As of `Source`."""
        scope = (wanted.first, wanted.after, [wanted.symbol])
        is_ticks = wanted.kind == TICKS
        files = self._lake.ticks_files(*scope) if is_ticks else self._lake.bars_files(wanted.timeframe, *scope)
        return [Found(file.day, str(file.path.absolute()), file) for file in files]

    @contextmanager
    def open(self, wanted: Wanted, found: Found) -> Iterator[pq.ParquetFile]:
        """As of `Source`."""
        known: Partition = found.known
        with open_unrecorded(known, wanted.kind) as file:
            yield file

    def mount(self, found: list[Found]) -> None:
        """As of `Source`."""


class BucketSource:
    """A lake in a bucket, of which nothing is read but what is asked for: the days that may have it, by what their
    objects say; of a file its end and the parts of columns that are needed, each page checked."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket, self.root = bucket, f"{bucket.plan.place}/"

    def days(self) -> list[date]:
        """As of `Source`."""
        return list_days(self._bucket)

    def find(self, wanted: Wanted) -> list[Found]:
        """As of `Source`."""
        days = [day for day in self.days() if wanted.first <= day < wanted.after]
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="bucket") as pool:
            known = [day for day in pool.map(lambda day: read_day(self._bucket, day), days) if day]
        return [
            Found(day.day, f"{self.root}{file.path}", file)
            for day in known
            for file in day.files
            if _may_have(file, wanted)
        ]

    @contextmanager
    def open(self, wanted: Wanted, found: Found) -> Iterator[pq.ParquetFile]:
        """As of `Source`; Conflict also when the object was written again since the day's object was read."""
        name, file = FileName(wanted.kind, wanted.symbol, found.day), found.known
        try:
            with self._bucket.open(file.path) as handle:
                footer = _checked_footer(handle, file)
                yield pq.ParquetFile(handle, metadata=footer, page_checksum_verification=True, pre_buffer=True)
        except FileNotFoundError:
            raise _fault(name, "gone from the bucket") from None
        except OSError as error:
            # Arrow reports a wrong checksum as it does a network that broke off; only the latter names the store.
            if "AWS Error" in str(error):
                raise Unavailable(f"{name} cannot be read from {self._bucket.plan.place}: try again") from None
            raise _fault(name, "damaged in the bucket") from None
        except (pa.ArrowException, ValueError):
            raise _fault(name, "damaged in the bucket") from None

    def mount(self, found: list[Found]) -> BucketMount:
        """As of `Source`."""
        return BucketMount(self._bucket, {one.known.path: one.known for one in found})


def _may_have(file: BucketFile, wanted: Wanted) -> bool:
    is_named = (file.kind, file.symbol, file.timeframe) == (wanted.kind, wanted.symbol, wanted.timeframe)
    return is_named and file.min_ts < wanted.end and file.max_ts >= wanted.start


def _checked_footer(handle: pa.NativeFile, file: BucketFile) -> pq.FileMetaData:
    if handle.size() != file.bytes:
        raise ValueError("another size")
    tail = _tail(handle, file.bytes, TAIL_BYTES)
    needed = footer_size(tail[-MARK_BYTES:])
    if needed > len(tail):
        tail = _tail(handle, file.bytes, needed)
    if footer_digest(tail) != file.footer_sha256:
        raise ValueError("another footer")
    return pq.read_metadata(pa.BufferReader(tail))


def _tail(handle: pa.NativeFile, size: int, wanted: int) -> bytes:
    length = min(size, wanted)
    return bytes(handle.read_at(length, size - length))


def _fault(name: FileName, what: str) -> Conflict:
    return Conflict(f"{name} is {what}, or was written again meanwhile: ask again, else `flask lake-compare --verify`")

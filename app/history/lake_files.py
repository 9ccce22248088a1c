"""Files of the lake that are believed only after their bytes were found to be those that were published."""

import hashlib
import io
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from threading import Lock
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy.orm import Session

from app.errors import Conflict, Unavailable
from app.lake.layout import BARS, Lake, Partition
from app.lake.locks import is_being_written
from app.lake.models import LakeFile
from app.lake.seals import replaced_hash

# A file is in its place a moment before its row says so; its writer holds the right to write it until both do.
PATIENCE_S: Final = 5.0
_PAUSE_S: Final = 0.02
_REMEMBERED: Final = 10_000
_known: Final[dict[tuple[int, ...], frozenset[str | None]]] = {}
_lock: Final = Lock()


@dataclass(frozen=True, slots=True)
class FileName:
    """What a file holds, in words that a client may read."""

    kind: str
    symbol: str
    day: date

    def __str__(self) -> str:
        return f"the lake's file with the {self.kind} of {self.symbol} on {self.day}"

    def fault(self, what: str = "damaged") -> Conflict:
        """The refusal to read it, with what to do."""
        remedy = "PostgreSQL no longer has its ticks, so restore it from a copy and run `flask verify-lake`"
        if self.kind == BARS:
            remedy = f"`flask generate-bars --date {self.day}` makes it again"
        return Conflict(f"{self} is {what}: {remedy}")


@contextmanager
def open_recorded(session: Session, lake: Lake, row: LakeFile) -> Iterator[pq.ParquetFile]:
    """A file of the manifest, of which every byte is as published; reading it checks each page once more.

    It may be the merged file that took the recorded one's place without being recorded any more, if its seal proves
    each byte of it: then the database still has the late ticks in it, and `merge_distinct` takes out what is twice.
    A file that does not change is read whole only once by a process. Conflict, with the trading day and what to do,
    when the file is missing or damaged, also in the block; Unavailable when the disk fails.
    """
    name = FileName(row.kind, row.symbol, row.session_date)
    with _explained(name):
        handle = _whole(lake.root / row.path, row.sha256)
    with handle or _awaited(session, lake, row, name) as found, _explained(name):
        yield _parquet(found)


@contextmanager
def open_unrecorded(file: Partition, kind: str) -> Iterator[pq.ParquetFile]:
    """A file that the manifest does not know, each page checked when it is read; errors as of `open_recorded`."""
    name = FileName(kind, file.symbol, file.day)
    with _explained(name):
        handle = _open(file.path)
        if handle is None:
            raise name.fault("missing")
        with handle:
            yield _parquet(handle)


def _parquet(handle: io.BufferedReader) -> pq.ParquetFile:
    return pq.ParquetFile(handle, page_checksum_verification=True, pre_buffer=False)


@contextmanager
def _explained(name: FileName) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise Unavailable(f"{name} cannot be read: {error.strerror}") from None
        # Arrow reports a wrong checksum as an OSError without a number, and broken pages as anything at all.
        raise name.fault() from None


def _awaited(session: Session, lake: Lake, row: LakeFile, name: FileName) -> io.BufferedReader:
    give_up_at = time.monotonic() + PATIENCE_S
    while True:
        is_last = not is_being_written(session, name.day, name.symbol) or time.monotonic() >= give_up_at
        session.refresh(row)
        with _explained(name):
            handle = _whole(lake.root / row.path, row.sha256)
        if handle is not None:
            return handle
        if is_last:
            raise name.fault("damaged" if (lake.root / row.path).exists() else "missing")
        time.sleep(_PAUSE_S)


def _whole(path: Path, sha256: str) -> io.BufferedReader | None:
    handle = _open(path)
    if handle is None or sha256 in _vouched(handle):
        return handle
    handle.close()
    return None


def _open(path: Path) -> io.BufferedReader | None:
    try:
        return path.open("rb")
    except FileNotFoundError:
        return None


def _vouched(handle: io.BufferedReader) -> frozenset[str | None]:
    # The hashes of the rows for which a file may be believed.
    state = os.fstat(handle.fileno())
    identity = (state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns)
    with _lock:
        found = _known.get(identity)
    if found is None:
        found = frozenset({hashlib.file_digest(handle, "sha256").hexdigest(), replaced_hash(handle)})
        handle.seek(0)
        with _lock:
            if len(_known) >= _REMEMBERED:
                _known.clear()
            _known[identity] = found
    return found

"""Sending files to the bucket: each hashed, sent from memory, and read back."""

import hashlib
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, field
from threading import Event, Lock
from typing import Final

from sqlalchemy.orm import Session, sessionmaker

from app.bucket.days import BucketFile, known_file
from app.bucket.footers import footer_digest
from app.bucket.objects import Bucket
from app.errors import Conflict, NotFound, ThorError, Unavailable
from app.lake.layout import Lake
from app.lake.locks import is_being_written
from app.lake.manifest import find_file
from app.lake.models import LakeFile

AT_ONCE: Final = 4
# Of files that are larger only one is in memory at a time.
LARGE_BYTES: Final = 64 << 20
PARQUET: Final = "application/vnd.apache.parquet"


class AtWork(Conflict):
    """Somebody else is at work on it, which ends by itself."""


@dataclass
class Sending:
    """Sends files of the lake to the bucket, some at once, and keeps what became of them.

    After the instant `until` of `time.monotonic` none but the first is begun, none once store or disk failed at one.
    """

    sessions: sessionmaker[Session]
    lake: Lake
    bucket: Bucket
    until: float | None
    refusals: list[str]
    sent: list[BucketFile] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    _turn: Lock = field(default_factory=Lock)
    _failed: Event = field(default_factory=Event)

    def send_all(self, rows: Sequence[LakeFile]) -> None:
        """Send each; `sent`, `refusals` and `waiting` tell what became of it. Unavailable when store or disk fail."""
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="push") as pool:
            for outcome in pool.map(self._outcome, range(len(rows)), rows):
                if isinstance(outcome, BucketFile):
                    self.sent.append(outcome)
                else:
                    (self.waiting if isinstance(outcome, AtWork) else self.refusals).append(str(outcome))

    def _outcome(self, place: int, row: LakeFile) -> BucketFile | ThorError:
        # A store that hangs is waited for once, and not again for each file.
        if self._failed.is_set():
            return AtWork(f"{row.path} is left to the next push")
        # The first one goes in any case, so that each push gets on.
        if place and self.until is not None and time.monotonic() >= self.until:
            return AtWork(f"{row.path} is left to the next push")
        try:
            with self._turn if row.bytes > LARGE_BYTES else nullcontext():
                return self._send(row)
        except (Conflict, NotFound) as refusal:
            return refusal
        except Unavailable:
            self._failed.set()
            raise

    def _send(self, row: LakeFile) -> BucketFile:
        data = self._read(row)
        self.bucket.write(row.path, data, PARQUET)
        if self.bucket.digest(row.path) != row.sha256:
            raise Conflict(f"{row.path} does not read back from the bucket as it was sent: run it again")
        return known_file(row, footer_digest(data))

    def _read(self, row: LakeFile) -> bytes:
        path = self.lake.root / row.path
        try:
            # What is sent is what was hashed, whoever writes the file meanwhile.
            data = path.read_bytes() if path.stat().st_size == row.bytes else b""
        except FileNotFoundError:
            self._require_rest(row)
            raise NotFound(f"{row.path} is recorded but gone: see `flask verify-lake`") from None
        except OSError as error:
            raise Unavailable(f"{row.path} cannot be read: {error.strerror}") from None
        if hashlib.sha256(data).hexdigest() != row.sha256:
            self._require_rest(row)
            raise Conflict(f"{row.path} is not what is recorded: see `flask verify-lake`")
        return data

    def _require_rest(self, row: LakeFile) -> None:
        with self.sessions() as session:
            is_written = is_being_written(session, row.session_date, row.symbol)
            now = find_file(session, row.kind, row.session_date, row.symbol, row.timeframe)
        if is_written or now is None or now.sha256 != row.sha256:
            raise AtWork(f"{row.path} is being written: run this again")

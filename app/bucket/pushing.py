"""Bringing a trading day's files to the bucket: what is new or different, verified there, and told last of all."""

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from sqlalchemy.orm import Session, sessionmaker

from app.bucket.days import BucketDay, BucketFile, known_file, read_day, write_day
from app.bucket.footers import footer_digest
from app.bucket.objects import Bucket
from app.errors import Conflict, NotFound, Unavailable
from app.lake.layout import BARS, TICKS, Lake
from app.lake.locks import files_lock
from app.lake.manifest import list_files
from app.lake.models import LakeFile

AT_ONCE: Final = 4
LOCK_WAIT_S: Final = 10.0
PARQUET: Final = "application/vnd.apache.parquet"
# No symbol has small letters.
_LOCK: Final = "bucket"


@dataclass(frozen=True, slots=True)
class PushOptions:
    """Which files of a day, and how: `verify` reads what is in the bucket already, `dry_run` brings nothing there."""

    symbols: Collection[str] | None = None
    verify: bool = False
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class DayPush:
    """What came of a day: the files brought to the bucket with their bytes, how many were there, and what refused."""

    day: date
    sent: tuple[str, ...] = ()
    bytes: int = 0
    kept: int = 0
    refusals: tuple[str, ...] = ()


def push_day(
    sessions: sessionmaker[Session], lake: Lake, bucket: Bucket, day: date, options: PushOptions = PushOptions()
) -> DayPush:
    """Bring the recorded files of a trading day to the bucket that it lacks, or of which it has others.

    Every file is hashed before it is sent, must be the one that the manifest of the lake records, and is read back
    whole. The object that names the day's files is written after them, so that a push that is killed changes nothing
    for readers but for a file that was written again; done again, it goes on. Files that only the bucket has stay.
    A file that is gone, damaged or being written is refused and does not keep the others. Conflict when another push
    is at work on the day, or what is in the bucket is damaged; Unavailable when store, disk or database fail.
    """
    with nullcontext() if options.dry_run else _alone(sessions, day):
        rows = recorded(sessions, day, options.symbols)
        known = _known(bucket, day, verify=options.verify)
        lacking = list(_lacking(bucket, known, rows, verify=options.verify))
        kept, size = len(rows) - len(lacking), sum(row.bytes for row in lacking)
        if options.dry_run or not lacking:
            return DayPush(day, tuple(row.path for row in lacking), size, kept)
        sent, refusals = _send_all(lake, bucket, lacking)
        if sent:
            write_day(bucket, known.with_files(sent))
    names = tuple(file.path for file in sent)
    return DayPush(day, names, sum(file.bytes for file in sent), kept, tuple(refusals))


def recorded(sessions: sessionmaker[Session], day: date, symbols: Collection[str] | None = None) -> list[LakeFile]:
    """The rows of the lake's manifest of a trading day, ticks before bars."""
    after = day + timedelta(days=1)
    with sessions() as session:
        return [row for kind in (TICKS, BARS) for row in list_files(session, day, after, kind, symbols)]


def object_sizes(bucket: Bucket, day: date) -> dict[str, int]:
    """The sizes of all objects in the day's folders, by name."""
    return {name: size for kind in (TICKS, BARS) for name, size in bucket.sizes(f"{kind}/date={day}").items()}


def _known(bucket: Bucket, day: date, *, verify: bool) -> BucketDay:
    try:
        return read_day(bucket, day) or BucketDay(day=day)
    except Conflict:
        if not verify:
            raise
        return BucketDay(day=day)


def _lacking(bucket: Bucket, known: BucketDay, rows: Iterable[LakeFile], *, verify: bool) -> Iterator[LakeFile]:
    sizes = object_sizes(bucket, known.day)
    for row in rows:
        told = known.by_path.get(row.path)
        is_there = told is not None and told.sha256 == row.sha256 and sizes.get(row.path) == row.bytes
        # The hash in the day's object was proved when the file was sent; a look at every byte since then is asked for.
        if not is_there or (verify and bucket.digest(row.path) != row.sha256):
            yield row


def _send_all(lake: Lake, bucket: Bucket, rows: Sequence[LakeFile]) -> tuple[list[BucketFile], list[str]]:
    sent: list[BucketFile] = []
    refusals: list[str] = []

    def send(row: LakeFile) -> BucketFile | str:
        try:
            return _send(lake, bucket, row)
        except (Conflict, NotFound) as refusal:
            return str(refusal)

    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="push") as pool:
        for outcome in pool.map(send, rows):
            if isinstance(outcome, str):
                refusals.append(outcome)
            else:
                sent.append(outcome)
    return sent, refusals


def _send(lake: Lake, bucket: Bucket, row: LakeFile) -> BucketFile:
    try:
        data = (lake.root / row.path).read_bytes()
    except FileNotFoundError:
        raise NotFound(f"{row.path} is recorded but gone: see `flask verify-lake`") from None
    except OSError as error:
        raise Unavailable(f"{row.path} cannot be read: {error.strerror}") from None
    # What is sent is what was hashed, whoever writes the file meanwhile.
    if hashlib.sha256(data).hexdigest() != row.sha256:
        raise Conflict(f"{row.path} is not what is recorded: it is being written, or see `flask verify-lake`")
    bucket.write(row.path, data, PARQUET)
    if bucket.digest(row.path) != row.sha256:
        raise Conflict(f"{row.path} does not read back from the bucket as it was sent: run it again")
    return known_file(row, footer_digest(data))


@contextmanager
def _alone(sessions: Callable[[], Session], day: date) -> Iterator[None]:
    with ExitStack() as stack:
        try:
            stack.enter_context(files_lock(sessions, day, [_LOCK], LOCK_WAIT_S))
        except Conflict:
            raise Conflict(f"another push is at work on {day}: wait for it, then run this again") from None
        yield

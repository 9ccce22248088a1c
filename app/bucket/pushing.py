"""Bringing a trading day's files to the bucket: what is new or different, verified there, and told last of all."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from sqlalchemy.orm import Session, sessionmaker

from app.bucket.days import BucketDay, BucketFile, read_day, write_day
from app.bucket.objects import Bucket
from app.bucket.sending import AtWork, Sending
from app.errors import Conflict
from app.lake.layout import BARS, TICKS, Lake
from app.lake.locks import files_lock
from app.lake.manifest import list_files
from app.lake.models import LakeFile

LOCK_WAIT_S: Final = 10.0
# No symbol has small letters.
_LOCK: Final = "bucket"


@dataclass(frozen=True, slots=True)
class PushOptions:
    """Which files of a day, and how: `verify` reads what is in the bucket already, `dry_run` brings nothing there.

    `overwrite` replaces files there that are newer than those here or hold more ticks; `adopt` goes on with the lake
    that the bucket has. After the instant `until` of
    `time.monotonic` no other file is begun.
    """

    symbols: Collection[str] | None = None
    verify: bool = False
    dry_run: bool = False
    overwrite: bool = False
    adopt: bool = False
    until: float | None = None


@dataclass(frozen=True, slots=True)
class DayPush:
    """What came of a day: the files brought to the bucket with their bytes, how many were there, and what refused.

    `waiting` tells what another push will do, because somebody is at work on it or the time was over.
    """

    day: date
    sent: tuple[str, ...] = ()
    bytes: int = 0
    kept: int = 0
    refusals: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()


def push_day(
    sessions: sessionmaker[Session], lake: Lake, bucket: Bucket, day: date, options: PushOptions = PushOptions()
) -> DayPush:
    """Bring the recorded files of a trading day to the bucket that it lacks, or of which it has others.

    Every file is hashed before it is sent, must be the one that the manifest of the lake records, and is read back
    whole. The object that names the day's files is written after them, so that a push that is killed changes nothing
    for readers but for a file that was written again; done again, it goes on. Files that only the bucket has stay.
    A file that is gone or damaged, or has a newer one in its place there, is refused and does not keep the others.
    Conflict when what is in the bucket is damaged, AtWork when another push is at work on the day; Unavailable when
    store, disk or database fail.
    """
    with _right(sessions, day, options) as require_right:
        rows = recorded(sessions, day, options.symbols)
        known, sizes = _known(bucket, day, verify=options.verify), object_sizes(bucket, day)
        lacking = list(_lacking(bucket, known, sizes, rows, verify=options.verify))
        refused = {} if options.overwrite else _refused(known, sizes, lacking)
        wanted = [row for row in lacking if row.path not in refused]
        sending = Sending(sessions, lake, bucket, options.until, list(refused.values()))
        if not options.dry_run and wanted:
            sending.send_all(wanted)
        if sending.sent:
            require_right()
            write_day(bucket, known.with_files(sending.sent))
    moved: Sequence[LakeFile | BucketFile] = wanted if options.dry_run else sending.sent
    size, kept = sum(file.bytes for file in moved), len(rows) - len(lacking)
    return DayPush(day, tuple(file.path for file in moved), size, kept, tuple(sending.refusals), tuple(sending.waiting))


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


def _lacking(
    bucket: Bucket, known: BucketDay, sizes: Mapping[str, int], rows: Iterable[LakeFile], *, verify: bool
) -> Iterator[LakeFile]:
    for row in rows:
        told = known.by_path.get(row.path)
        is_there = told is not None and told.sha256 == row.sha256 and sizes.get(row.path) == row.bytes
        # The hash in the day's object was proved when the file was sent; a look at every byte since then is asked for.
        if not is_there or (verify and bucket.digest(row.path) != row.sha256):
            yield row


def _refused(known: BucketDay, sizes: Mapping[str, int], rows: Iterable[LakeFile]) -> dict[str, str]:
    # A lake that was put back from a backup, or is another one, must not take the place of what it does not have.
    found = {}
    for row in rows:
        told = known.by_path.get(row.path)
        if told is None or told.sha256 == row.sha256 or sizes.get(row.path) != told.bytes:
            continue
        if told.written_at > row.written_at or (row.kind == TICKS and told.rows > row.rows):
            found[row.path] = (
                f"{row.path} is newer in the bucket or holds more there, so it stays: bring it here with `flask "
                "lake-pull --overwrite`, or add --overwrite to replace it there"
            )
    return found


def _right(
    sessions: Callable[[], Session], day: date, options: PushOptions
) -> AbstractContextManager[Callable[[], None]]:
    return nullcontext(lambda: None) if options.dry_run else _alone(sessions, day)


@contextmanager
def _alone(sessions: Callable[[], Session], day: date) -> Iterator[Callable[[], None]]:
    with ExitStack() as stack:
        try:
            require_right = stack.enter_context(files_lock(sessions, day, [_LOCK], LOCK_WAIT_S))
        except Conflict:
            raise AtWork(f"another push is at work on {day}: wait for it, then run this again") from None
        yield require_right

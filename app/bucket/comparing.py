"""What is missing or different in the bucket, or here."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy.orm import Session, sessionmaker

from app.bucket.days import BucketFile, read_day
from app.bucket.objects import Bucket
from app.bucket.pushing import object_sizes, recorded
from app.errors import Conflict
from app.lake.models import LakeFile

NOT_THERE: Final = "not in the bucket"
NOT_HERE: Final = "only in the bucket"
DIFFERENT: Final = "different"
DAMAGED: Final = "damaged in the bucket"
PROBLEMS: Final = (NOT_THERE, NOT_HERE, DIFFERENT, DAMAGED)


@dataclass(frozen=True, slots=True)
class Difference:
    """What a comparison found of one file; `problem` is None where both sides have the same."""

    path: str
    problem: str | None
    detail: str = ""
    bytes: int = 0


def compare_day(
    sessions: sessionmaker[Session],
    bucket: Bucket,
    day: date,
    symbols: Collection[str] | None = None,
    *,
    verify: bool = False,
) -> Iterator[Difference]:
    """Compare the recorded files of a trading day with those that the bucket says it has, by path.

    Objects are looked for, and with `verify` read whole; that the lake's own files are sound is not looked at here.
    """
    here = {row.path: row for row in recorded(sessions, day, symbols)}
    try:
        known = read_day(bucket, day)
    except Conflict as refusal:
        yield Difference(f"manifest/date={day}.json", DAMAGED, str(refusal))
        return
    there = known.by_path if known else {}
    sizes = object_sizes(bucket, day) if there else {}
    wanted = {path for path, file in there.items() if symbols is None or file.symbol in symbols}
    for path in sorted(wanted | here.keys()):
        told = there.get(path)
        damage = _damage(bucket, told, sizes, verify=verify) if told else ""
        yield _compared(path, here.get(path), told, damage)


def _compared(path: str, row: LakeFile | None, told: BucketFile | None, damage: str) -> Difference:
    if told is None:
        return Difference(path, NOT_THERE, "`flask lake-push` brings it there")
    if damage:
        return Difference(path, DAMAGED, damage)
    if row is None:
        return Difference(path, NOT_HERE, "`flask lake-pull` brings it here")
    if row.sha256 != told.sha256:
        detail = f"written here {row.written_at:%Y-%m-%d %H:%M} UTC, there {told.written_at:%Y-%m-%d %H:%M} UTC"
        return Difference(path, DIFFERENT, detail)
    return Difference(path, None, bytes=told.bytes)


def _damage(bucket: Bucket, told: BucketFile, sizes: dict[str, int], *, verify: bool) -> str:
    mend = "`flask lake-push --verify` sends it again where it is sound here"
    size = sizes.get(told.path)
    if size is None:
        return f"its object is gone: {mend}"
    if size != told.bytes:
        return f"its object has {size:,} bytes instead of {told.bytes:,}: {mend}"
    if verify and bucket.digest(told.path) != told.sha256:
        return f"its object holds other bytes than were sent: {mend}"
    return ""

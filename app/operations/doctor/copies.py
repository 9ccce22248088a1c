"""Copies of the lake elsewhere: how far the bucket is behind."""

from collections.abc import Iterator

from redis.exceptions import RedisError

from app.errors import ThorError
from app.operations.bucket_keeping import BucketStanding, read_standing
from app.operations.doctor.findings import Finding
from app.operations.doctor.installation import Installation

_MEND = "`flask lake-push` says what is in the way, and docs/operations.md what to do"


def look_at_copies(installation: Installation) -> Iterator[Finding]:
    """Whether the bucket has what the lake has; nothing where no bucket is named or nobody looked yet."""
    try:
        standing = read_standing(installation.stores.redis)
    except (ThorError, RedisError):
        yield Finding("bucket", "unknown", "not looked at, as Redis does not answer")
        return
    if standing is not None:
        yield check_bucket(standing)


def check_bucket(standing: BucketStanding) -> Finding:
    """The bucket has all files of the lake, or will before long."""
    if standing.trouble:
        return Finding("bucket", "wrong", standing.told(), _MEND)
    return Finding("bucket", "warning" if standing.days_behind else "ok", standing.told())

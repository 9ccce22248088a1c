"""Keeping the lake's copy in a bucket: which days it lacks, bringing them there, and how that stands."""

import logging
import random
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Final

from redis import Redis
from sqlalchemy import func, literal, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from app.bucket.plan import BucketPlan
from app.bus import keys
from app.errors import Conflict, ThorError
from app.lake.models import LakeFile
from app.stores import Stores

if TYPE_CHECKING:
    from app.bucket.objects import Bucket
    from app.bucket.pulling import DayPull, Puller
    from app.bucket.pushing import DayPush, PushOptions

log = logging.getLogger(__name__)

PUSH: Final = "push-lake"
# Others wait for the worker meanwhile; it is asked again for the rest.
AT_ONCE: Final = 5
BUDGET_S: Final = 60.0
_DIGEST: Final = func.md5(
    func.string_agg(LakeFile.path + LakeFile.sha256, aggregate_order_by(literal(","), LakeFile.path))
)


@dataclass(frozen=True)
class BucketStanding:
    """How far the bucket is behind the lake, as the tick last saw it: `since` is from when on, None while it is not.

    `trouble` is what the last push stumbled on, empty when it did on nothing.
    """

    place: str
    days_behind: int
    oldest: str = ""
    since: datetime | None = None
    trouble: str = ""

    def told(self) -> str:
        """A line for a person."""
        if not self.days_behind and not self.trouble:
            return f"{self.place} has all files of the lake"
        behind = f"{self.place} lacks files of {self.days_behind:,} days, the first {self.oldest}"
        return f"{behind}: {self.trouble}" if self.trouble else behind


def recorded_days(stores: Stores, start: date | None = None, end: date | None = None) -> list[date]:
    """The trading days of `[start, end)` of which the lake has files, in order."""
    query = select(LakeFile.session_date).distinct().order_by(LakeFile.session_date)
    query = query.where(LakeFile.session_date >= (start or date.min), LakeFile.session_date < (end or date.max))
    with stores.sessions() as session:
        return list(session.scalars(query))


def days_to_push(stores: Stores, place: str) -> list[date]:
    """The trading days whose files are not known to be in the bucket as they are in the lake, in order.

    What is known is kept in Redis; where it was lost, days are looked at in the bucket again, which changes nothing.
    """
    pushed = stores.redis.hgetall(keys.bucket_days(place))
    return [day for day, digest in _digests(stores).items() if pushed.get(day.isoformat()) != digest]


def push_days(
    stores: Stores, bucket: "Bucket", days: Iterable[date], options: "PushOptions | None" = None
) -> Iterator["DayPush"]:
    """Bring the files of one day after the other to the bucket; see `push_day`.

    A day that is refused is told with the reason, and the others go on; what the store or the database fails at ends
    it: Unavailable, Conflict when the store denies access or has the copy of another lake, NotFound without a bucket.
    """
    from app.bucket.days import list_days
    from app.bucket.owner import Ownership
    from app.bucket.pushing import DayPush, PushOptions, push_day
    from app.bucket.sending import AtWork

    options, pushed = options or PushOptions(), keys.bucket_days(bucket.plan.place)
    there = list_days(bucket)  # Whatever is wrong with the way there is wrong for all days.
    now = stores.clock.now()
    Ownership(stores.sessions, bucket, now, adopt=options.adopt, dry_run=options.dry_run).before_push()
    if not options.dry_run:
        _forget_gone(stores.redis, pushed, there)
    for day in days:
        digest = _digests(stores, day).get(day)
        try:
            done = push_day(stores.sessions, stores.lake, bucket, day, options)
        except AtWork as refusal:
            yield DayPush(day, waiting=(str(refusal),))
            continue
        except Conflict as refusal:
            yield DayPush(day, refusals=(str(refusal),))
            continue
        if digest and not (done.refusals or done.waiting or options.dry_run or options.symbols):
            stores.redis.hset(pushed, day.isoformat(), digest)
        yield done


def pull_days(puller: "Puller", days: Iterable[date]) -> Iterator["DayPull"]:
    """Bring the files of one day after the other here, as `push_days` brings them there."""
    from app.bucket.pulling import DayPull

    puller.settle()
    for day in days:
        try:
            yield puller.pull(day)
        except Conflict as refusal:
            yield DayPull(day, refusals=(str(refusal),))


def push_due(stores: Stores, plan: BucketPlan | None) -> int:
    """Bring what the bucket lacks there, some days at a time and for a minute; how many days that were.

    A file that was begun then is sent to its end. What it stumbles on is logged, kept for `read_standing`, and left to
    the next time.
    """
    if plan is None:
        return 0
    from app.bucket.objects import Bucket
    from app.bucket.pushing import PushOptions

    done, trouble, until = 0, "", time.monotonic() + BUDGET_S
    try:
        days = days_to_push(stores, plan.place)
        # In no order, so that some that are refused for ever hold up no other.
        some = sorted(random.sample(days, min(len(days), AT_ONCE)))
        for push in push_days(stores, Bucket(plan), some, PushOptions(until=until)):
            done += not (push.refusals or push.waiting)
            trouble = trouble or next(iter(push.refusals), "")
            if time.monotonic() >= until:
                break
    except ThorError as error:
        trouble = str(error)
    if trouble:
        log.error("the copy of the lake in %s is behind: %s", plan.place, trouble)
    _note_standing(stores, plan.place, trouble)
    return done


def look_at_bucket(stores: Stores, place: str | None) -> bool:
    """Note how far the bucket is behind the lake; whether it is. Without a bucket, nothing is known of one."""
    if place is None:
        stores.redis.delete(keys.BUCKET)
        return False
    return _note_standing(stores, place)


def read_standing(client: Redis) -> BucketStanding | None:
    """How the bucket stood when the tick last looked; None without one."""
    told: Any = client.hgetall(keys.BUCKET)
    if "place" not in told:
        return None
    since_ms = int(told.get("since_ms", 0))
    since = datetime.fromtimestamp(since_ms / 1000, UTC) if since_ms else None
    return BucketStanding(told["place"], int(told["days"]), told["oldest"], since, told.get("trouble", ""))


def _note_standing(stores: Stores, place: str, trouble: str | None = None) -> bool:
    behind: Sequence[date] = days_to_push(stores, place)
    known: Any = stores.redis.hgetall(keys.BUCKET)
    now_ms = int(stores.clock.now().timestamp() * 1000)
    if known.get("place") != place:
        known, trouble = {}, trouble or ""
    since_ms = int(known.get("since_ms", 0)) or now_ms
    told: Any = {
        "place": place,
        "days": len(behind),
        "oldest": behind[0].isoformat() if behind else "",
        "since_ms": since_ms if behind else 0,
    }
    # What the last push stumbled on stays until another one, or until nothing is left to do.
    if trouble is not None or not behind:
        told["trouble"] = trouble if behind else ""
    stores.redis.hset(keys.BUCKET, mapping=told)
    return bool(behind)


def _forget_gone(client: Redis, pushed: str, there: Iterable[date]) -> None:
    known: Any = client.hkeys(pushed)
    if gone := set(known) - {day.isoformat() for day in there}:
        client.hdel(pushed, *gone)


def _digests(stores: Stores, day: date | None = None) -> dict[date, str]:
    query = select(LakeFile.session_date, _DIGEST).group_by(LakeFile.session_date).order_by(LakeFile.session_date)
    if day is not None:
        query = query.where(LakeFile.session_date == day)
    with stores.sessions() as session:
        return dict(session.execute(query).all())

"""Which sequence numbers of a source are not stored on a trading day. Nothing here commits."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime
from itertools import pairwise
from typing import Final, NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

EPOCH_BITS: Final = 32
_BUCKET_BITS: Final = 12
_WHERE: Final = "FROM ticks WHERE session_date = :day AND source = :source"
_BUCKETS: Final = text(f"SELECT seq >> {_BUCKET_BITS}, count(*) {_WHERE} AND seq BETWEEN :first AND :last GROUP BY 1")
_NUMBERS: Final = text(
    f"SELECT seq {_WHERE} AND seq BETWEEN :first AND :last AND seq >> {_BUCKET_BITS} = ANY(:buckets)"
)
_PLACES: Final = text(f"SELECT seq, ts, created_at {_WHERE} AND seq = ANY(:numbers)")
_ELSEWHERE: Final = text(
    "SELECT seq FROM ticks WHERE session_date = ANY(:days) AND source = :source AND seq BETWEEN :first AND :last"
)
_DEAD: Final = text(
    "SELECT (fields->>'seq')::numeric FROM dead_letters WHERE source = :source AND session_date = ANY(:days) "
    r"AND state <> 'redriven' AND fields->>'seq' ~ '^\d{1,19}$'"
)
# The newest rows of each symbol, found by the index: near enough to the newest number, at little cost.
_NEWEST: Final = text(
    "SELECT max(newest.seq) FROM reconciliations r, LATERAL (SELECT seq FROM ticks t WHERE t.session_date = :day "
    "AND t.symbol = r.symbol AND t.source = :source AND t.seq >> 32 = :epoch ORDER BY t.ts DESC LIMIT 1) newest "
    "WHERE r.session_date = :day AND r.source = :source"
)


class Stretch(NamedTuple):
    """Numbers from `first` to `last`, both included."""

    first: int
    last: int


class Place(NamedTuple):
    """When the event of a number happened, and when it was stored."""

    ts: datetime
    stored_at: datetime


def stored_stretches(session: Session, day: date, source: str, whole: Stretch) -> list[Stretch]:
    """The stretches of `whole` that ticks of the source on that day have as their numbers, in no order."""
    asked = {"day": day, "source": source, "first": whole.first, "last": whole.last}
    there: list[Stretch] = []
    partial: list[int] = []
    for bucket, count in session.execute(_BUCKETS, asked):
        part = _common(Stretch(bucket << _BUCKET_BITS, (bucket + 1 << _BUCKET_BITS) - 1), whole)
        if count > part.last - part.first:
            there.append(part)
        else:
            partial.append(bucket)
    return there + singles(session.scalars(_NUMBERS, {**asked, "buckets": partial}))


def singles(numbers: Iterable[int]) -> list[Stretch]:
    """Each number as a stretch of its own."""
    return [Stretch(number, number) for number in numbers]


def places_of(session: Session, day: date, source: str, numbers: Collection[int]) -> dict[int, Place]:
    """The places of those of `numbers` that are stored on the day."""
    rows = session.execute(_PLACES, {"day": day, "source": source, "numbers": list(numbers)})
    return {seq: Place(ts, stored_at) for seq, ts, stored_at in rows}


def accounted_elsewhere(session: Session, source: str, others: Sequence[date], day: date, within: Stretch) -> set[int]:
    """Numbers that are no gap of `day`: stored on one of the `others`, or those of dead letters."""
    asked = {"source": source, "days": list(others), "first": within.first, "last": within.last}
    stored = set(session.scalars(_ELSEWHERE, asked)) if others else set()
    return stored | {int(seq) for seq in session.scalars(_DEAD, {"source": source, "days": [*others, day]})}


def newest_number(session: Session, day: date, source: str, epoch: int) -> int | None:
    """About the newest number under a fencing token on a trading day that has been balanced; None when it has none."""
    found: int | None = session.scalar(_NEWEST, {"day": day, "source": source, "epoch": epoch})
    return found


def without(whole: Stretch, taken: Iterable[Stretch]) -> list[Stretch]:
    """What is left of `whole`, in order, when other stretches are taken away."""
    left: list[Stretch] = []
    first = whole.first
    for hole in sorted(taken):
        if hole.last < first or hole.first > whole.last:
            continue
        if hole.first > first:
            left.append(Stretch(first, hole.first - 1))
        first = hole.last + 1
    if first <= whole.last:
        left.append(Stretch(first, whole.last))
    return left


def common_count(stretches: Iterable[Stretch], other: Stretch) -> int:
    """How many numbers of the stretches are in `other`."""
    parts = (_common(stretch, other) for stretch in stretches)
    return sum(max(0, part.last - part.first + 1) for part in parts)


def few(stretches: list[Stretch], limit: int) -> list[Stretch]:
    """The stretches, those that are nearest to each other made one until there are at most `limit`."""
    if len(stretches) <= limit:
        return stretches
    distances = sorted(later.first - earlier.last for earlier, later in pairwise(stretches))
    near = distances[len(stretches) - limit - 1]
    joined = stretches[:1]
    for stretch in stretches[1:]:
        if stretch.first - joined[-1].last <= near:
            joined[-1] = Stretch(joined[-1].first, stretch.last)
        else:
            joined.append(stretch)
    return joined


def _common(one: Stretch, other: Stretch) -> Stretch:
    return Stretch(max(one.first, other.first), min(one.last, other.last))

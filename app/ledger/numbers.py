"""Which sequence numbers of a source are not stored on a trading day. Nothing here commits."""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime
from itertools import accumulate, pairwise
from typing import Final, NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

_BUCKET_BITS: Final = 12
_WHERE: Final = "FROM ticks WHERE session_date = :day AND source = :source"
_BUCKETS: Final = text(f"SELECT seq >> {_BUCKET_BITS}, count(*) {_WHERE} AND seq BETWEEN :first AND :last GROUP BY 1")
_NUMBERS: Final = text(
    f"SELECT seq {_WHERE} AND seq BETWEEN :first AND :last AND seq >> {_BUCKET_BITS} = ANY(:buckets)"
)
_PLACES: Final = text(f"SELECT seq, ts, recv_ts, created_at {_WHERE} AND seq = ANY(:numbers)")
_ELSEWHERE: Final = text(
    "SELECT seq FROM ticks WHERE session_date = ANY(:days) AND source = :source AND seq BETWEEN :first AND :last"
)
_DEAD: Final = text(
    "SELECT (fields->>'seq')::numeric FROM dead_letters WHERE source = :source AND session_date = ANY(:days) "
    r"AND state <> 'redriven' AND fields->>'seq' ~ '^\d{1,19}$'"
)


class Stretch(NamedTuple):
    """Numbers from `first` to `last`, both included."""

    first: int
    last: int


class Place(NamedTuple):
    """When the event of a number happened, when its collector had it, and when it was stored."""

    ts: datetime
    received_at: datetime
    stored_at: datetime


class Holes:
    """Stretches of numbers that are missing, in order and apart from each other."""

    def __init__(self, stretches: Sequence[Stretch]) -> None:
        self._stretches = stretches
        self._sums = list(accumulate((last - first + 1 for first, last in stretches), initial=0))

    def within(self, other: Stretch) -> int:
        """How many numbers of `other` are missing."""
        below = bisect_left(self._stretches, other.first, key=_last_of)
        above = bisect_right(self._stretches, other.last, key=_first_of)
        if below >= above:
            return 0
        cut = max(0, other.first - self._stretches[below].first) + max(0, self._stretches[above - 1].last - other.last)
        return self._sums[above] - self._sums[below] - cut

    def outside(self, others: Iterable[Stretch]) -> list[Stretch]:
        """The stretches, or what is left of them, that are missing and in none of the `others`."""
        if not self._stretches:
            return []
        whole = Stretch(self._stretches[0].first, self._stretches[-1].last)
        return without(whole, [*without(whole, self._stretches), *others])


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
    return {row[0]: Place(*row[1:]) for row in rows}


def accounted_elsewhere(session: Session, source: str, others: Sequence[date], day: date, within: Stretch) -> set[int]:
    """Numbers that are no gap of `day`: stored on one of the `others`, or those of dead letters."""
    asked = {"source": source, "days": list(others), "first": within.first, "last": within.last}
    stored = set(session.scalars(_ELSEWHERE, asked)) if others else set()
    return stored | {int(seq) for seq in session.scalars(_DEAD, {"source": source, "days": [*others, day]})}


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


def sides_of(stretch: Stretch, stored: Sequence[Stretch]) -> tuple[int | None, int | None]:
    """The nearest numbers below and above the stretch that are `stored`, which is sorted; None where there are none."""
    below = bisect_left(stored, stretch.first, key=_first_of)
    above = bisect_right(stored, stretch.last, key=_first_of)
    return (stored[below - 1].last if below else None), (stored[above].first if above < len(stored) else None)


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


def _first_of(stretch: Stretch) -> int:
    return stretch.first


def _last_of(stretch: Stretch) -> int:
    return stretch.last

"""In which minutes of a trading day a source was alive: bitmaps over the day's roll window, and their table.

Bit 7 - i % 8 of byte i // 8 is the minute that begins i minutes after the window does. Nothing here commits.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.ledger.models import FeedCoverage
from app.market.market import Market
from app.market.sessions import RollWindow

if TYPE_CHECKING:
    import pyarrow as pa

MINUTE: Final = timedelta(minutes=1)
# A feed that was alive this many minutes before and after a silent minute was alive in it.
REACH_MINUTES: Final = 2
_MINUTE_US: Final = 60_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time `[start, end)`, UTC."""

    start: datetime
    end: datetime


def window_on(market: Market, day: date) -> RollWindow | None:
    """The roll window of a trading day; None when the market has no session on it."""
    hours = market.session(day)
    return market.window_of(hours.open) if hours else None


def cover_events(window: RollWindow, times_us: "Iterable[int] | pa.Array | pa.ChunkedArray") -> bytes:
    """The minutes in which a source was alive, by the times of its events of any symbol, in any order.

    Times are microseconds since 1970 UTC, or an Arrow column of such instants. Covered are the minutes with an event,
    and those with an event at most two minutes before and one at most two minutes after; all of them in the window.
    """
    start = (window.start - _EPOCH) // timedelta(microseconds=1)
    count = _minutes(window)
    eventful = {minute for minute in _distinct_minutes(times_us, start) if 0 <= minute < count}
    return _written(window, _bridged(_marked(eventful, count), count))


def cover_span(window: RollWindow, span: Span) -> bytes:
    """The minutes that lie wholly inside of a span."""
    first = max(0, -((window.start - span.start) // MINUTE))
    last = min(_minutes(window), (span.end - window.start) // MINUTE)
    return _written(window, _marked(range(first, last), _minutes(window)))


def unite(*bitmaps: bytes) -> bytes:
    """The minutes of any of the bitmaps; a shorter one has no minutes where it ends."""
    length = max(map(len, bitmaps), default=0)
    united = 0
    for bitmap in bitmaps:
        united |= int.from_bytes(bitmap.ljust(length, b"\0"))
    return united.to_bytes(length)


def covered_spans(window: RollWindow, minutes: bytes, within: Span) -> list[Span]:
    """The stretches of `within` in covered minutes, in order; the ends are those of minutes or of `within`."""
    return _spans(window, minutes, within, covered=True)


def uncovered_spans(window: RollWindow, minutes: bytes, within: Span) -> list[Span]:
    """The stretches of `within` in minutes that are not covered, in order."""
    return _spans(window, minutes, within, covered=False)


def covered_share(window: RollWindow, minutes: bytes, within: Span) -> float:
    """The share of the minutes which `within` touches that is covered, 0 to 1."""
    first, last = (within.start - window.start) // MINUTE, -((window.start - within.end) // MINUTE)
    return sum(is_covered(minutes, minute) for minute in range(first, last)) / max(1, last - first)


def is_covered(minutes: bytes, minute: int) -> bool:
    """Whether the minute of that number is covered; minutes that the bitmap does not have are not."""
    return 0 <= minute < 8 * len(minutes) and bool(minutes[minute // 8] >> 7 - minute % 8 & 1)


def read_coverage(
    session: Session, days: Collection[date], sources: Collection[str] | None = None
) -> dict[tuple[str, date], FeedCoverage]:
    """What is recorded of trading days, by source and day; all sources by default."""
    query = select(FeedCoverage).where(FeedCoverage.session_date.in_(days))
    if sources is not None:
        query = query.where(FeedCoverage.source.in_(sources))
    found = session.scalars(query.execution_options(populate_existing=True))
    return {(row.source, row.session_date): row for row in found}


def merge_coverage(session: Session, source: str, day: date, minutes: bytes, now: datetime) -> None:
    """Add minutes to those recorded of a source on a trading day; none is ever taken away."""
    merge_coverages(session, {(source, day): minutes}, now)


def merge_coverages(session: Session, minutes: Mapping[tuple[str, date], bytes], now: datetime) -> None:
    """As `merge_coverage`, of several sources and days; what another does at the same time is not lost."""
    # Sorted, so that two writers take their locks in the same order.
    for (source, day), bitmap in sorted(minutes.items()):
        row = {"source": source, "session_date": day, "minutes": b"", "updated_at": now}
        session.execute(insert(FeedCoverage).values(row).on_conflict_do_nothing())
        key = (FeedCoverage.source == source, FeedCoverage.session_date == day)
        query = select(FeedCoverage).where(*key).with_for_update()
        found = session.scalars(query.execution_options(populate_existing=True)).one()
        found.minutes = unite(found.minutes, bitmap)
        found.updated_at = max(found.updated_at, now)
        session.flush()


def _minutes(window: RollWindow) -> int:
    return (window.end - window.start) // MINUTE


def _distinct_minutes(times_us: "Iterable[int] | pa.Array | pa.ChunkedArray", start_us: int) -> set[int]:
    if not hasattr(times_us, "cast"):
        return {(time - start_us) // _MINUTE_US for time in times_us}
    import pyarrow.compute as pc  # Whoever has a column has loaded it.

    # What lies before the window is rounded towards it, and is cut off therefore.
    since = pc.subtract(times_us.cast("int64"), start_us)
    minutes = pc.divide(pc.filter(since, pc.greater_equal(since, 0)), _MINUTE_US)
    return set(pc.unique(minutes.drop_null()).to_pylist())


def _marked(minutes: Iterable[int], count: int) -> int:
    marked = bytearray(b"0" * count)
    for minute in minutes:
        marked[minute] = ord("1")
    return int(marked, 2) if count else 0


def _bridged(minutes: int, count: int) -> int:
    # The first minute is the highest bit: a shift to the right moves a mark to later minutes.
    before = after = 0
    for reach in range(1, REACH_MINUTES + 1):
        before |= minutes >> reach
        after |= minutes << reach
    return (minutes | before & after) & ((1 << count) - 1)


def _written(window: RollWindow, minutes: int) -> bytes:
    count = _minutes(window)
    length = -(-count // 8)
    return (minutes << 8 * length - count).to_bytes(length)


def _spans(window: RollWindow, minutes: bytes, within: Span, *, covered: bool) -> list[Span]:
    found: list[Span] = []
    at, end = max(within.start, window.start), min(within.end, window.end)
    while at < end:
        minute = (at - window.start) // MINUTE
        following = min(end, window.start + (minute + 1) * MINUTE)
        if is_covered(minutes, minute) == covered:
            if found and found[-1].end == at:
                found[-1] = Span(found[-1].start, following)
            else:
                found.append(Span(at, following))
        at = following
    return found

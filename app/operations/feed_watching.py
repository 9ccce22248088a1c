"""Feed gaps of a trading day: times of an open market in which nothing shows that a source was alive."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any, Final

from redis import Redis
from sqlalchemy.orm import Session

from app.bus import keys
from app.ledger.coverage import (
    MINUTE,
    REACH_MINUTES,
    Span,
    cover_events,
    merge_coverages,
    read_coverage,
    uncovered_spans,
    unite,
    window_on,
)
from app.ledger.gaps import GapFilter, event_minutes, read_gaps
from app.ledger.models import Gap
from app.market.sessions import RollWindow
from app.operations.collecting import is_wanted
from app.operations.day_figures import DayCount
from app.quotes import SOURCES
from app.stores import Stores

NOT_LIVE: Final = frozenset({"REPLAY"})


def watch_feeds(stores: Stores, session: Session, counted: DayCount) -> None:
    """Record when the day's sources were alive, and the gaps between, as far as the market was open.

    Sources are those with ticks on the day and, on the running day, those that are wanted. The running minute and the
    two before it, which a coming event may still bridge, are left for later.
    """
    day, now = counted.day, stores.clock.now()
    window, hours = window_on(stores.market, day), stores.market.session(day)
    if window is None or hours is None:
        return
    live = {run.source for run in counted.runs}
    if stores.market.session_of(now) == day:
        live |= {source for source in SOURCES if is_wanted(stores, source)}
    _fold_coverage(stores, session, window, sorted(live), now)
    known = Span(hours.open, min(hours.close, _whole_minute(now) - REACH_MINUTES * MINUTE))
    covered = read_coverage(session, [day])
    for source in sorted(live - NOT_LIVE):
        spans = uncovered_spans(window, covered[source, day].minutes, known) if known.start < known.end else []
        _record(session, source, day, spans, now)


def _fold_coverage(stores: Stores, session: Session, window: RollWindow, sources: Sequence[str], now: datetime) -> None:
    found = {}
    for source in sources:
        events = cover_events(window, event_minutes(session, window.day, source))
        found[source, window.day] = unite(events, _heartbeats(stores.raw_redis, source, window.day))
    merge_coverages(session, found, now)


def _heartbeats(raw: Redis, source: str, day: date) -> bytes:
    told: Any = raw.get(keys.alive(source, day))
    return bytes(told or b"")


def _record(session: Session, source: str, day: date, spans: Sequence[Span], now: datetime) -> None:
    left = list(spans)
    for gap in read_gaps(session, GapFilter("feed", source, day)):
        if gap.state == "backfilled":
            continue
        inside = [span for span in left if span.start < gap.to_ts and gap.from_ts < span.end]
        if inside:
            gap.from_ts, gap.to_ts = inside[0].start, inside[0].end
            left.remove(inside[0])
        else:
            gap.state, gap.closed_at = "backfilled", now
    session.add_all(_made(source, day, span, now) for span in left)


def _made(source: str, day: date, span: Span, now: datetime) -> Gap:
    return Gap(
        kind="feed",
        source=source,
        session_date=day,
        from_seq=0,
        to_seq=0,
        missing=0,
        from_ts=span.start,
        to_ts=span.end,
        symbols={},
        cause="unknown",
        state="open",
        found_at=now,
    )


def _whole_minute(now: datetime) -> datetime:
    return now.astimezone(UTC).replace(second=0, microsecond=0)

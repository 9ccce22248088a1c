"""Feed gaps of a trading day: times of an open market in which nothing shows that a source was alive."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final

from redis import Redis
from sqlalchemy.orm import Session

from app.bus import keys
from app.instruments.hours import hours_on, sessions_on
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
from app.operations.day_figures import DayCount
from app.operations.wishes import is_wanted, symbols_wanted
from app.quotes import SOURCES
from app.stores import Stores

NOT_LIVE: Final = frozenset({"REPLAY"})


def watch_feeds(stores: Stores, session: Session, counted: DayCount) -> None:
    """Record when the day's sources were alive, and the gaps between, as far as a market of their symbols was open.

    Sources are those with ticks on the day and, on the running day, those that are wanted; their symbols are those with
    ticks and those that they are to collect. The running minute and the two before it, which a coming event may still
    bridge, are left for later.
    """
    day, now = counted.day, stores.clock.now()
    window = window_on(stores.market, day)
    if window is None:
        return
    carried = _carried(stores, session, counted, is_running=stores.market.session_of(now) == day)
    _fold_coverage(stores, session, window, sorted(carried), now)
    covered = read_coverage(session, [day])
    for source in sorted(carried.keys() - NOT_LIVE):
        gaps = [gap for gap in read_gaps(session, GapFilter("feed", source, day)) if gap.state != "backfilled"]
        expected = _until(_expected(stores, day, carried[source], gaps), _whole_minute(now) - REACH_MINUTES * MINUTE)
        minutes = covered[source, day].minutes
        spans = [gone for span in expected for gone in uncovered_spans(window, minutes, span)]
        _record(session, source, day, gaps, spans, now)


def _carried(stores: Stores, session: Session, counted: DayCount, *, is_running: bool) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for run in counted.runs:
        found.setdefault(run.source, set()).add(run.symbol)
    for source in SOURCES if is_running else ():
        if is_wanted(stores, source):
            found.setdefault(source, set()).update(symbols_wanted(stores, session, source))
    return found


def _expected(stores: Stores, day: date, symbols: Iterable[str], gaps: Sequence[Gap]) -> list[Span]:
    hours = [hours_on(stores.markets, symbol, day) for symbol in symbols]
    spans = [Span(one.open, one.close) for one in hours if one is not None]
    # What was missed while the day ran stays so, also where no tick shows afterwards what the source was to collect.
    for one in sessions_on(stores.markets, day):
        spans += [Span(max(gap.from_ts, one.open), min(gap.to_ts, one.close)) for gap in gaps]
    return _united(spans)


def _united(spans: Sequence[Span]) -> list[Span]:
    found: list[Span] = []
    for span in sorted((one for one in spans if one.start < one.end), key=lambda one: one.start):
        if found and span.start <= found[-1].end:
            found[-1] = Span(found[-1].start, max(found[-1].end, span.end))
        else:
            found.append(span)
    return found


def _until(spans: Sequence[Span], end: datetime) -> list[Span]:
    return [Span(span.start, min(span.end, end)) for span in spans if span.start < end]


def _fold_coverage(stores: Stores, session: Session, window: RollWindow, sources: Sequence[str], now: datetime) -> None:
    found = {}
    for source in sources:
        events = cover_events(window, event_minutes(session, window.day, source))
        found[source, window.day] = unite(events, _heartbeats(stores.raw_redis, source, window.day))
    merge_coverages(session, found, now)


def _heartbeats(raw: Redis, source: str, day: date) -> bytes:
    told: Any = raw.get(keys.alive(source, day))
    return bytes(told or b"")


def _record(
    session: Session, source: str, day: date, gaps: Sequence[Gap], spans: Sequence[Span], now: datetime
) -> None:
    left = list(spans)
    for gap in gaps:
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

"""What the opens and closes of markets ask for at an instant: decided from the calendars and from what is recorded."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple

from app.desk.events import EventKey
from app.ledger.coverage import MINUTE, REACH_MINUTES
from app.market.market import Market
from app.market.sessions import Session

# The last events of a session are on their way for a while after its close, and only then it shows until when its feeds
# were alive.
SETTLING: Final = REACH_MINUTES * MINUTE
LATE_AFTER: Final = timedelta(seconds=60)
# Of an outage that was longer, the sessions in its middle are not recorded: nothing can be left of them.
CATCH_UP: Final = timedelta(days=92)
# Of older sessions none is planned for the first time.
ENDED_LATELY: Final = timedelta(days=7)
ONE_DAY: Final = timedelta(days=1)


class Planned(NamedTuple):
    """An event that has not ended: when it was due as it was planned, and whether it has begun."""

    key: EventKey
    due_at: datetime
    is_started: bool = False


@dataclass(frozen=True)
class Record:
    """What is recorded: the events that have not ended, those that have of sessions in `ENDED_LATELY`, and the newest
    session of each market that was planned. `closed_at` is when those of the closes ended that were done."""

    unfinished: Sequence[Planned] = ()
    ended: Collection[EventKey] = ()
    last: Mapping[str, date] = field(default_factory=dict)
    closed_at: Mapping[EventKey, datetime] = field(default_factory=dict)


@dataclass(frozen=True)
class PlanEvent:
    """An open or close lies ahead, or was missed, and is not recorded with this time."""

    key: EventKey
    due_at: datetime


@dataclass(frozen=True)
class SkipEvent:
    """There is nothing left to do at an event."""

    key: EventKey
    reason: str


@dataclass(frozen=True)
class OpenSession:
    """A session runs that was not opened."""

    market: str
    day: date


@dataclass(frozen=True)
class BeginClose:
    """A session has just ended."""

    market: str
    day: date


@dataclass(frozen=True)
class CloseSession:
    """A session has ended, and its last events have had the time to arrive."""

    market: str
    day: date


EventStep = PlanEvent | SkipEvent | OpenSession | BeginClose | CloseSession


def plan_events(
    markets: Iterable[Market], record: Record, now: datetime, left: Iterable[Market] = ()
) -> list[EventStep]:
    """The steps for events up to `now`, in the order in which they were due, after those that plan what lies ahead.

    Of a market that was never planned the running session is the first, else the coming one. An open is acted on while
    its session runs, and skipped afterwards; a close is acted on however late. The next session is always planned, and
    sessions that the calendar has got, moved or lost since are followed. Of the markets that were `left` nothing is
    planned; what was planned before is closed, and not opened.
    """
    watched = {market.name: market for market in markets}
    known = {market.name: market for market in left} | watched
    recorded = {event.key: event for event in record.unfinished if event.key.market in known}
    news = [plan for market in watched.values() for plan in _news(market, recorded, record, now)]
    events = {**recorded, **{plan.key: Planned(plan.key, plan.due_at) for plan in news}}
    due = sorted(events.values(), key=lambda event: (event.due_at, event.key.event, event.key.market))
    steps = _steps(known, due, now)
    return [*news, *(step if _market_of(step) in watched else _unopened(step) for step in steps)]


def _market_of(step: EventStep) -> str:
    return step.key.market if isinstance(step, PlanEvent | SkipEvent) else step.market


def _unopened(step: EventStep) -> EventStep:
    if not isinstance(step, OpenSession):
        return step
    return SkipEvent(EventKey(step.market, step.day, "open"), "no instrument of that market is watched any more")


def _news(market: Market, recorded: Mapping[EventKey, Planned], record: Record, now: datetime) -> Iterator[PlanEvent]:
    first_new, following = _expected(market, record.last.get(market.name), now)
    waiting = [key.day for key in recorded if key.market == market.name]
    # A session may have become shorter than it was planned, and be over by that.
    first = max(min([first_new, *waiting]), (now - CATCH_UP).date())
    for hours in market.sessions(min(first, following), following + ONE_DAY):
        for plan in _plans(market.name, hours):
            event = recorded.get(plan.key)
            if event is not None:
                is_news = event.due_at != plan.due_at and not event.is_started
            else:
                is_new = hours.day >= first_new and plan.key not in record.ended
                # A close that ended before its session did was none.
                is_news = is_new or record.closed_at.get(plan.key, plan.due_at) < plan.due_at
            if is_news:
                yield plan


def _expected(market: Market, last: date | None, now: datetime) -> tuple[date, date]:
    present = market.window_of(now)
    following = market.window_of(present.end).day
    running = market.session(present.day)
    coming = present.day if running and now < running.close else following
    return (coming if last is None else min(coming, last + ONE_DAY)), following


def _plans(market: str, hours: Session) -> tuple[PlanEvent, PlanEvent]:
    opens, closes = EventKey(market, hours.day, "open"), EventKey(market, hours.day, "close")
    return PlanEvent(opens, hours.open), PlanEvent(closes, hours.close)


def _steps(markets: Mapping[str, Market], due: Sequence[Planned], now: datetime) -> Iterator[EventStep]:
    for event in due:
        if event.due_at > now:
            continue
        market = markets[event.key.market]
        hours = market.session(event.key.day)
        if hours is not None:
            yield from _step(event, hours, now)
        elif market.state_at(now).today.day > event.key.day:
            # Until then the day may get its session back.
            yield SkipEvent(event.key, "the calendar has no session on that day any more")


def _step(event: Planned, hours: Session, now: datetime) -> Iterator[EventStep]:
    market, day, name = event.key
    if name == "open":
        if now < hours.close:
            yield OpenSession(market, day)
        elif event.is_started:
            yield SkipEvent(event.key, "it was begun, and nobody ended it until the session was over")
        else:
            yield SkipEvent(event.key, "nobody saw to it until the session was over")
        return
    if not event.is_started:
        yield BeginClose(market, day)
    if now >= hours.close + SETTLING:
        yield CloseSession(market, day)

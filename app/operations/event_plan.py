"""What the opens and closes of markets ask for at an instant: decided from the calendars and from what is recorded."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
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


class Planned(NamedTuple):
    """An event that has not ended: when it was due as it was planned, and whether it has begun."""

    key: EventKey
    due_at: datetime
    is_started: bool = False


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
    markets: Iterable[Market], unfinished: Sequence[Planned], last: Mapping[str, date], now: datetime
) -> list[EventStep]:
    """The steps for events up to `now`, in the order in which they were due, after those that plan what lies ahead.

    `unfinished` are the recorded events of these markets that have not ended, `last` the newest session of each market
    of which the close is recorded. Without any the running session is the first, else the coming one. An open is acted
    on while its session runs, and skipped afterwards; a close is acted on however late. The next session is always
    planned.
    """
    known = {market.name: market for market in markets}
    recorded = {event.key: event for event in unfinished if event.key.market in known}
    plans = [plan for market in known.values() for plan in _plans(market, last.get(market.name), now)]
    missing = [plan for plan in plans if _is_news(plan, recorded, last)]
    events = {**recorded, **{plan.key: Planned(plan.key, plan.due_at) for plan in missing}}
    due = sorted(events.values(), key=lambda event: (event.due_at, event.key.event, event.key.market))
    return [*missing, *_steps(known, due, now)]


def _plans(market: Market, last: date | None, now: datetime) -> Iterator[PlanEvent]:
    present = market.session_of(now)
    running = market.session(present)
    following = market.window_of(market.window_of(now).end)
    first = last or (present if running and now < running.close else following.day)
    first = max(first, (now - CATCH_UP).date())
    for hours in market.sessions(min(first, following.day), following.day + timedelta(days=1)):
        yield PlanEvent(EventKey(market.name, hours.day, "open"), hours.open)
        yield PlanEvent(EventKey(market.name, hours.day, "close"), hours.close)


def _is_news(plan: PlanEvent, recorded: Mapping[EventKey, Planned], last: Mapping[str, date]) -> bool:
    event = recorded.get(plan.key)
    if event is not None:
        return event.due_at != plan.due_at and not event.is_started
    newest = last.get(plan.key.market)
    return newest is None or plan.key.day > newest


def _steps(markets: Mapping[str, Market], due: Sequence[Planned], now: datetime) -> Iterator[EventStep]:
    for event in due:
        if event.due_at > now:
            continue
        hours = markets[event.key.market].session(event.key.day)
        if hours is None:
            yield SkipEvent(event.key, "the calendar has no session on that day any more")
        else:
            yield from _step(event, hours, now)


def _step(event: Planned, hours: Session, now: datetime) -> Iterator[EventStep]:
    market, day, name = event.key
    if name == "open":
        if now < hours.close:
            yield OpenSession(market, day)
        else:
            yield SkipEvent(event.key, "nobody saw to it until the session was over")
        return
    if not event.is_started:
        yield BeginClose(market, day)
    if now >= hours.close + SETTLING:
        yield CloseSession(market, day)

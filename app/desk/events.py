"""What is to be done at opens and closes, each once. Nothing here commits."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Literal, NamedTuple

from sqlalchemy import ColumnElement, and_, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, aliased

from app.desk.models import MarketEvent

EventName = Literal["open", "close"]
Ending = Literal["done", "late", "skipped"]


class EventKey(NamedTuple):
    """Which event is meant."""

    market: str
    day: date
    event: EventName


def plan_event(session: Session, key: EventKey, due_at: datetime) -> bool:
    """Plan an event, unless it is known; whether it was not. One that has not begun gets the new time.

    So does a close that was done before the new time: its session went on, and is to be closed again.
    """
    values = {"market": key.market, "session_date": key.day, "event": key.event, "due_at": due_at}
    statement = insert(MarketEvent).values(values).on_conflict_do_nothing().returning(MarketEvent.market)
    if session.scalar(statement) is not None:
        return True
    moved = (MarketEvent.status == "planned", MarketEvent.due_at != due_at)
    session.execute(update(MarketEvent).where(*_is(key), *moved).values(due_at=due_at))
    too_early = (MarketEvent.event == "close", MarketEvent.done_at < due_at)
    never = dict.fromkeys(("started_at", "done_at", "late_s"))
    afresh: dict[str, Any] = {"due_at": due_at, "status": "planned", "reason": "", "detail": {}, **never}
    session.execute(update(MarketEvent).where(*_is(key), *too_early).values(afresh))
    return False


def last_planned(session: Session) -> dict[str, date]:
    """The newest session of each market of which open and close are known; one that was only closed by hand, as past
    ones are, was not planned."""
    opened = aliased(MarketEvent)
    is_same = and_(opened.market == MarketEvent.market, opened.session_date == MarketEvent.session_date)
    newest = select(MarketEvent.market, func.max(MarketEvent.session_date)).join(opened, is_same)
    planned = newest.where(MarketEvent.event == "close", opened.event == "open").group_by(MarketEvent.market)
    return dict(session.execute(planned).all())


def ended_since(session: Session, first: date) -> dict[EventKey, datetime]:
    """The events of sessions from a day on that have ended, and when."""
    ended = select(MarketEvent).where(MarketEvent.session_date >= first, MarketEvent.done_at.is_not(None))
    found = session.scalars(ended.execution_options(populate_existing=True))
    return {key_of(event): event.done_at for event in found if event.done_at is not None}


def unfinished(session: Session, until: datetime | None = None) -> list[MarketEvent]:
    """The events that are planned or begun and due at `until`, all of them by default, in the order in which they are
    due."""
    query = select(MarketEvent).where(MarketEvent.done_at.is_(None))
    if until is not None:
        query = query.where(MarketEvent.due_at <= until)
    ordered = query.order_by(MarketEvent.due_at, MarketEvent.event, MarketEvent.market)
    return list(session.scalars(ordered.execution_options(populate_existing=True)))


def find_event(session: Session, key: EventKey) -> MarketEvent | None:
    """An event; None when it was never planned."""
    return session.scalar(select(MarketEvent).where(*_is(key)).execution_options(populate_existing=True))


def events_of(session: Session, market: str, day: date) -> list[MarketEvent]:
    """What is known of a session's open and close, in that order."""
    query = select(MarketEvent).where(MarketEvent.market == market, MarketEvent.session_date == day)
    return list(session.scalars(query.order_by(MarketEvent.due_at, MarketEvent.event.desc())))


def closes_between(session: Session, first: date, last: date) -> list[MarketEvent]:
    """The closes of the sessions from a day to another, both included, by day and market."""
    days = (MarketEvent.session_date >= first, MarketEvent.session_date <= last)
    query = select(MarketEvent).where(MarketEvent.event == "close", *days)
    ordered = query.order_by(MarketEvent.session_date, MarketEvent.market)
    return list(session.scalars(ordered.execution_options(populate_existing=True)))


def start_event(session: Session, key: EventKey, now: datetime) -> bool:
    """Begin an event that is planned; False when it has begun, or ended, before."""
    begun = update(MarketEvent).where(*_is(key), MarketEvent.status == "planned")
    values = {"status": "started", "started_at": now}
    return session.scalar(begun.values(values).returning(MarketEvent.market)) is not None


def end_event(
    session: Session,
    key: EventKey,
    now: datetime,
    ending: Ending,
    reason: str = "",
    detail: dict[str, Any] | None = None,
) -> bool:
    """End an event for good; False, and nothing changed, when it has ended before."""
    late_s = func.greatest(0, func.floor(func.extract("epoch", now - MarketEvent.due_at)))
    values = {"status": ending, "done_at": now, "late_s": late_s, "reason": reason, "detail": detail or {}}
    ended = update(MarketEvent).where(*_is(key), MarketEvent.done_at.is_(None)).values(values)
    return session.scalar(ended.returning(MarketEvent.market)) is not None


def key_of(event: MarketEvent) -> EventKey:
    """Which event a row is."""
    return EventKey(event.market, event.session_date, "open" if event.event == "open" else "close")


def _is(key: EventKey) -> Sequence[ColumnElement[bool]]:
    return (MarketEvent.market == key.market, MarketEvent.session_date == key.day, MarketEvent.event == key.event)

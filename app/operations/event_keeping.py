"""Seeing to the opens and closes of the desk's markets: what is due, from the database, and keeping account of it."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final

from app.desk.events import (
    Ending,
    EventKey,
    end_event,
    ended_since,
    find_event,
    key_of,
    last_planned,
    plan_event,
    start_event,
    unfinished,
)
from app.operations.desk import desk_markets, left_markets
from app.operations.event_plan import ENDED_LATELY, LATE_AFTER, EventStep, Planned, Record, plan_events
from app.operations.sole_rights import sole_right
from app.stores import Stores

log = logging.getLogger(__name__)

_LOCKS: Final = 7_310  # The advisory locks of whoever works at an event; the number has no other meaning.


def due_events(stores: Stores) -> list[EventStep]:
    """What the opens and closes up to now ask for; see `plan_events`."""
    with stores.sessions() as session:
        now = stores.clock.now()
        waiting = [Planned(key_of(event), event.due_at, event.status == "started") for event in unfinished(session)]
        ended = ended_since(session, (now - ENDED_LATELY).date())
        closed_at = {key: at for key, at in ended.items() if key.event == "close"}
        record = Record(waiting, ended, last_planned(session), closed_at)
        return plan_events(desk_markets(stores, session), record, now, left_markets(stores, session))


def record_plan(stores: Stores, key: EventKey, due_at: datetime) -> None:
    """Record an event that lies ahead, or its new time."""
    with stores.sessions.begin() as session:
        plan_event(session, key, due_at)


def record_skip(stores: Stores, key: EventKey, reason: str) -> None:
    """Record that there is nothing left to do at an event."""
    with stores.sessions.begin() as session:
        if end_event(session, key, stores.clock.now(), "skipped", reason):
            log.warning("%s: %s of %s skipped: %s", key.market, key.event, key.day, reason)


def record_start(stores: Stores, key: EventKey) -> bool:
    """Record that an event is worked at; whether it had not begun before."""
    with stores.sessions.begin() as session:
        return start_event(session, key, stores.clock.now())


def record_end(stores: Stores, key: EventKey, detail: dict[str, object]) -> str | None:
    """Record that everything of an event is done; `done` or `late`, and None when it had ended before."""
    with stores.sessions.begin() as session:
        event, now = find_event(session, key), stores.clock.now()
        if event is None or event.done_at is not None:
            return None
        late = (event.started_at or now) - event.due_at
        ending: Ending = "late" if late > LATE_AFTER else "done"
        reason = f"begun {late.total_seconds():,.0f} s late" if ending == "late" else ""
        return ending if end_event(session, key, now, ending, reason, detail) else None


@contextmanager
def event_alone(stores: Stores, key: EventKey) -> Iterator[None]:
    """Work at an event alone; Conflict while another process does. The right ends with its connection."""
    refusal = f"another process works at the {key.event} of {key.market} on {key.day}: wait for it"
    with sole_right(stores, _LOCKS, f"{key.market}/{key.day}/{key.event}", refusal):
        yield


def is_ended(stores: Stores, key: EventKey) -> bool:
    """Whether an event has ended."""
    with stores.sessions() as session:
        event = find_event(session, key)
        return event is not None and event.done_at is not None


@contextmanager
def working_at(stores: Stores, key: EventKey, due_at: datetime) -> Iterator[bool]:
    """Work at an event alone, as `event_alone`, with the event recorded as begun; whether it has not ended before."""
    with event_alone(stores, key):
        record_plan(stores, key, due_at)
        has_ended = is_ended(stores, key)
        if not has_ended:
            record_start(stores, key)
        yield not has_ended

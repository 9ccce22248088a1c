"""Backfilling the lake: which days of a range an export would mend, and asking the workers for them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from app.errors import Rejected
from app.operations.lake_catalog import State, describe_days
from app.stores import Stores

DAYS_LIMIT: Final = 366
NO_SESSION: Final = "no_session"
NO_TICKS: Final = "no_ticks"
STATES: Final = (NO_SESSION, NO_TICKS, *(state.value for state in State))
_MENDABLE: Final = (State.DAMAGED, State.MISSING, State.STALE)


@dataclass(frozen=True, slots=True)
class DayStatus:
    """A day as the lake has it: the worst state of its tick files, and whether its export was asked for."""

    day: date
    state: str
    queued: bool


def request_backfill(stores: Stores, first: date, last: date) -> list[DayStatus]:
    """Ask for the export of each day from `first` to `last`, both included, that lacks something in the lake.

    Rejected when the range is the wrong way round, longer than 366 days, or ends in the future; Unavailable when the
    queue is away.
    """
    days = _days(stores, first, last)
    found = describe_days(stores, days)
    told = []
    for day in days:
        state = _worst(stores, day, found[day])
        queued = state in _MENDABLE
        if queued:
            stores.dispatch.export_session(stores.market.name, day)
        told.append(DayStatus(day, str(state), queued))
    return told


def _days(stores: Stores, first: date, last: date) -> list[date]:
    if first > last:
        raise Rejected(f"start {first} is after end {last}: exchange them")
    if (count := (last - first).days + 1) > DAYS_LIMIT:
        raise Rejected(f"{first} to {last} are {count:,} days: ask for at most {DAYS_LIMIT}")
    running = stores.market.session_of(stores.clock.now())
    if last > running:
        raise Rejected(f"{last} lies in the future: the present trading day is {running}")
    return [first + timedelta(days=i) for i in range(count)]


def _worst(stores: Stores, day: date, states: Collection[State]) -> str:
    for state in State:
        if state in states:
            return state
    return NO_TICKS if stores.market.session(day) else NO_SESSION

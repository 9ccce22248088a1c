"""Backfilling the lake: which days of a range an export would mend, and asking the workers for them."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from sqlalchemy import select

from app.errors import Rejected
from app.lake.layout import TICKS
from app.lake.models import LakeFile
from app.operations.exporting import exports_of
from app.operations.lake_catalog import describe_days
from app.operations.lake_states import BROKEN, Context, State, state_of
from app.stores import Stores

DAYS_LIMIT: Final = 366
NO_SESSION: Final = "no_session"
NO_TICKS: Final = "no_ticks"
STATES: Final = (NO_SESSION, NO_TICKS, *(state.value for state in State))


@dataclass(frozen=True, slots=True)
class DayStatus:
    """A day as the lake has it: the worst state of its files, and whether an export of it was asked for."""

    day: date
    state: str
    queued: bool


def request_backfill(stores: Stores, first: date, last: date) -> list[DayStatus]:
    """Ask for the exports of each day from `first` to `last`, both included, that would mend something.

    What only a backup can bring back is told and not asked for. Rejected when the range is the wrong way round, longer
    than 366 days, or ends in the future; Unavailable when the queue is away.
    """
    days = _days(stores, first, last)
    found = describe_days(stores, days, stores.clock.now())
    told = []
    for day in days:
        state = _worst(stores, day, {one.state for one in found[day]})
        exports = exports_of(stores, day, {one.symbol for one in found[day] if one.mendable})
        for export in exports:
            stores.dispatch.export_session(export.market, day)
        told.append(DayStatus(day, str(state), bool(exports)))
    return told


def lost_files(
    stores: Stores, days: Iterable[date], symbols: Collection[str] | None = None
) -> dict[date, dict[str, State]]:
    """The tick files that only a backup can bring back: missing or damaged, and their ticks no longer in the database.

    By day and symbol, of all symbols by default; their content is judged as it was last read.
    """
    query = select(LakeFile).where(
        LakeFile.kind == TICKS, LakeFile.purged_at.is_not(None), LakeFile.session_date.in_(list(days))
    )
    if symbols is not None:
        query = query.where(LakeFile.symbol.in_(symbols))
    found: dict[date, dict[str, State]] = {}
    with stores.sessions() as session:
        for row in session.scalars(query.order_by(LakeFile.session_date, LakeFile.symbol)):
            state, _ = state_of(stores.lake, row, Context(0, row, None))
            if state in BROKEN:
                found.setdefault(row.session_date, {})[row.symbol] = state
    return found


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

"""How many ticks the database holds by day and source, told at once however many they are."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.ledger.models import Reconciliation
from app.ticks.models import Tick
from app.ticks.partitions import partition_states

# About a million rows, which are counted in a fifth of a second.
COUNTED_BYTES: Final = 128 << 20

BySource = dict[str, int]


@dataclass(frozen=True)
class StoredTicks:
    """Ticks by trading day, newest first, and source.

    `as_of` is None where everything was counted; else large days are as of that instant, when those that had changed
    were last balanced.
    """

    by_day: Mapping[date, BySource]
    as_of: datetime | None


def stored_ticks(session: Session) -> StoredTicks:
    """The newest days are counted as long as that is quick; of older ones, and large ones, the last balance tells.

    A large day that was never balanced is counted, too.
    """
    states = {day: state for day, state in partition_states(session).items() if state.size_bytes}
    balanced = _balanced(session)
    by_day: dict[date, BySource] = {}
    instants: list[datetime] = []
    left = COUNTED_BYTES
    for day in sorted(states, reverse=True):
        size_bytes = states[day].size_bytes
        if size_bytes <= left or day not in balanced:
            found = _counted(session, day)
            left -= size_bytes
        else:
            found, at = balanced[day]
            instants.append(at)
        if found:
            by_day[day] = found
    return StoredTicks(by_day, max(instants, default=None))


def _balanced(session: Session) -> dict[date, tuple[BySource, datetime]]:
    names = (Reconciliation.session_date, Reconciliation.source)
    sums = select(*names, func.sum(Reconciliation.stored), func.max(Reconciliation.at)).group_by(*names)
    found: dict[date, tuple[BySource, datetime]] = {}
    for day, source, stored, at in session.execute(sums.order_by(*names)):
        by_source, before = found.get(day, ({}, at))
        found[day] = ({**by_source, **({source: int(stored)} if stored else {})}, max(at, before))
    return found


def _counted(session: Session, day: date) -> BySource:
    query = select(Tick.source, func.count()).where(Tick.session_date == day).group_by(Tick.source)
    return dict(session.execute(query.order_by(Tick.source)).all())

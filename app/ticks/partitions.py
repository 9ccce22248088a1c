"""Partitions of the tick table: one per trading day, made ahead of its first tick and dropped once the lake has it."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.errors import Conflict, NotFound
from app.ticks.partition_functions import DROP, HOLD, MAKE

_NAME = re.compile(r"ticks_p(\d{8})")
_LOCK: Final = 7_310_001  # One maker of partitions at a time; the number has no other meaning.
_PARTITIONS: Final = """
SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'ticks'::regclass
"""
_STATES: Final = """
SELECT c.relname, pg_relation_size(c.oid), concat_ws(
    ':', c.oid, pg_relation_size(c.oid), pg_stat_get_tuples_inserted(c.oid), pg_stat_get_tuples_deleted(c.oid)
)
FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'ticks'::regclass
"""
# Whoever waits for a lock makes all others wait behind it: a partition's writers only, or everybody.
HOLD_WAIT_MS: Final = 2_000
DROP_WAIT_MS: Final = 100
_BUSY: Final = ("55P03", "40P01")  # SQLSTATEs: the lock timed out, a deadlock.
_ABSENT: Final = "42P01"


class PartitionBusy(Conflict):
    """Somebody writes or reads the partition, or the table of all days, at this moment: try again."""


class PartitionAbsent(NotFound):
    """The day has no partition: it never had one, or somebody dropped it."""


def partition_name(day: date) -> str:
    """The table that holds a trading day's ticks, such as ticks_p20251009."""
    return f"ticks_p{day:%Y%m%d}"


def existing_partitions(session: Session) -> set[date]:
    """The trading days that have a partition."""
    names = session.scalars(text(_PARTITIONS))
    return {date.fromisoformat(found[1]) for name in names if (found := _NAME.fullmatch(name))}


def require_partition(session: Session, day: date) -> None:
    """PartitionAbsent when a trading day has none."""
    if day not in existing_partitions(session):
        raise _absent(day)


def ensure_partitions(session: Session, days: Iterable[date]) -> set[date]:
    """Make the partitions that are missing for `days`; returns the days that were made.

    Whoever reads or writes other partitions meanwhile is not held up, and does not hold this up.
    """
    wanted = set(days)
    if not wanted - existing_partitions(session):
        return set()
    session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    missing = wanted - existing_partitions(session)
    for day in sorted(missing):
        session.execute(text(f"SELECT {MAKE}(:day)"), {"day": day})
    return missing


@dataclass(frozen=True, slots=True)
class PartitionState:
    """How large a partition is, and a mark that changes with every row that comes or goes, some seconds later."""

    size_bytes: int
    mark: str


def partition_states(session: Session) -> dict[date, PartitionState]:
    """The state of every partition, by trading day, without reading one of them."""
    found = {name: PartitionState(size, mark) for name, size, mark in session.execute(text(_STATES))}
    named = ((_NAME.fullmatch(name), state) for name, state in sorted(found.items()))
    return {date.fromisoformat(match[1]): state for match, state in named if match}


def hold_partition(session: Session, day: date) -> None:
    """Keep a day's ticks as they are until the transaction ends; PartitionBusy when a writer is at them for over 2 s.

    Readers, and writers of other days, go on. PartitionAbsent when there is nothing to keep.
    """
    _locked(session, day, HOLD_WAIT_MS, HOLD)


def drop_partition(session: Session, day: date) -> None:
    """Take a day's ticks out of the database when the transaction commits; PartitionBusy when somebody uses the table.

    Until then everybody else waits for the table of all days, so whatever is left to do must be short. PartitionAbsent
    when there is none.
    """
    _locked(session, day, DROP_WAIT_MS, DROP)


@contextmanager
def lock_failures(day: date) -> Iterator[None]:
    """Tell of any lock that the block does not get in time as PartitionBusy."""
    try:
        yield
    except DBAPIError as error:
        if _state(error) not in _BUSY:
            raise
        raise PartitionBusy(f"the ticks of {day} are in use: run it again when nobody writes or reads them") from None


def _locked(session: Session, day: date, wait_ms: int, function: str) -> None:
    session.execute(text(f"SET LOCAL lock_timeout = {wait_ms}"))
    try:
        with lock_failures(day):
            session.execute(text(f"SELECT {function}(:day)"), {"day": day})
    except DBAPIError as error:
        if _state(error) != _ABSENT:
            raise
        raise _absent(day) from None


def _absent(day: date) -> PartitionAbsent:
    return PartitionAbsent(f"there is no partition of {day}: nothing of it is stored")


def _state(error: DBAPIError) -> str | None:
    return getattr(error.orig, "pgcode", None)

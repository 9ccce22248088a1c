"""Partitions of the tick table: one per trading day, made before the first tick of the day arrives."""

import re
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

_NAME = re.compile(r"ticks_p(\d{8})")
_LOCK: Final = 7_310_001  # One maker of partitions at a time; the number has no other meaning.
_PARTITIONS: Final = """
SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'ticks'::regclass
"""


def partition_name(day: date) -> str:
    """The table that holds a trading day's ticks, such as ticks_p20251009."""
    return f"ticks_p{day:%Y%m%d}"


def existing_partitions(session: Session) -> set[date]:
    """The trading days that have a partition."""
    names = session.scalars(text(_PARTITIONS))
    return {date.fromisoformat(found[1]) for name in names if (found := _NAME.fullmatch(name))}


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
        # Attaching takes a weaker lock on the table of all partitions than CREATE TABLE … PARTITION OF does.
        session.execute(text(f"CREATE TABLE {partition_name(day)} (LIKE ticks INCLUDING DEFAULTS)"))
        bounds = f"FROM ('{day.isoformat()}') TO ('{(day + timedelta(days=1)).isoformat()}')"
        session.execute(text(f"ALTER TABLE ticks ATTACH PARTITION {partition_name(day)} FOR VALUES {bounds}"))
    return missing

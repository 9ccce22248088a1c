"""What the stores tell of each trading day: the figures that a balance is made of, and which days need a new one."""

import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.lake.layout import TICKS, Lake
from app.lake.models import LakeFile
from app.ledger.balance import (
    Balance,
    Key,
    Run,
    count_runs,
    dead_by_key,
    duplicates_by_key,
    lost_by_key,
    moved_by_key,
    read_balances,
)
from app.ticks.partitions import PartitionState, partition_states

log = logging.getLogger(__name__)

SETTLED: Final = ("balanced", "surplus")
UNSURE_DAYS: Final = 3  # Days of which nothing says that they changed, and nothing that they did not, per reconcile.


@dataclass(frozen=True)
class Figures:
    """Everything but the stored ticks, of all days, as one snapshot of the database has it."""

    dead: Mapping[Key, int]
    duplicates: Mapping[Key, int]
    lost: Mapping[Key, int]
    moved: Mapping[Key, int]
    balances: Mapping[Key, Balance]
    partitions: Mapping[date, PartitionState]
    purged: Mapping[date, Sequence[LakeFile]]


@dataclass(frozen=True)
class DayCount:
    """What is stored of a trading day: by source and symbol, and the runs of numbers of its rows in the database.

    Of what is stored, `later` were given their numbers after the balance began.
    """

    day: date
    stored: Mapping[Key, int]
    runs: Sequence[Run] = field(default=())
    later: Mapping[Key, int] = field(default_factory=dict)


def read_figures(session: Session) -> Figures:
    """The figures of all days; cheap, because it reads no ticks."""
    purged: dict[date, list[LakeFile]] = {}
    for row in session.scalars(select(LakeFile).where(LakeFile.kind == TICKS, LakeFile.purged_at.is_not(None))):
        purged.setdefault(row.session_date, []).append(row)
    return Figures(
        dead_by_key(session),
        duplicates_by_key(session),
        lost_by_key(session),
        moved_by_key(session),
        read_balances(session),
        partition_states(session),
        purged,
    )


def days_to_count(figures: Figures, published: Mapping[Key, int], seen: Mapping[str, str]) -> list[date]:
    """The days whose figures changed since their last balance, newest first, with a few that nobody is sure of.

    `seen` are the marks of days that were balanced, as text by day.
    """
    told = _by_day(figures, published)
    changed: list[date] = []
    unsure: list[date] = []
    for day in sorted(told.keys() | figures.partitions.keys() | figures.purged.keys(), reverse=True):
        keys = told.get(day, frozenset())
        if any(_is_new(figures, published, key) for key in keys):
            changed.append(day)
        elif day in figures.partitions:
            state, last = figures.partitions[day], seen.get(day.isoformat())
            if last != state.mark and (keys or state.size_bytes):
                (changed if last else unsure).append(day)
        elif _rows_differ(figures, day):
            changed.append(day)
    return changed + unsure[:UNSURE_DAYS]


def count_day(
    session: Session, lake: Lake, figures: Figures, day: date, given: Mapping[tuple[str, int, date], int]
) -> DayCount | None:
    """What is stored of a day, in the database and, where its ticks left that, in the lake.

    `given` are the last numbers when the balance began, as `count_runs` takes them. None, with an error in the log,
    when a file cannot be read: what is not known must not look like a loss.
    """
    stored, later = Counter[Key](), Counter[Key]()
    runs = count_runs(session, day, given) if day in figures.partitions else []
    for run in runs:
        stored[Key(run.source, run.symbol, day)] += run.count
        later[Key(run.source, run.symbol, day)] += run.count - run.known
    for row in figures.purged.get(day, ()):
        try:
            stored.update(_rows_by_source(lake, row))
        except (OSError, ValueError) as error:
            log.error("%s cannot be balanced, %s cannot be read: %s", day, row.path, str(error).partition("\n")[0])
            return None
    # What is left in the database of a purged day are late rows: no whole whose gaps could be looked for.
    return DayCount(day, stored, [] if day in figures.purged else runs, later)


def keys_of(figures: Figures, published: Mapping[Key, int], counted: DayCount) -> list[Key]:
    """Everything that has a figure on the counted day, in order."""
    return sorted(_by_day(figures, published).get(counted.day, frozenset()) | counted.stored.keys())


def _by_day(figures: Figures, published: Mapping[Key, int]) -> dict[date, frozenset[Key]]:
    sources: Iterable[Mapping[Key, object]] = (
        published,
        figures.dead,
        figures.duplicates,
        figures.lost,
        figures.moved,
        figures.balances,
    )
    found: dict[date, set[Key]] = {}
    for figure in sources:
        for key in figure:
            found.setdefault(key.day, set()).add(key)
    return {day: frozenset(keys) for day, keys in found.items()}


def _is_new(figures: Figures, published: Mapping[Key, int], key: Key) -> bool:
    balance = figures.balances.get(key)
    if balance is None or balance.verdict not in SETTLED:
        return True
    at_hand = (
        published.get(key, 0) + figures.moved.get(key, 0),
        figures.dead.get(key, 0),
        figures.duplicates.get(key, 0),
        figures.lost.get(key, 0),
    )
    return at_hand != (balance.published, balance.dead, balance.duplicates, balance.lost)


def _rows_differ(figures: Figures, day: date) -> bool:
    rows: Counter[str] = Counter()
    for row in figures.purged.get(day, ()):
        rows[row.symbol] += row.rows
    for key, balance in figures.balances.items():
        if key.day == day:
            rows[key.symbol] -= balance.stored
    return any(rows.values())


def _rows_by_source(lake: Lake, row: LakeFile) -> dict[Key, int]:
    from pyarrow import compute, parquet  # Takes half a second to load, which days in the database save.

    column = parquet.read_table(lake.root / row.path, columns=["source"], partitioning=None).column("source")
    counts = compute.value_counts(column.cast("string")).to_pylist()
    found = {Key(part["values"], row.symbol, row.session_date): int(part["counts"]) for part in counts}
    if sum(found.values()) != row.rows:
        raise ValueError(f"it has {sum(found.values())} rows and not {row.rows}")
    return found

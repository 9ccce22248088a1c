"""The catalog: every partition of the lake, and every one that it should have, with what is known of it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy import tuple_ as row_of
from sqlalchemy.orm import Session

from app.errors import Rejected
from app.lake.layout import BARS, TICKS, Lake
from app.lake.models import LakeFile
from app.operations.lake_states import Contexts, State, closing_time, is_mendable, read_contexts, state_of
from app.operations.tick_counts import Counts, tick_counts
from app.stores import Stores

KINDS: Final = (TICKS, BARS)
Key = tuple[date, str, str, str]
_ORDER: Final = (LakeFile.symbol.collate("C"), LakeFile.kind.collate("C"), LakeFile.timeframe.collate("C"))


@dataclass(frozen=True, slots=True)
class Partition:
    """One partition: `rows` without a file are those that wait in the database; `timeframe` is empty for ticks.

    `file` is None where the manifest knows of none. `detail` says what is wrong, where something is; `mendable` is
    whether an export of the day would set it right.
    """

    day: date
    symbol: str
    kind: str
    timeframe: str
    rows: int
    state: State
    file: LakeFile | None = None
    detail: str | None = None
    mendable: bool = False

    @property
    def key(self) -> Key:
        """Its place in the catalog."""
        return self.day, self.symbol, self.kind, self.timeframe


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which partitions are meant: trading days of `[start, end)`, these symbols, this kind; None = any."""

    start: date | None = None
    end: date | None = None
    symbols: Collection[str] | None = None
    kind: str | None = None

    def covers(self, day: date, symbol: str, kind: str) -> bool:
        """Whether a partition is meant."""
        within = (self.start is None or day >= self.start) and (self.end is None or day < self.end)
        return within and (self.symbols is None or symbol in self.symbols) and self.kind in (None, kind)


@dataclass(frozen=True, slots=True)
class Totals:
    """All partitions that are meant, on whatever page they are: `missing` should have a file and have none yet."""

    files: int
    days: int
    rows: int
    bytes: int
    missing: int


@dataclass(frozen=True, slots=True)
class Page:
    """Some partitions, newest day first, then by symbol; `after` is the key to go on behind, None at the end."""

    partitions: Sequence[Partition]
    after: Key | None
    totals: Totals


def read_catalog(stores: Stores, wanted: Wanted, limit: int, after: Key | None = None) -> Page:
    """Up to `limit` partitions behind `after`; what is said of their files is from now, of their content as last read.

    Rejected when the range is the wrong way round.
    """
    if wanted.start is not None and wanted.end is not None and wanted.start >= wanted.end:
        raise Rejected(f"the range from {wanted.start} ends before it begins: exchange the days")
    counts, now = tick_counts(stores), stores.clock.now()
    with stores.sessions() as session:
        query = select(LakeFile).where(*_conditions(wanted), *_behind(after))
        rows = session.scalars(query.order_by(LakeFile.session_date.desc(), *_ORDER).limit(limit + 1)).all()
        contexts = read_contexts(stores, session, rows, counts, now)
        waiting = _waiting(stores, session, wanted, counts, now)
        files, days, ticks, size = session.execute(_totals(wanted)).one()
    place = _place(after) if after else None
    later = [partition for partition in waiting if place is None or _place(partition.key) > place]
    found = sorted([*(_described(stores.lake, row, contexts) for row in rows), *later], key=lambda one: _place(one.key))
    more = found[limit - 1].key if len(found) > limit else None
    missing = sum(partition.state == State.MISSING for partition in waiting)
    return Page(found[:limit], more, Totals(files, days, int(ticks), int(size), missing))


def describe_days(stores: Stores, days: Collection[date], now: datetime) -> dict[date, list[Partition]]:
    """The partitions of each day as they stand at `now`; a day of which nothing is known is empty."""
    counts = tick_counts(stores, days)
    found: dict[date, list[Partition]] = {day: [] for day in days}
    with stores.sessions() as session:
        query = select(LakeFile).where(LakeFile.session_date.in_(days))
        rows = session.scalars(query.order_by(LakeFile.session_date, *_ORDER)).all()
        contexts = read_contexts(stores, session, rows, counts, now)
        waiting = _waiting(stores, session, Wanted(kind=TICKS), counts, now)
    for partition in [*(_described(stores.lake, row, contexts) for row in rows), *waiting]:
        found[partition.day].append(partition)
    return found


def _described(lake: Lake, row: LakeFile, contexts: Contexts) -> Partition:
    context = contexts.of(row)
    state, detail = state_of(lake, row, context)
    mendable = is_mendable(lake, row, state, context)
    return Partition(
        row.session_date, row.symbol, row.kind, row.timeframe, row.rows, state, row, detail, mendable=mendable
    )


def _waiting(
    stores: Stores, session: Session, wanted: Wanted, counts: Mapping[date, Counts], now: datetime
) -> list[Partition]:
    running = stores.market.session_of(now)
    known = select(LakeFile.session_date, LakeFile.symbol).where(
        LakeFile.kind == TICKS, LakeFile.session_date.in_(list(counts))
    )
    recorded = {(day, symbol) for day, symbol in session.execute(known)}
    return [
        _without_file(day, symbol, rows, is_over=day < running or closing_time(stores, symbol, day, now) is not None)
        for day, by_symbol in counts.items()
        for symbol, rows in by_symbol.items()
        if (day, symbol) not in recorded and wanted.covers(day, symbol, TICKS)
    ]


def _without_file(day: date, symbol: str, rows: int, *, is_over: bool) -> Partition:
    state = State.MISSING if is_over else State.RUNNING
    detail = f"{rows:,} ticks are not exported yet" if is_over else f"{rows:,} ticks, exported after the close"
    return Partition(day, symbol, TICKS, "", rows, state, None, detail, mendable=is_over)


def _conditions(wanted: Wanted) -> Iterable[ColumnElement[bool]]:
    if wanted.start is not None:
        yield LakeFile.session_date >= wanted.start
    if wanted.end is not None:
        yield LakeFile.session_date < wanted.end
    if wanted.symbols is not None:
        yield LakeFile.symbol.in_(wanted.symbols)
    if wanted.kind is not None:
        yield LakeFile.kind == wanted.kind


def _behind(after: Key | None) -> Iterable[ColumnElement[bool]]:
    if after is not None:
        day, *rest = after
        yield or_(LakeFile.session_date < day, and_(LakeFile.session_date == day, row_of(*_ORDER) > row_of(*rest)))


def _totals(wanted: Wanted) -> Select[int, int, int, int]:
    days = func.count(LakeFile.session_date.distinct())
    sums = (func.coalesce(func.sum(LakeFile.rows), 0), func.coalesce(func.sum(LakeFile.bytes), 0))
    return select(func.count(), days, *sums).where(*_conditions(wanted))


def _place(key: Key) -> tuple[int, str, str, str]:
    day, *rest = key
    return -day.toordinal(), *rest  # type: ignore[return-value]

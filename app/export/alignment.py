"""Two streams of one symbol's ticks side by side: compared cell by cell, or merged into one."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from app.lake.schemas import TICK_FILE

KEY: Final = TICK_FILE.sorted_by
# What an event says of the market; the other columns tell how and when it came here.
MARKET: Final = tuple(
    name
    for name in TICK_FILE.columns.names
    if name not in (*KEY, "symbol", "session_date", "recv_ts", "ts_origin", "created_at")
)
_PLAIN: Final = pa.schema(
    [part.with_type(pa.string()) if pa.types.is_dictionary(part.type) else part for part in TICK_FILE.columns]
)
Batches = Iterable[pa.RecordBatch]


@dataclass
class Merge:
    """What a merge came upon, by source: rows that were there before, that came late, and that are there in the end.

    `conflicts` are the late rows that have the identity of a row that was there, and tell something else of the market;
    `keep` is given each of them.
    """

    keep: Callable[[pa.Table], None] = lambda _clashes: None
    before: Counter[str] = field(default_factory=Counter)
    late: Counter[str] = field(default_factory=Counter)
    after: Counter[str] = field(default_factory=Counter)
    conflicts: Counter[str] = field(default_factory=Counter)

    def run(self, before: Batches, late: Batches) -> Iterator[pa.RecordBatch]:
        """Both streams as one in their common order, in bounded memory; of rows with one identity the earlier stays."""
        for old, new in aligned(before, late):
            merged = self._joined(old, new) if new.num_rows else old
            self.before += _by_source(old)
            self.late += _by_source(new)
            self.after += _by_source(merged)
            yield from merged.cast(TICK_FILE.columns).to_batches()

    def _joined(self, old: pa.Table, new: pa.Table) -> pa.Table:
        side = pa.array([0] * old.num_rows + [1] * new.num_rows, pa.int8())
        both = pa.concat_tables([old, new]).append_column("side", side)
        both = both.sort_by([(name, "ascending") for name in (*KEY, "side")]).combine_chunks()
        first, second = both.slice(0, both.num_rows - 1), both.slice(1)
        repeats = _all(pc.equal(first[name], second[name]) for name in KEY)
        told_again = _all(_same(first[name], second[name]) for name in MARKET)
        clashes = second.filter(pc.and_(repeats, pc.invert(told_again))).drop_columns("side")
        self.conflicts += _by_source(clashes)
        self.keep(clashes)
        fresh = pa.concat_arrays([pa.array([True]), *pc.invert(repeats).chunks])
        return both.filter(fresh).drop_columns("side")


def find_difference(left: Batches, right: Batches) -> str | None:
    """Where two streams of ticks first differ in any cell; None when they are the same, row for row."""
    for one, other in aligned(left, right):
        if one.num_rows != other.num_rows:
            at = (one if one.num_rows else other).column("ts")[0]
            return f"{one.num_rows} rows against {other.num_rows} from {at} on"
        for name in TICK_FILE.columns.names:
            if not one.column(name).equals(other.column(name)):
                return f"the column {name} from {one.column('ts')[0]} on"
    return None


def aligned(left: Batches, right: Batches) -> Iterator[tuple[pa.Table, pa.Table]]:
    """Cut two streams of ticks, each in the order of (ts, seq, source), into pairs that span the same of that order.

    Names come as plain text. Only one batch of each stream is in memory.
    """
    sides = (_Side(iter(left)), _Side(iter(right)))
    while any([side.fill() for side in sides]):  # noqa: C419  (both are to be filled)
        cut = min(side.last for side in sides if side.table.num_rows)
        yield sides[0].take(cut), sides[1].take(cut)


@dataclass
class _Side:
    batches: Iterator[pa.RecordBatch]
    table: pa.Table = field(default_factory=_PLAIN.empty_table)

    def fill(self) -> bool:
        while not self.table.num_rows:
            batch = next(self.batches, None)
            if batch is None:
                return False
            self.table = pa.Table.from_batches([batch]).cast(_PLAIN)
        return True

    @property
    def last(self) -> tuple[int, int, str]:
        return self._key(self.table.num_rows - 1)

    def take(self, cut: tuple[int, int, str]) -> pa.Table:
        count = bisect_right(range(self.table.num_rows), cut, key=self._key)
        taken, self.table = self.table.slice(0, count), self.table.slice(count)
        return taken

    def _key(self, row: int) -> tuple[int, int, str]:
        ts, seq, source = (self.table.column(name)[row] for name in KEY)
        return ts.value, seq.as_py(), source.as_py()


def _by_source(table: pa.Table) -> Counter[str]:
    counted = pc.value_counts(table.column("source"))
    return Counter({found["values"]: found["counts"] for found in counted.to_pylist()})


def _all(conditions: Iterable[pa.ChunkedArray]) -> pa.ChunkedArray:
    together, *others = conditions
    for condition in others:
        together = pc.and_(together, condition)
    return together


def _same(left: pa.ChunkedArray, right: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.or_(pc.fill_null(pc.equal(left, right), False), pc.and_(pc.is_null(left), pc.is_null(right)))

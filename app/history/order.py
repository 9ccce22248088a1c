"""Ticks in their order: places in it, what comes after one, and two ordered streams made into one."""

from collections.abc import Iterator
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from app.market.timetable import instant_of, micros_of
from app.ticks.slices import TickKey

KEY_COLUMNS: Final = ("ts", "seq", "source")


def key_at(table: pa.Table, row: int) -> TickKey:
    """The key of one row of a table with the key columns; a negative row counts from the end."""
    row %= table.num_rows
    # As a plain number, because a time as a Python object makes Arrow load pandas.
    micros = table.column("ts").slice(row, 1).cast(pa.int64())[0].as_py()
    return TickKey(instant_of(micros), table.column("seq")[row].as_py(), table.column("source")[row].as_py())


def rows_until(table: pa.Table, key: TickKey) -> int:
    """How many rows of an ordered table come no later than a key."""
    later = _later(table, key)
    return int(table.num_rows) - int(pc.sum(later).as_py() or 0)


def merge_distinct(first: Iterator[pa.Table], second: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """Two ordered streams of ticks as one ordered stream, in which each key is once, as `first` has it.

    Holds no more than a table of each.
    """
    left, right = _next(first), _next(second)
    while left is not None and right is not None:
        edge = min(key_at(left, -1), key_at(right, -1))
        cuts = rows_until(left, edge), rows_until(right, edge)
        yield _united(left.slice(0, cuts[0]), right.slice(0, cuts[1]))
        left, right = left.slice(cuts[0]), right.slice(cuts[1])
        left = left if left.num_rows else _next(first)
        right = right if right.num_rows else _next(second)
    for rest, source in ((left, first), (right, second)):
        if rest is not None:
            yield rest
            yield from source


def _next(tables: Iterator[pa.Table]) -> pa.Table | None:
    return next((table for table in tables if table.num_rows), None)


def _later(table: pa.Table, key: TickKey) -> pa.ChunkedArray:
    times, micros = table.column("ts").cast(pa.int64()), micros_of(key.ts)
    seqs, sources = table.column("seq"), table.column("source")
    same_seq = pc.and_(pc.equal(seqs, key.seq), pc.greater(sources, key.source))
    same_time = pc.and_(pc.equal(times, micros), pc.or_(pc.greater(seqs, key.seq), same_seq))
    return pc.or_(pc.greater(times, micros), same_time)


def _united(first: pa.Table, second: pa.Table) -> pa.Table:
    if not (first.num_rows and second.num_rows):
        return first if first.num_rows else second
    both = pa.concat_tables([first, second])
    origin = pa.chunked_array([pa.repeat(0, first.num_rows), pa.repeat(1, second.num_rows)])
    keys = pa.table([*(both.column(name) for name in KEY_COLUMNS), origin], [*KEY_COLUMNS, "origin"])
    places = pc.sort_indices(keys, sort_keys=[(name, "ascending") for name in keys.column_names])
    ordered = both.take(places)
    before, after = ordered.slice(0, ordered.num_rows - 1), ordered.slice(1)
    same = [pc.equal(before.column(name), after.column(name)) for name in KEY_COLUMNS]
    repeated = pc.and_(pc.and_(same[0], same[1]), same[2])
    return ordered.filter(pa.chunked_array([pa.array([True]), *pc.invert(repeated).chunks]))

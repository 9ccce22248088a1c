from collections import Counter
from decimal import Decimal
from operator import attrgetter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.export.alignment import MARKET, Merge, aligned, find_difference
from app.lake.schemas import TICK_FILE
from tests.factories import MOMENT, quote, quotes
from tests.ticks import tick_table

KEYS = st.tuples(st.integers(0, 3), st.integers(0, 3), st.sampled_from(["EXCEL", "REPLAY", "SIMULATED"]))
STREAMS = st.sets(KEYS, max_size=30)


@given(STREAMS, STREAMS, st.integers(1, 7), st.integers(1, 7))
def test_a_merge_is_the_union_in_order_whatever_the_batches(left, right, size, other_size):
    merge = Merge()

    merged = list(merge.run(batches(left, size), batches(right, other_size)))

    assert keys_of(merged) == [key(one) for one in ordered(left | right)]
    assert merge.before == by_source(left)
    assert merge.late == by_source(right)
    assert merge.after == by_source(left | right)
    assert merge.conflicts == Counter()
    assert all(batch.schema.equals(TICK_FILE.columns) for batch in merged)


@given(STREAMS, STREAMS, st.integers(1, 7), st.integers(1, 7))
def test_streams_differ_when_a_row_does_and_never_by_their_batches(left, right, size, other_size):
    difference = find_difference(batches(left, size), batches(right, other_size))

    assert (difference is None) == (left == right)


@given(STREAMS, STREAMS, st.integers(1, 7))
def test_aligned_pieces_never_overlap(left, right, size):
    last = ()
    for one, other in aligned(batches(left, size), batches(right, 3)):
        both = keys_of([one, other])
        assert both
        assert last < min(both)
        last = max(both)


@pytest.mark.parametrize("column", [*MARKET, "recv_ts", "ts_origin"])
def test_a_single_cell_makes_a_difference(column):
    changed = other_value(column)

    difference = find_difference(table(quotes(5)), table([*quotes(4), quote(seq=5, **{column: changed})]))

    assert f"the column {column} " in difference


def test_a_late_row_that_tells_the_same_again_is_no_conflict():
    merge = Merge()

    merged = list(merge.run(table(quotes(3)), table([quote(seq=2, recv_ts=MOMENT.replace(year=2026))])))

    assert (merge.conflicts, merge.after.total()) == (Counter(), 3)
    assert {batch.column("recv_ts")[0].as_py() for batch in merged} == {MOMENT}


@pytest.mark.parametrize("column", MARKET)
def test_a_late_row_that_tells_something_else_is_a_conflict_and_the_first_stays(column):
    kept = []
    merge, late = Merge(kept.append), quote(seq=2, **{column: other_value(column)})

    merged = list(merge.run(table(quotes(3)), table([late])))

    assert [(clash["seq"], clash[column]) for clash in rows_of(kept)] == [(2, getattr(late, column))]
    assert merge.conflicts == Counter(REPLAY=1)
    assert find_difference(merged, table(quotes(3))) is None


def other_value(column):
    known = getattr(quote(), column)
    others = {bool: not known, str: "other", type(None): Decimal(7), int: 7, Decimal: Decimal(7)}
    if column in ("bid_size", "ask_size"):
        return 7
    return others.get(type(known), MOMENT.replace(year=2026))


def batches(some, size):
    return tick_table(ordered(some)).to_batches(size) if some else []


def table(some):
    return tick_table(some).to_batches(2)


def ordered(some):
    made = [quote(ts=MOMENT.replace(second=second), seq=seq, source=source) for second, seq, source in some]
    return sorted(made, key=attrgetter("ts", "seq", "source"))


def key(one):
    return one.ts, one.seq, one.source


def keys_of(tables):
    return [
        (row["ts"], row["seq"], row["source"])
        for one in tables
        for row in one.select(["ts", "seq", "source"]).to_pylist()
    ]


def rows_of(tables):
    return [row for one in tables for row in one.to_pylist()]


def by_source(some):
    return Counter(source for _second, _seq, source in some)

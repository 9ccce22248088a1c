import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from app.history.order import key_at, merge_distinct, rows_until
from app.lake.schemas import INSTANT
from app.market.timetable import instant_of
from app.ticks.slices import TickKey

KEYS = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 3), st.sampled_from(["EXCEL", "REPLAY"])), unique=True, max_size=20
).map(sorted)


@given(KEYS, KEYS, st.integers(1, 7), st.integers(1, 7))
def test_two_ordered_streams_become_one_with_each_key_once(first, second, size, other_size):
    merged = merge_distinct(tables(first, "first", size), tables(second, "second", other_size))

    rows = [row for part in merged for row in zip(*keys_and_origin(part), strict=True)]

    assert [row[:3] for row in rows] == sorted({*first, *second})
    assert [row[3] for row in rows] == ["first" if row[:3] in first else "second" for row in rows]


@given(KEYS.filter(len), st.tuples(st.integers(0, 5), st.integers(0, 3), st.sampled_from(["EXCEL", "REPLAY"])))
def test_rows_are_counted_up_to_and_with_a_key(keys, edge):
    (whole,) = tables(keys, "x", 99)

    assert rows_until(whole, TickKey(instant_of(edge[0]), *edge[1:])) == sum(key <= edge for key in keys)


def test_a_row_has_a_key_also_counted_from_the_end():
    (whole,) = tables([(1, 2, "EXCEL"), (3, 4, "REPLAY")], "x", 9)

    assert key_at(whole, 0) == TickKey(instant_of(1), 2, "EXCEL")
    assert key_at(whole, -1) == TickKey(instant_of(3), 4, "REPLAY")


def tables(keys, origin, size):
    for at in range(0, len(keys), size):
        part = keys[at : at + size]
        yield pa.table(
            {
                "ts": pa.array([key[0] for key in part], pa.int64()).cast(INSTANT),
                "seq": pa.array([key[1] for key in part], pa.int64()),
                "source": [key[2] for key in part],
                "origin": [origin] * len(part),
            }
        )


def keys_and_origin(table):
    times = table.column("ts").cast(pa.int64()).to_pylist()
    return times, *(table.column(name).to_pylist() for name in ("seq", "source", "origin"))

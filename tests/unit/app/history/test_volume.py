from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.history.volume import COUNTED, Growth

MINUTES = 6
SCHEMA = pa.schema(
    zip(COUNTED, (pa.string(), pa.string(), pa.int64(), pa.int64(), pa.bool_(), pa.int64()), strict=True)
)


class Seen(NamedTuple):
    source: str
    contract: str | None
    minute: int
    volume: int
    trade: bool = True
    last_size: int | None = None


seen = st.builds(
    Seen,
    st.sampled_from(["REPLAY", "SCHWAB"]),
    st.sampled_from([None, "ESZ25", "ESH26"]),
    st.integers(0, MINUTES - 1),
    st.one_of(st.integers(0, 12), st.integers(0, 2**57)),
    st.booleans(),
    st.one_of(st.none(), st.integers(0, 5)),
)
days = st.lists(seen, max_size=40).map(lambda found: sorted(found, key=lambda one: one.minute))


@given(days, st.lists(st.integers(0, 40)))
def test_the_growth_is_that_of_a_plain_loop_wherever_a_session_is_cut(ticks, cuts):
    edges = sorted({0, len(ticks), *(cut for cut in cuts if cut < len(ticks))})
    growth = Growth(MINUTES)

    for start, end in pairwise(edges):
        growth.add(table(ticks[start:end]))

    assert totals(growth) == plain_totals(ticks)
    assert totals(growth) == plain_totals(ticks), "asking changes nothing"


@pytest.mark.parametrize(
    ("volumes", "total"),
    [((100, 105, 3, 10), 115), ((100, 103, 101, 104), 104), ((100, 98, 99, 101), 101), ((100, 0, 60, 20, 25), 185)],
    ids=["restart", "correction", "correction for a while", "two restarts"],
)
def test_a_fall_between_two_parts_is_one_like_any_other(volumes, total):
    growth = Growth(1)

    for volume in volumes:
        growth.add(table([Seen("REPLAY", None, 0, volume)]))

    assert totals(growth) == {("REPLAY", 0): total}


def test_a_counter_that_falls_at_every_other_tick_is_counted_in_time():
    pairs, growth = 100_000, Growth(1)
    volumes = pa.array(np.tile([9, 1], pairs))
    columns = [pa.repeat("REPLAY", 2 * pairs), pa.nulls(2 * pairs, pa.string()), pa.repeat(0, 2 * pairs), volumes]
    columns += [pa.repeat(True, 2 * pairs), pa.nulls(2 * pairs, pa.int64())]

    growth.add(pa.table(columns, schema=SCHEMA))

    assert totals(growth) == {("REPLAY", 0): 9 + 8 * (pairs - 1) + pairs}


def plain_totals(ticks):
    """The definition as a loop over all ticks, counter by counter."""
    grown = {}
    for counter in {(tick.source, tick.contract) for tick in ticks}:
        of_it = [tick for tick in ticks if (tick.source, tick.contract) == counter]
        falls = [0, *(after.volume * 2 < before.volume for before, after in pairwise(of_it))]
        mark, before = None, None
        for tick, fell in zip(of_it, falls, strict=True):
            if fell:
                mark = 0
            elif before is None:
                mark = 0
                if tick.minute > 0:
                    mark = tick.volume - (tick.last_size or 0 if tick.trade else 0)
                elif not tick.trade and any(falls):
                    mark = tick.volume
            key = (tick.source, tick.minute)
            grown[key] = grown.get(key, 0) + max(0, tick.volume - mark)
            mark, before = max(mark, tick.volume), tick
    sources = {tick.source for tick in ticks}
    return {
        (source, minute): sum(grown.get((source, until), 0) for until in range(minute + 1))
        for source in sources
        for minute in range(MINUTES)
    }


def totals(growth):
    found = growth.totals().to_pydict()
    return dict(zip(zip(found["source"], found["minute"], strict=True), found["total"], strict=True))


def table(ticks):
    return pa.Table.from_pylist([tick._asdict() for tick in ticks], schema=SCHEMA)

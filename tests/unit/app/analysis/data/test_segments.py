from datetime import UTC, datetime, timedelta

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from app.analysis.bars import BAR_SCHEMA
from app.analysis.data.segments import segmented
from app.instruments.rolls import Break, segments

BEGIN = datetime(2025, 12, 10, 14, tzinfo=UTC)
SECONDS = st.integers(-100, 1_000)


def test_a_segment_begins_where_the_contract_changes():
    assert segments_of(["ESZ25", "ESZ25", "ESH26", "ESH26", "ESZ25"]) == [0, 0, 1, 1, 2]


def test_a_bar_whose_contract_is_not_told_goes_with_those_before():
    assert segments_of([None, "ESZ25", None, "ESZ25", None, "ESH26"]) == [0, 0, 0, 0, 0, 1]


def test_a_bar_with_prices_of_both_sides_of_a_break_falls_away():
    breaks = [Break(BEGIN + timedelta(seconds=130), BEGIN + timedelta(seconds=150))]

    found = segmented(bars([None] * 4), breaks)

    assert found["t_open"].to_list() == [BEGIN, BEGIN + timedelta(minutes=1), BEGIN + timedelta(minutes=3)]
    assert found["segment"].to_list() == [0, 0, 1]


def test_a_break_between_two_bars_costs_none():
    breaks = [Break(BEGIN + timedelta(seconds=119), BEGIN + timedelta(seconds=120))]

    assert segments_of([None] * 4, breaks) == [0, 0, 1, 1]


def test_a_break_where_the_contract_changes_too_begins_one_segment_and_not_two():
    breaks = [Break(BEGIN + timedelta(seconds=119), BEGIN + timedelta(seconds=120))]

    assert segments_of(["ESZ25", "ESZ25", "ESH26"], breaks) == [0, 0, 1]


@given(
    moments=st.lists(st.tuples(SECONDS, SECONDS).map(sorted), max_size=4),
    places=st.lists(st.integers(0, 15), min_size=1, max_size=10, unique=True).map(sorted),
)
def test_breaks_mean_what_they_mean_elsewhere(moments, places):
    breaks = [Break(*(BEGIN + timedelta(seconds=moment) for moment in pair)) for pair in moments]
    given_bars = bars([None] * len(places), places)

    found = segmented(given_bars, breaks)

    spans = list(zip(given_bars["t_open"].to_list(), given_bars["t_close"].to_list(), strict=True))
    expected = [[spans[place][0] for place in part] for part in segments(spans, sorted(breaks))]
    parts = found.group_by("segment", maintain_order=True).agg("t_open")["t_open"].to_list()
    assert parts == expected


def test_no_bars_stay_none():
    found = segmented(bars([]), [Break(BEGIN, BEGIN)])

    assert found.schema == pl.Schema(dict(BAR_SCHEMA))
    assert found.is_empty()


def segments_of(contracts, breaks=()):
    return segmented(bars(contracts), breaks)["segment"].to_list()


def bars(contracts, places=None):
    opens = [BEGIN + timedelta(minutes=place) for place in places or range(len(contracts))]
    made = {"t_open": opens, "t_close": [moment + timedelta(minutes=1) for moment in opens], "contract": contracts}
    schema = {name: kind for name, kind in BAR_SCHEMA.items() if name in made}
    others = [pl.lit(None, kind).alias(name) for name, kind in BAR_SCHEMA.items() if name not in {*made, "segment"}]
    return pl.DataFrame(made, schema=schema).with_columns(others)

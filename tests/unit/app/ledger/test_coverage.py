from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ledger.coverage import (
    Span,
    cover_events,
    cover_span,
    covered_share,
    covered_spans,
    is_covered,
    uncovered_spans,
    unite,
    window_on,
)
from app.market.markets import market
from app.market.sessions import RollWindow
from tests.factories import DAY

START = datetime(2025, 10, 8, 22, tzinfo=UTC)
HOUR = RollWindow(DAY, START, START + timedelta(hours=1))


@pytest.mark.parametrize(
    ("events", "covered"),
    [
        ([], set()),
        ([10], {10}),
        ([10, 11], {10, 11}),
        ([10, 12], {10, 11, 12}),
        ([10, 13], {10, 11, 12, 13}),
        ([10, 14], {10, 12, 14}),
        ([10, 15], {10, 15}),
        ([0, 59], {0, 59}),
        ([-1, 60], set()),
        ([-1, 1], {1}),
    ],
)
def test_a_minute_is_covered_by_an_event_or_by_neighbours_on_both_sides(events, covered):
    assert minutes_in(cover_events(HOUR, map(micros, events))) == covered


def test_a_window_is_a_bit_for_each_minute_the_first_one_highest():
    assert cover_events(HOUR, [micros(0), micros(9)]) == bytes([0b1000_0000, 0b0100_0000, 0, 0, 0, 0, 0, 0])


@given(st.lists(st.integers(-5 * 60_000_000, 65 * 60_000_000)))
def test_a_column_is_covered_like_a_list_of_numbers(times):
    times = [micros(0) + time for time in times]
    instants = pa.array(times, pa.int64()).cast(pa.timestamp("us", "UTC"))

    expected = cover_events(HOUR, times)

    assert cover_events(HOUR, instants) == expected
    assert cover_events(HOUR, pa.chunked_array([instants[:1], instants[1:]])) == expected
    assert cover_events(HOUR, reversed(times)) == expected


def test_a_span_covers_the_minutes_that_lie_inside_of_it():
    def covered(start_s, end_s):
        span = Span(START + timedelta(seconds=start_s), START + timedelta(seconds=end_s))
        return minutes_in(cover_span(HOUR, span))

    assert covered(0, 120) == {0, 1}
    assert covered(1, 179) == {1}
    assert covered(-3600, 59) == set()
    assert covered(-90, 61) == {0}
    assert covered(3500, 9000) == {59}
    assert covered(50, 10) == set()


def test_bitmaps_unite_whatever_their_length():
    assert unite(b"\x80", b"\x01\x10") == b"\x81\x10"
    assert unite(b"", b"\x01") == b"\x01"
    assert unite() == b""


def test_the_trading_day_of_a_monday_reaches_over_the_weekend():
    monday = window_on(market(), datetime(2025, 10, 13).date())

    assert len(cover_events(monday, [])) == 72 * 60 // 8
    assert window_on(market(), datetime(2025, 10, 12).date()) is None


def test_spans_are_the_runs_of_equal_minutes_within_a_stretch():
    bitmap = cover_events(HOUR, map(micros, [0, 1, 2, 10]))

    covered = covered_spans(HOUR, bitmap, span(0.5, 30))
    uncovered = uncovered_spans(HOUR, bitmap, span(0.5, 30))

    assert covered == [span(0.5, 3), span(10, 11)]
    assert uncovered == [span(3, 10), span(11, 30)]
    assert uncovered_spans(HOUR, bitmap, span(-10, 0)) == []


@given(st.sets(st.integers(0, 59)), st.floats(0, 60), st.floats(0, 60))
def test_covered_and_uncovered_spans_are_the_whole_stretch(events, start, end):
    bitmap, within = cover_events(HOUR, map(micros, events)), span(min(start, end), max(start, end))

    parts = sorted(
        covered_spans(HOUR, bitmap, within) + uncovered_spans(HOUR, bitmap, within), key=lambda part: part.start
    )

    assert sum((part.end - part.start for part in parts), timedelta()) == within.end - within.start
    assert all(left.end == right.start for left, right in pairwise(parts))


def test_the_share_is_that_of_the_minutes_which_a_stretch_touches():
    bitmap = cover_events(HOUR, map(micros, [0, 1, 2, 10]))

    assert covered_share(HOUR, bitmap, span(0, 5)) == 0.6
    assert covered_share(HOUR, bitmap, span(2, 3)) == 1
    assert covered_share(HOUR, bitmap, span(2.5, 3.5)) == 0.5
    assert covered_share(HOUR, bitmap, span(58, 62)) == 0


def micros(minute):
    return round((START + timedelta(minutes=minute)).timestamp() * 1_000_000)


def span(first, last):
    return Span(START + timedelta(minutes=first), START + timedelta(minutes=last))


def minutes_in(bitmap):
    return {minute for minute in range(8 * len(bitmap)) if is_covered(bitmap, minute)}

from datetime import timedelta

import polars as pl
import pytest

from app.analysis.bars import BAR_SCHEMA
from app.analysis.quality.minute_counts import counts_of_minutes
from app.market.sessions import Session
from tests.ticks import CLOSE, HOURS, LATER, OPEN

MINUTE = timedelta(minutes=1)
# From the tenth minute on, for ten.
REGULAR = Session(HOURS.day, OPEN + 10 * MINUTE, OPEN + 20 * MINUTE)


def bars(*minutes, day=HOURS.day):
    rows = [
        {"session_date": day, "t_open": OPEN + place * MINUTE, "t_close": OPEN + (place + 1) * MINUTE, "tick_count": 3}
        for place in minutes
    ]
    return pl.DataFrame(rows, schema=dict(BAR_SCHEMA))


def test_ticks_and_minutes_are_those_of_the_sessions_own_bars():
    both = pl.concat([bars(0, 1, 5), bars(7, day=HOURS.day + timedelta(days=1))])

    found = counts_of_minutes(both, HOURS, None, LATER)

    assert (found.rows, found.file_rows, found.minutes, found.regular_gap_us) == (9, 9, 3, None)
    assert (found.received_us, found.off_tick, found.contracts) == (None, None, ())


@pytest.mark.parametrize(
    ("minutes", "until", "gap", "regular_gap"),
    [
        ((0, 1, 2), 3, 0, 0),
        ((3, 4), 5, 3, 0),
        ((0, 8), 9, 7, 0),
        ((0,), 15, 14, 5),
        ((0, 12, 13), 20, 11, 6),
        ((0, 9, 20), 40, 19, 10),
        ((), 30, 30, 10),
    ],
)
def test_gaps_are_minutes_without_a_bar_up_to_the_asof(minutes, until, gap, regular_gap):
    found = counts_of_minutes(bars(*minutes), HOURS, REGULAR, OPEN + until * MINUTE)

    assert (found.gap_us, found.regular_gap_us) == (gap * 60_000_000, regular_gap * 60_000_000)


def test_a_gap_reaches_up_to_the_close_and_no_further():
    found = counts_of_minutes(bars(0), HOURS, None, LATER)

    assert timedelta(microseconds=found.gap_us) == CLOSE - OPEN - MINUTE

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from app.analysis.bars import BAR_SCHEMA, TIMEFRAMES
from app.analysis.data.resampling import resample
from app.market.sessions import Session
from tests.tick_days import sessions

FIRST, SECOND = sessions(date(2025, 10, 9), 2)
LATER = datetime(2026, 1, 1, tzinfo=UTC)
LONGER = [name for name in TIMEFRAMES if name != "1m"]


def test_a_bucket_has_the_first_the_highest_the_lowest_and_the_last(bars):
    minutes = bars(FIRST, [0, 1, 4, 5], [10, 14, 12, 20]).with_columns(
        high=pl.col("close") + 1, low=pl.col("close") - 1
    )

    first, second = resample(minutes, "5m", [FIRST], LATER).to_dicts()

    assert [first[name] for name in ("open", "high", "low", "close", "volume", "tick_count")] == [9.5, 15, 9, 12, 12, 6]
    assert (first["t_open"], first["t_close"]) == (FIRST.open, FIRST.open + timedelta(minutes=5))
    assert (second["open"], second["close"], second["session_date"]) == (19.5, 20, FIRST.day)


@pytest.mark.parametrize(("timeframe", "count"), [("5m", 276), ("15m", 92), ("1h", 23), ("session", 1)])
def test_a_whole_session_gives_all_its_buckets(bars, timeframe, count):
    minutes = bars(FIRST, range(1_380))

    found = resample(minutes, timeframe, [FIRST], LATER)

    assert len(found) == count
    assert found["volume"].sum() == minutes["volume"].sum()
    assert (found["t_open"][0], found["t_close"][-1]) == (FIRST.open, FIRST.close)
    assert found["t_open"][1:].to_list() == found["t_close"][:-1].to_list()


def test_buckets_count_from_the_open_and_the_last_ends_with_the_session(bars):
    hours = Session(FIRST.day, FIRST.open + timedelta(minutes=30), FIRST.open + timedelta(minutes=105))

    found = resample(bars(hours, range(75)), "1h", [hours], LATER)

    assert found["t_open"].to_list() == [hours.open, hours.open + timedelta(hours=1)]
    assert found["t_close"].to_list() == [hours.open + timedelta(hours=1), hours.close]


@pytest.mark.parametrize("timeframe", LONGER)
def test_no_bar_reaches_over_two_sessions(bars, timeframe):
    minutes = pl.concat([bars(FIRST, [1_379], [10]), bars(SECOND, [0], [20])])

    found = resample(minutes, timeframe, [FIRST, SECOND], LATER)

    assert found["session_date"].to_list() == [FIRST.day, SECOND.day]
    assert found["close"].to_list() == [10, 20]


def test_a_bucket_that_is_not_over_is_left_out(bars):
    minutes = bars(FIRST, range(7))

    for after_s, known in ((299, 0), (300, 1), (599, 1), (600, 2)):
        assert len(resample(minutes, "5m", [FIRST], FIRST.open + timedelta(seconds=after_s))) == known
    assert len(resample(minutes, "session", [FIRST], FIRST.close - timedelta(seconds=1))) == 0
    assert len(resample(minutes, "session", [FIRST], FIRST.close)) == 1


def test_a_bucket_of_two_segments_is_left_out(bars):
    minutes = bars(FIRST, range(15), segment=[0] * 7 + [1] * 8)

    found = resample(minutes, "5m", [FIRST], LATER)

    assert found["t_open"].to_list() == [FIRST.open, FIRST.open + timedelta(minutes=10)]
    assert found["segment"].to_list() == [0, 1]


def test_a_session_with_a_roll_has_one_bar_of_what_comes_after_it(bars):
    minutes = bars(FIRST, range(4), [10, 11, 50, 51], segment=[0, 0, 1, 1])

    (bar,) = resample(minutes, "session", [FIRST], LATER).to_dicts()

    assert (bar["open"], bar["close"], bar["volume"], bar["segment"]) == (49.5, 51, 8, 1)
    assert (bar["t_open"], bar["t_close"]) == (FIRST.open + timedelta(minutes=2), FIRST.close)


def test_a_session_that_begins_late_still_opens_with_the_session(bars):
    (bar,) = resample(bars(FIRST, [30]), "session", [FIRST], LATER).to_dicts()

    assert (bar["t_open"], bar["t_close"]) == (FIRST.open, FIRST.close)


def test_volume_is_what_is_known_of_it_and_not_nothing(bars):
    minutes = bars(FIRST, range(10)).with_columns(volume=pl.Series([None] * 5 + [None, 3, 4, None, 0]))

    assert resample(minutes, "5m", [FIRST], LATER)["volume"].to_list() == [None, 7]


def test_the_contract_is_the_one_that_any_minute_tells(bars):
    minutes = bars(FIRST, range(7)).with_columns(contract=pl.Series([None, "ESZ25", None, None, None, None, None]))

    assert resample(minutes, "5m", [FIRST], LATER)["contract"].to_list() == ["ESZ25", None]


@pytest.mark.parametrize("timeframe", LONGER)
def test_no_minutes_give_no_bars_in_the_same_columns(bars, timeframe):
    found = resample(bars(FIRST, []), timeframe, [], LATER)

    assert found.is_empty()
    assert found.schema == pl.Schema(dict(BAR_SCHEMA))


@pytest.fixture
def bars():
    def make(hours, places, closes=None, segment=None):
        opens = [hours.open + timedelta(minutes=place) for place in places]
        closes = np.asarray(closes if closes is not None else [100.0] * len(opens), float)
        return pl.DataFrame(
            {
                "session_date": [hours.day] * len(opens),
                "t_open": opens,
                "t_close": [moment + timedelta(minutes=1) for moment in opens],
                "open": closes - 0.5,
                "high": closes,
                "low": closes - 0.5,
                "close": closes,
                "volume": [3 + place % 3 for place in range(len(opens))],
                "tick_count": [2] * len(opens),
                "contract": ["ESZ25"] * len(opens),
                "segment": segment or [0] * len(opens),
            },
            schema=dict(BAR_SCHEMA),
        )

    return make

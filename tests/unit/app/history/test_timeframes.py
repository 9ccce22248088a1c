from datetime import date, timedelta

import pytest

from app.errors import Rejected
from app.history.timeframes import LENGTHS, known_timeframe, stored_timeframe
from app.instruments.hours import groups_of
from app.lake.layout import TIMEFRAMES
from tests.ticks import MARKETS


def test_the_timeframes_are_those_of_charts_shortest_first():
    assert list(LENGTHS) == ["1m", "5m", "15m", "30m", "1h", "4h", "1d"]
    assert list(LENGTHS.values()) == sorted(LENGTHS.values())


def test_what_the_lake_keeps_is_made_of_itself():
    assert {name: stored_timeframe(name) for name in TIMEFRAMES} == {"1m": "1m", "5m": "5m", "1h": "1h"}
    assert {name: LENGTHS[name].total_seconds() for name in TIMEFRAMES} == TIMEFRAMES


@pytest.mark.parametrize("name", [name for name in LENGTHS if name not in TIMEFRAMES])
def test_a_longer_bar_holds_whole_stored_ones(name):
    stored = LENGTHS[stored_timeframe(name)]

    assert stored_timeframe(name) in TIMEFRAMES
    assert LENGTHS[name] % stored == timedelta()
    assert LENGTHS[name] > stored


def test_no_session_is_longer_than_its_daily_bar():
    sessions = [hours for market in groups_of(MARKETS) for hours in market.sessions(date(2000, 1, 1), date(2028, 1, 1))]

    assert max(hours.close - hours.open for hours in sessions) <= LENGTHS["1d"]


@pytest.mark.parametrize("text", ["", "2m", "1D", "1m ", "15"])
def test_another_name_is_rejected(text):
    with pytest.raises(Rejected, match="known are 1m, 5m, 15m, 30m, 1h, 4h, 1d"):
        known_timeframe(text)

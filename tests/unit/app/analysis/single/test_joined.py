import numpy as np
import polars as pl
import pytest

from app.analysis.single.joined import join_segments
from tests.nulls.paths import frame

CLOSES = np.array([100.0, 101.0, 151.0, 149.0, 80.0])


def test_older_contracts_close_where_the_next_opens():
    joined = join_segments(rolled())

    assert joined["close"].to_list() == [80.0, 81.0, 82.0, 80.0, 80.0]
    assert joined["open"].to_list() == [80.0, 80.0, 81.0, 82.0, 80.0]


def test_changes_within_a_contract_and_the_newest_prices_are_kept():
    bars, joined = rolled(), join_segments(rolled())

    inside = bars["segment"].diff().to_numpy() == 0
    assert np.diff(joined["close"], prepend=0)[inside] == pytest.approx(np.diff(CLOSES, prepend=0)[inside])
    assert joined["close"][-1] == CLOSES[-1]
    assert joined["high"][0] - joined["low"][0] == bars["high"][0] - bars["low"][0]


def test_bars_of_one_contract_stay_as_they_are():
    bars = frame(CLOSES, "1h")

    assert join_segments(bars).equals(bars)
    assert join_segments(bars.head(0)).equals(bars.head(0))


def rolled():
    """Three contracts; the second opens a point below its first close."""
    bars = frame(CLOSES, "1h", segment=np.array([0, 0, 1, 1, 2], np.int32))
    opened = pl.Series([100.0, 100.0, 150.0, 151.0, 80.0])
    return bars.with_columns(
        open=opened, high=pl.max_horizontal(opened, "close"), low=pl.min_horizontal(opened, "close")
    )

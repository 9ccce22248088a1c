import numpy as np
import pytest

from app.analysis.bars import log_returns
from app.analysis.data.continuous import continuous
from app.errors import Rejected
from tests.nulls.paths import frame

# Three segments: the jumps are from 11 to 20 and from 24 to 12.
CLOSES = np.array([10.0, 11.0, 21.0, 24.0, 12.0, 15.0])
OPENS = np.array([10.0, 10.0, 20.0, 21.0, 12.0, 12.0])
SEGMENT = np.array([0, 0, 1, 1, 2, 2], np.int32)


def test_by_difference_the_jumps_are_taken_out_of_all_that_is_older():
    found = continuous(rolled(), "difference")

    assert found["close"].to_list() == [7, 8, 9, 12, 12, 15]
    assert found["open"].to_list() == [7, 7, 8, 9, 12, 12]


def test_by_ratio_older_prices_are_scaled_to_the_newest():
    found = continuous(rolled(), "ratio")

    scale = np.repeat([20 / 11 * 12 / 24, 12 / 24, 1], 2)
    assert found["close"].to_numpy() == pytest.approx(CLOSES * scale, rel=1e-15)
    assert found["open"].to_numpy() == pytest.approx(OPENS * scale, rel=1e-15)
    assert found["close"][3] == found["open"][4]


def test_returns_within_a_segment_are_the_same_under_ratio_and_differences_under_difference():
    bars = rolled()

    ratio, difference = continuous(bars, "ratio"), continuous(bars, "difference")

    np.testing.assert_allclose(log_returns(ratio), log_returns(bars), rtol=0, atol=1e-15)
    inside = np.diff(SEGMENT) == 0
    assert np.diff(difference["close"])[inside].tolist() == np.diff(CLOSES)[inside].tolist()


@pytest.mark.parametrize("adjust", ["difference", "ratio"])
def test_the_newest_segment_and_all_volumes_stay(adjust):
    bars = rolled()

    found = continuous(bars, adjust)

    assert found.tail(2).equals(bars.tail(2))
    assert found.drop("open", "high", "low", "close").equals(bars.drop("open", "high", "low", "close"))


@pytest.mark.parametrize("adjust", ["none", "difference", "ratio"])
def test_without_a_roll_and_without_bars_nothing_changes(adjust):
    bars = frame(CLOSES, "1h")

    assert continuous(bars, adjust).equals(bars)
    assert continuous(bars.clear(), adjust).equals(bars.clear())


def test_none_leaves_rolls_as_they_are():
    assert continuous(rolled(), "none").equals(rolled())


def test_prices_below_nothing_can_be_adjusted_by_difference_only():
    bars = frame(CLOSES - 12, "1h", segment=SEGMENT)

    assert continuous(bars, "difference")["close"].tail(2).to_list() == [0, 3]
    with pytest.raises(Rejected, match="adjust by difference"):
        continuous(bars, "ratio")


def rolled():
    bars = frame(CLOSES, "1h", segment=SEGMENT)
    return bars.with_columns(open=OPENS, high=np.maximum(OPENS, CLOSES), low=np.minimum(OPENS, CLOSES))

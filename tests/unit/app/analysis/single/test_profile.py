import numpy as np
import pytest

from app.analysis.single.profile import MOST_BINS, find_profile_peaks, volume_profile


def test_volume_is_added_up_by_tick():
    centres, weight = volume_profile(np.array([10.0, 10.25, 10.26, 11.0]), np.array([1.0, 2.0, 3.0, 4.0]), 0.25)

    assert centres.tolist() == [10.0, 10.25, 10.5, 10.75, 11.0]
    assert weight.tolist() == [1.0, 5.0, 0.0, 0.0, 4.0]


def test_negative_prices_have_a_profile():
    centres, weight = volume_profile(np.array([-1.0, 0.0, 1.0, 1.0]), np.ones(4), 0.5)

    assert centres[[0, -1]].tolist() == [-1.0, 1.0]
    assert weight.sum() == 4


def test_a_range_of_very_many_ticks_has_wider_bins():
    price = np.linspace(0, 100_000, 5_000)

    centres, weight = volume_profile(price, np.ones(5_000), 0.01)

    assert len(centres) <= MOST_BINS + 1
    assert weight.sum() == 5_000


def test_peaks_are_found_where_most_was_traded():
    centres = np.arange(0.0, 100.0)
    weight = 1 + 100 * np.exp(-(((centres - 30) / 3) ** 2)) + 50 * np.exp(-(((centres - 70) / 3) ** 2))

    found = find_profile_peaks(centres, weight, spread=1.0, apart=10.0)

    assert found.price.tolist() == [30.0, 70.0]
    assert found.prominence[1] == pytest.approx(0.5, abs=0.05)


def test_a_small_bump_and_a_close_neighbour_are_no_levels():
    centres = np.arange(0.0, 100.0)
    bump = 2 * np.exp(-(((centres - 70) / 3) ** 2))
    close = 60 * np.exp(-(((centres - 38) / 2) ** 2))
    weight = 100 * np.exp(-(((centres - 30) / 2) ** 2)) + bump + close

    found = find_profile_peaks(centres, weight, spread=0.5, apart=15.0)

    assert found.price.tolist() == [30.0]


def test_the_end_of_the_range_may_be_a_peak():
    found = find_profile_peaks(np.arange(5.0), np.array([0.0, 0.0, 0.0, 1.0, 9.0]), spread=0.3, apart=1.0)

    assert found.price.tolist() == [4.0]


def test_a_single_price_is_a_peak():
    assert find_profile_peaks(np.array([7.0]), np.array([3.0]), spread=1.0, apart=1.0).price.tolist() == [7.0]

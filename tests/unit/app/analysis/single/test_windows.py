from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from app.analysis.single.windows import correlation, window_of
from tests.nulls.paths import garch_returns, prices, symbol_data


def test_a_window_has_the_newest_bars():
    data = market(3)

    window = window_of(data, "5m")

    assert len(window.usable) == 500
    assert window.returns[-1] == pytest.approx(np.log(data.frame("5m")["close"][-1] / data.frame("5m")["close"][-2]))


def test_a_change_of_contract_gives_neither_a_return_nor_a_change():
    data = market(1)
    rolled = data.frame("5m").with_columns(segment=(pl.int_range(pl.len()) >= 100).cast(pl.Int32))

    window = window_of(replace(data, bars={"5m": rolled}), "5m")

    assert len(window.usable) == len(window.changes) == 276 - 2


def test_negative_prices_have_changes_and_no_returns():
    data = market(1)
    bars = data.frame("5m").with_columns(pl.col("open", "high", "low", "close") - 6_000)

    window = window_of(replace(data, bars={"5m": bars}), "5m")

    assert len(window.changes) == 275
    assert len(window.usable) == 0


def test_no_bars_are_an_empty_window():
    window = window_of(replace(market(1), bars={}), "5m")

    assert len(window.usable) == len(window.changes) == 0
    assert window.basis().window == "no 5m bars"


def test_nested_windows_correlate_by_the_root_of_their_share():
    steps = np.random.default_rng(5).choice([-0.0004, 0.0004], 1_380 * 10)
    data = symbol_data(prices(steps, tick=None))
    short, long = window_of(data, "1m"), window_of(data, "5m")

    found = correlation(short, long)

    assert found == pytest.approx(np.sqrt(500 / 2_500), rel=0.1)


def test_windows_that_do_not_meet_do_not_correlate():
    data = market(6)
    early = replace(data, bars={"1h": data.frame("1h").head(60)})
    late = replace(data, bars={"5m": data.frame("5m").tail(200)})

    assert correlation(window_of(late, "5m"), window_of(early, "1h")) == 0


def test_a_window_correlates_wholly_with_itself():
    window = window_of(market(1), "5m")

    assert correlation(window, window) == pytest.approx(1)


def test_the_correlation_is_what_simulated_trends_have():
    sums = np.array([[np.nansum(window.returns) for window in pair] for pair in (windows(seed) for seed in range(200))])
    expected = np.mean([correlation(*windows(seed)) for seed in range(20)])

    assert np.corrcoef(sums.T)[0, 1] == pytest.approx(expected, abs=0.12)


def market(sessions):
    return symbol_data(prices(garch_returns(np.random.default_rng(2), sessions, 276)), "5m")


def windows(seed):
    steps = np.random.default_rng(seed).standard_normal(96 * 3) * 0.001
    data = symbol_data(prices(steps, tick=None), "15m")
    return window_of(data, "15m"), window_of(data, "1h")

from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from app.analysis.bars import BAR_SCHEMA, floats, log_returns, returns_since_open, span_of, usable
from tests.nulls.paths import frame


def test_a_missing_number_is_not_a_number():
    bars = frame(np.array([1.0, 2.0]), "1h").with_columns(volume=None)

    assert floats(bars, "close").tolist() == [1.0, 2.0]
    assert np.isnan(floats(bars, "volume")).all()
    assert floats(bars, "volume").dtype == np.float64


def test_returns_are_of_closes_and_the_first_bar_has_none():
    found = log_returns(frame(np.array([100.0, 110.0, 99.0]), "1h"))

    assert np.isnan(found[0])
    assert found[1:].tolist() == pytest.approx([np.log(1.1), np.log(0.9)])


def test_prices_of_two_contracts_are_not_compared():
    bars = frame(np.array([100.0, 101.0, 150.0, 151.0]), "1h", segment=np.array([0, 0, 1, 1], np.int32))

    assert np.isfinite(log_returns(bars)).tolist() == [False, True, False, True]


@pytest.mark.parametrize("price", [0.0, -37.63])
def test_a_price_that_is_not_positive_has_no_return(price):
    bars = frame(np.array([1.0, price, 2.0, 3.0]), "1h")

    assert np.isfinite(log_returns(bars)).tolist() == [False, False, False, True]


def test_a_return_over_the_night_counts_only_if_it_is_asked_for():
    bars = frame(np.arange(1.0, 47.0), "1h")

    assert np.isfinite(log_returns(bars)).sum() == 45
    assert np.flatnonzero(np.isnan(log_returns(bars, across_sessions=False))).tolist() == [0, 23]


@pytest.mark.parametrize("count", [0, 1])
def test_without_two_bars_there_is_no_return(count):
    found = log_returns(frame(np.ones(1), "1h")[:count])

    assert found.shape == (count,)
    assert len(usable(found)) == 0


def test_usable_returns_are_those_that_are_numbers():
    assert usable(np.array([np.nan, 0.5, np.inf, -np.inf, -1.0])).tolist() == [0.5, -1.0]


def test_a_bar_is_as_long_as_its_timeframe_and_a_session_has_no_fixed_length():
    assert [span_of(name) for name in ("1m", "5m", "15m", "1h", "session")] == [
        timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 0)
    ]


CLOSES = np.exp(np.arange(30) / 100)


def test_the_first_return_of_a_session_is_from_its_own_open_and_no_gap_is_in_it():
    bars = frame(CLOSES, "1h").with_columns(open=pl.lit(1.0))

    found = returns_since_open(bars)

    assert found[[0, 23]] == pytest.approx([0.0, 0.23])
    assert found[1:23] == pytest.approx(np.full(22, 0.01))


def test_a_contract_that_begins_with_a_session_has_its_first_return_and_one_that_does_not_has_none():
    segment = pl.Series(np.repeat([0, 1, 2], [10, 13, 7]), dtype=pl.Int32)

    assert np.flatnonzero(np.isnan(returns_since_open(frame(CLOSES, "1h").with_columns(segment=segment)))) == [10]


def test_prices_of_zero_and_below_have_no_return():
    bars = frame(CLOSES, "1h").with_columns(open=pl.lit(0.0))

    assert np.flatnonzero(np.isnan(returns_since_open(bars))).tolist() == [0, 23]


def test_no_bars_have_no_returns():
    assert returns_since_open(pl.DataFrame(schema=dict(BAR_SCHEMA))).tolist() == []

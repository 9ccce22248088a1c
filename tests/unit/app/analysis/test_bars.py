import numpy as np
import polars as pl
import pytest

from app.analysis.bars import BAR_SCHEMA, returns_since_open
from tests.nulls.paths import frame

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

import numpy as np
import polars as pl

from app.analysis.bars import BAR_SCHEMA
from tests.nulls.paths import symbol_data


def test_a_timeframe_without_bars_has_an_empty_frame_of_the_same_form():
    frame = symbol_data(np.arange(1.0, 24.0), "1h").frame("1m")

    assert frame.is_empty()
    assert frame.schema == pl.Schema(dict(BAR_SCHEMA))


def test_a_basis_tells_how_many_bars_of_which_days_and_the_instant():
    data = symbol_data(np.arange(1.0, 1_381.0), "1m")

    assert data.basis("1m").window == "1,380 bars of 1m, 2025-01-06 to 2025-01-06"
    assert data.basis("session").window == "1 bars of session, 2025-01-06 to 2025-01-06"
    assert data.basis("1m").asof == data.asof


def test_a_basis_without_bars_says_so():
    assert symbol_data(np.ones(2), "1h").basis("5m").window == "no 5m bars"

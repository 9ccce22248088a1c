from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from app.analysis.single.momentum import measure_momentum
from tests.nulls.paths import garch_returns, prices, symbol_data

PER_SESSION = 276


def test_the_return_of_the_last_sessions():
    data = market(25)
    closes = data.frame("session")["close"].to_numpy()

    found = measure_momentum(data)

    for span in (1, 5, 20):
        assert found[str(span)]["return"].value == pytest.approx(np.log(closes[-1] / closes[-1 - span]))


def test_the_scaled_return_counts_standard_deviations():
    data = market(25)
    realised = np.sum(np.diff(np.log(data.frame("5m")["close"].to_numpy())) ** 2) / 25

    found = measure_momentum(data)["5"]

    assert found["scaled"].value == pytest.approx(found["return"].value / np.sqrt(5 * realised), rel=1e-6)
    assert found["scaled"].ci[1] - found["scaled"].value == pytest.approx(1.96)


def test_a_change_of_contract_is_left_out():
    data = market(8)
    new = pl.col("session_date") >= data.hours[6].day
    dearer = pl.col("open", "high", "low", "close") + pl.when(new).then(300.0).otherwise(0.0)
    rolled = data.frame("5m").with_columns(dearer, segment=new.cast(pl.Int32))

    found = measure_momentum(replace(data, bars={"5m": rolled}))

    assert found["5"]["return"].value == pytest.approx(measure_momentum(data)["5"]["return"].value, abs=0.003)


@pytest.mark.parametrize(("sessions", "known"), [(0, ""), (1, "1"), (5, "1 5"), (20, "1 5 20")])
def test_a_return_needs_its_sessions(sessions, known):
    data = market(max(1, sessions))

    found = measure_momentum(data if sessions else replace(data, bars={}))

    assert [span for span in found if found[span]["return"].value is not None] == known.split()


def test_the_volatility_of_four_sessions_is_not_known():
    found = measure_momentum(market(4))["1"]["scaled"]

    assert found.status == "insufficient_data"
    assert found.reason == "4 usable sessions, 5 are needed"


def test_a_price_that_stands_still_has_no_scaled_return():
    found = measure_momentum(symbol_data(np.full(PER_SESSION * 6, 5_000.0), "5m"))["5"]

    assert found["return"].value == 0
    assert found["scaled"].status == "degraded_data"


def market(sessions):
    return symbol_data(prices(garch_returns(np.random.default_rng(6), sessions, PER_SESSION)), "5m")

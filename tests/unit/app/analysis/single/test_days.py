import math
from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from app.analysis.single.days import measure_days, session_bars
from tests.nulls.paths import garch_returns, prices, symbol_data

PER_SESSION = 276


def test_a_sessions_variance_is_that_of_its_own_returns():
    data = market(3)
    bars = data.frame("5m")

    found = measure_days(data)

    second = bars[PER_SESSION : 2 * PER_SESSION]
    inside = np.log(second["close"].to_numpy())
    expected = np.sum(np.diff(inside) ** 2) + math.log(second["close"][0] / second["open"][0]) ** 2
    assert found.realised[1] == pytest.approx(expected)
    assert found.change[1] == pytest.approx(math.log(second["close"][-1] / second["open"][0]))


def test_a_gap_goes_from_the_close_to_the_next_open():
    data = opening_higher(market(2), 1.01)
    close = data.frame("5m")["close"][PER_SESSION - 1]

    found = measure_days(data)

    assert math.isnan(found.gap[0])
    assert found.gap[1] == pytest.approx(math.log(data.frame("5m")["open"][PER_SESSION] / close))
    assert found.totals()[1] == pytest.approx(found.realised[1] + found.gap[1] ** 2)


def test_an_unknown_gap_counts_as_much_as_the_known_ones():
    found = measure_days(opening_higher(market(3), 1.01))

    known = np.mean(found.gap[1:] ** 2)
    assert found.totals()[0] == pytest.approx(found.realised[0] + known)


def test_the_gap_at_a_change_of_contract_is_not_known():
    data = market(3)
    rolled = data.frame("5m").with_columns(segment=(pl.col("session_date") >= data.hours[1].day).cast(pl.Int32))

    found = measure_days(replace(data, bars={"5m": rolled}))

    assert np.isnan(found.gap).tolist() == [True, True, False]
    assert len(found.days) == 3


def test_the_return_at_a_change_within_a_session_is_left_out():
    data = market(1)
    jump = pl.int_range(pl.len()) >= 100
    dearer = pl.col("open", "high", "low", "close") + pl.when(jump).then(500.0).otherwise(0.0)
    rolled = data.frame("5m").with_columns(dearer, segment=jump.cast(pl.Int32))

    found = measure_days(replace(data, bars={"5m": rolled}))

    assert found.realised[0] < 1.5 * measure_days(data).realised[0]


def test_there_is_no_gap_over_a_session_without_bars():
    data = market(3)
    bars = data.frame("5m").filter(pl.col("session_date") != data.hours[1].day)

    found = measure_days(replace(data, bars={"5m": bars}))

    assert len(found.days) == 2
    assert np.isnan(found.gap).all()


@pytest.mark.parametrize(("kept", "counts"), [(221, True), (220, False)])
def test_a_session_needs_80_percent_of_its_bars(kept, counts):
    data = market(1)

    found = measure_days(replace(data, bars={"5m": data.frame("5m").head(kept)}))

    assert (len(found.days) == 1) is counts
    assert found.seen == 1


def test_a_half_day_needs_80_percent_of_its_own_bars():
    data = market(1)
    half = replace(data.hours[0], close=data.hours[0].open + timedelta(minutes=690))
    bars = data.frame("5m").head(138)

    found = measure_days(replace(data, hours=(half,), bars={"5m": bars}))

    assert len(found.days) == 1


def test_a_session_that_still_runs_does_not_count():
    data = market(2)
    asof = data.hours[-1].close - timedelta(minutes=5)

    found = measure_days(replace(data, asof=asof, bars={"5m": data.frame("5m").filter(pl.col("t_close") <= asof)}))

    assert found.days == (data.hours[0].day,)
    assert found.seen == 1


def test_a_session_of_negative_prices_is_not_usable():
    data = market(2)
    bars = data.frame("5m").with_columns(pl.col("open", "high", "low", "close") - 6_000)

    found = measure_days(replace(data, bars={"5m": bars}))

    assert found.days == ()
    assert found.totals().size == 0


def test_nothing_has_no_sessions():
    data = market(1)

    assert measure_days(replace(data, bars={})).days == ()
    assert measure_days(replace(data, hours=(), bars={})).seen == 0


def test_there_is_no_gap_after_a_session_with_too_few_bars():
    data = market(3)
    bars = data.frame("5m").filter(
        (pl.int_range(pl.len()) < PER_SESSION + 100) | (pl.int_range(pl.len()) >= 2 * PER_SESSION)
    )

    found = measure_days(replace(data, bars={"5m": bars}))

    assert found.days == (data.hours[0].day, data.hours[2].day)
    assert np.isnan(found.gap).all()


def test_a_session_of_no_length_does_not_count():
    data = market(1)
    nothing = replace(data.hours[0], close=data.hours[0].open)

    assert measure_days(replace(data, hours=(nothing,), bars={"5m": data.frame("5m").head(1)})).days == ()


def test_a_day_of_two_contracts_has_no_session_bar():
    data = market(3)
    changed = pl.when(pl.int_range(pl.len()) >= PER_SESSION + 50).then(1).otherwise(0).cast(pl.Int32)
    data = replace(data, bars={**data.bars, "5m": data.frame("5m").with_columns(segment=changed)})

    found = session_bars(data, tuple(session.day for session in data.hours))

    assert found["session_date"].to_list() == [data.hours[0].day, data.hours[2].day]


def market(sessions):
    return symbol_data(prices(garch_returns(np.random.default_rng(2), sessions, PER_SESSION)), "5m")


def opening_higher(data, factor):
    """The same with every session but the first opening higher than the last closed."""
    first = pl.int_range(pl.len()) % PER_SESSION == 0
    scaled = pl.when(first & (pl.int_range(pl.len()) > 0)).then(pl.col("open") * factor).otherwise(pl.col("open"))
    return replace(data, bars={**data.bars, "5m": data.frame("5m").with_columns(open=scaled)})

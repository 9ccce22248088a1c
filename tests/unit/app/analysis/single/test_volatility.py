from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from scipy.stats import t

from app.analysis.findings import Basis, Finding, to_plain
from app.analysis.single.days import Days
from app.analysis.single.volatility import measure_volatility, rank_volatility
from tests.nulls.paths import YEARLY, frame, garch_returns, prices, symbol_data, weekdays

FIGURES = ("realised", "bipower", "garman_klass", "parkinson", "rogers_satchell", "yang_zhang")


def test_the_volatility_of_a_walk_is_found():
    found = measure_volatility(market(60))

    assert found["realised"].value == pytest.approx(YEARLY, rel=0.1)
    assert found["bipower"].value == pytest.approx(YEARLY, rel=0.1)
    assert found["realised"].ci[0] < YEARLY < found["realised"].ci[1]
    assert found["realised"].n == 60


def test_range_estimators_are_near_the_realised_volatility():
    found = measure_volatility(market(120))

    for name in ("garman_klass", "parkinson", "rogers_satchell", "yang_zhang"):
        assert found[name].value == pytest.approx(found["realised"].value, rel=0.15)


def test_the_year_is_the_calendars():
    data = market(10)

    found, crypto = measure_volatility(data), measure_volatility(replace(data, sessions_per_year=365.0))

    assert crypto["realised"].value == pytest.approx(found["realised"].value * np.sqrt(365 / 252))


def test_the_error_of_constant_volatility_is_what_theory_says():
    steps = np.random.default_rng(8).standard_normal(276 * 200) * YEARLY / np.sqrt(252 * 276)

    found = measure_volatility(symbol_data(prices(steps, tick=None), "5m"))["realised"]

    assert found.stderr / found.value == pytest.approx(1 / np.sqrt(2 * 276 * 200), rel=0.3)


def test_the_interval_of_few_sessions_allows_for_how_few_they_are():
    found = measure_volatility(market(5))["realised"]

    # Five variances whose errors have two lags: 2.4 degrees of freedom.
    reach = np.exp(t.ppf(0.975, 5 / (1 + 2 * (4 / 9 + 1 / 9))) * found.stderr / found.value)
    assert found.ci == pytest.approx((found.value / reach, found.value * reach))


@pytest.mark.parametrize(
    ("ticks", "jumps", "level"), [(5.0, "ok", ""), (1.5, "degraded_data", ""), (0.75, "degraded_data", "too high")]
)
def test_prices_in_large_ticks_are_told_apart_from_jumps(ticks, jumps, level):
    steps = np.random.default_rng(8).standard_normal(276 * 20) * ticks * 0.25 / 5_000

    found = measure_volatility(symbol_data(prices(steps), "5m"))

    assert found["jump_share"].status == jumps
    assert level in found["realised"].reason
    assert bool(level) == bool(found["realised"].reason)
    assert found["realised"].status == "ok"


def test_jumps_have_their_share():
    steps = np.random.default_rng(8).standard_normal(276 * 20) * YEARLY / np.sqrt(252 * 276)
    jumped = steps.copy()
    jumped[100::276] += 0.01

    calm, wild = (measure_volatility(symbol_data(prices(path), "5m"))["jump_share"] for path in (steps, jumped))

    assert calm.value < 0.05
    assert wild.value == pytest.approx(0.0001 / (0.0001 + YEARLY**2 / 252), abs=0.1)


@pytest.mark.parametrize(("sessions", "realised", "ranges"), [(4, False, False), (5, True, False), (10, True, True)])
def test_a_figure_needs_its_sessions(sessions, realised, ranges):
    found = measure_volatility(market(sessions))

    assert (found["realised"].status == "ok") is realised
    assert (found["bipower"].value is not None) is realised
    assert (found["garman_klass"].value is not None) is ranges
    assert found["yang_zhang"].status == "insufficient_data" if sessions < 11 else "ok"


def test_a_reason_says_how_much_there_is_and_how_much_is_needed():
    found = measure_volatility(market(4))["realised"]

    assert found.reason == "4 usable sessions of 4 that are over, 5 are needed"


def test_without_any_gap_the_figure_is_degraded():
    data = market(12)
    bars = data.frame("5m").with_columns(segment=pl.col("session_date").rank("dense").cast(pl.Int32))

    found = measure_volatility(replace(data, bars={**data.bars, "5m": bars}))

    assert found["realised"].status == "degraded_data"
    assert "no gap" in found["realised"].reason


def test_a_price_that_stands_still_has_no_volatility():
    found = measure_volatility(symbol_data(np.full(276 * 12, 5_000.0), "5m"))

    assert {found[name].reason for name in ("realised", "bipower", "jump_share", "parkinson")} == {
        "the price never moved"
    }
    assert found["realised"].value is None


def test_the_series_has_a_number_for_each_session():
    found = measure_volatility(market(7))

    assert len(found["series"]["session"]) == len(found["series"]["volatility"]) == 7
    assert np.sqrt(np.mean(np.square(found["series"]["volatility"]))) == pytest.approx(found["realised"].value)


@pytest.mark.parametrize("sessions", [0, 1, 5, 12])
def test_any_amount_of_data_gives_a_whole_tree(sessions):
    data = market(max(sessions, 1))
    found = measure_volatility(data if sessions else replace(data, bars={}, hours=()))

    assert all(isinstance(found[name], Finding) for name in FIGURES)
    assert to_plain(found)


def test_the_last_days_are_ranked_in_their_own_past():
    calm = np.tile([1.0, 2.0], 40)

    assert rank(np.concatenate((calm, [9.0] * 5))).label == "Elevated"
    assert rank(np.concatenate((calm, [0.5] * 5))).label == "Low"
    assert rank(np.tile([1.0, 2.0, 3.0, 4.0, 5.0], 20)).value == 0.5
    assert rank(np.tile([1.0, 2.0, 3.0, 4.0, 5.0], 20)).label == "Normal"


def test_a_rank_is_not_moved_by_the_days_that_it_shares():
    found = rank(np.concatenate((np.ones(60), [9.0, 9.0, 9.0, 9.0, 0.0])))

    assert found.value == 1.0


@pytest.mark.parametrize(("sessions", "status"), [(9, "insufficient_data"), (10, "low_history"), (59, "low_history")])
def test_a_label_needs_60_sessions(sessions, status):
    found = rank(np.arange(1.0, sessions + 1))

    assert found.status == status
    assert found.label in ("", "n/a")


def test_a_label_is_given_from_60_sessions_on():
    assert rank(np.arange(1.0, 61.0)).label == "Elevated"


def market(sessions):
    return symbol_data(prices(garch_returns(np.random.default_rng(2), sessions, 276)), "5m")


def rank(realised):
    days = tuple(weekdays(len(realised)))
    nothing = np.zeros(len(realised))
    last = frame(np.ones(1), "session")["t_close"][-1]
    return rank_volatility(Days(days, realised, realised, nothing, nothing, len(days)), Basis("window", last))

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from scipy.stats import t, ttest_1samp

from app.analysis.findings import figures, to_plain
from app.analysis.series.seasonality import column_means, measure_seasonality
from tests.nulls.paths import garch_returns, prices, symbol_data

# The fifteen p-values of Benjamini and Hochberg 1995.
PUBLISHED = [
    0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590,
    1.0,
]  # fmt: skip


def test_of_the_published_example_four_are_found_and_three_by_bonferroni():
    pattern = np.tile([1.0, -1.0], 30)
    error = pattern.std(ddof=1) / np.sqrt(60)
    values = np.column_stack([pattern + error * t.isf(p / 2, 59) for p in PUBLISHED])

    found = column_means(values, 60)

    assert found.p == pytest.approx(np.array(PUBLISHED), abs=1e-12)
    assert np.sum(found.q < 0.05) == 4
    assert np.sum(found.p < 0.05 / 15) == 3


def test_a_mean_is_tested_across_its_sessions():
    values = np.random.default_rng(1).standard_normal((80, 3))
    values[:20, 1] = np.nan
    expected = ttest_1samp(values, 0, nan_policy="omit")

    found = column_means(values, 60)

    assert found.p == pytest.approx(expected.pvalue)
    assert (found.mean / found.stderr) == pytest.approx(expected.statistic)
    assert found.count.tolist() == [80, 60, 80]


def test_what_has_too_few_numbers_or_does_not_vary_is_not_tested():
    values = np.random.default_rng(1).standard_normal((60, 3))
    values[0, 0], values[:, 2] = np.nan, 0.0

    found = column_means(values, 60)

    assert np.isfinite(found.q).tolist() == [False, True, False]
    assert found.q[1] == found.p[1]


def test_a_planted_half_hour_is_found_and_no_other():
    returns = garch_returns(np.random.default_rng(3), 80, 92).reshape(80, 92)
    returns[:, 20:22] += 0.6 * returns[:, 20:22].std()
    told = measure_seasonality(symbol_data(prices(returns.ravel()), "15m"))["half_hours"]

    assert told["significant"].value == 1
    assert [name for name, one in told["means"].items() if one.status == "ok"] == ["+05:00"]
    assert told["means"]["+05:00"].value > 0
    assert told["means"]["+05:00"].p_value < 0.10


def test_fifty_nine_sessions_are_too_few_for_means_but_enough_for_volatility():
    told = measure_seasonality(quarters(59))

    assert told["half_hours"]["significant"].reason == "59 sessions, 60 needed"
    assert told["weekdays"]["significant"].reason == "58 returns of sessions, 250 needed"
    assert told["volatility"]["+00:00"].status == "ok"


def test_a_year_has_weekdays():
    returns = 0.01 * np.random.default_rng(4).standard_normal(262)
    returns[np.arange(262) % 5 == 2] += 0.01
    told = measure_seasonality(symbol_data(prices(returns), "session"))["weekdays"]

    assert list(told["means"]) == ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"]
    assert told["means"]["Wednesday"].status == "ok"
    assert told["means"]["Wednesday"].value == pytest.approx(returns[np.arange(262) % 5 == 2].mean(), abs=1e-4)
    assert told["means"]["Monday"].n == 52
    assert told["significant"].n == 53


def test_a_weekday_after_a_missing_session_has_no_return():
    data = symbol_data(prices(np.random.default_rng(3).standard_normal(262) / 100), "session")
    without_a_tuesday = data.frame("session").filter(pl.int_range(pl.len()) != 6)

    told = measure_seasonality(replace(data, bars={"session": without_a_tuesday}))["weekdays"]

    assert [told["means"][day].n for day in ("Monday", "Tuesday", "Wednesday")] == [52, 52, 51]


@pytest.mark.parametrize("sessions", [1, 22, 60])
def test_every_figure_is_plain_whatever_there_is(sessions):
    for closes in (prices(garch_returns(np.random.default_rng(1), sessions, 92)), np.full(92 * sessions, 7.0)):
        plain = to_plain(measure_seasonality(symbol_data(closes, "15m")))

        assert len(list(figures(plain))) >= 48


def test_a_price_that_never_moved_has_no_seasons():
    told = measure_seasonality(symbol_data(np.full(92 * 60, 7.0), "15m"))

    assert told["half_hours"]["significant"].reason == "the price never moved"


def quarters(sessions):
    return symbol_data(prices(garch_returns(np.random.default_rng(2), sessions, 92)), "15m")

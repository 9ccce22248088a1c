import math

import empyrical
import numpy as np
import pytest
from scipy import stats

from app.analysis.backtest.performance import (
    Shape,
    deflated_sharpe,
    expected_best,
    growth,
    measure_performance,
    minimum_track_record,
    probabilistic_sharpe,
    sharpe,
    sortino,
    value_line,
)
from app.analysis.findings import Basis
from app.analysis.risk.drawdown import deepest
from app.analysis.risk.value_at_risk import historical
from tests.nulls.paths import hours_of, weekdays

BASIS = Basis("window", hours_of(weekdays(1)[0]).close)
YEAR = 252
# Of Bailey and Lopez de Prado 2014: 2.5 a year over 1,250 days, 100 tried with a variance of 0.5 a year.
EXAMPLE = Shape(2.5 / math.sqrt(250), 1_250, -3.0, 10.0)


@pytest.mark.parametrize("seed", range(5))
def test_ratios_are_those_of_empyrical(seed):
    returns = np.random.default_rng(seed).standard_t(4, 1_000) * 0.01 + 0.0005

    assert sharpe(returns, YEAR) == pytest.approx(empyrical.sharpe_ratio(returns, annualization=YEAR), abs=1e-10)
    assert sortino(returns, YEAR) == pytest.approx(empyrical.sortino_ratio(returns, annualization=YEAR), abs=1e-10)
    assert growth(returns, YEAR) == pytest.approx(empyrical.annual_return(returns, annualization=YEAR), abs=1e-10)
    assert deepest(value_line(returns)).depth == pytest.approx(-empyrical.max_drawdown(returns), abs=1e-10)


@pytest.mark.parametrize("level", [0.95, 0.99])
def test_tails_are_those_of_empyrical_where_the_tail_is_a_whole_number(level):
    returns = np.random.default_rng(1).standard_t(4, 1_000) * 0.01

    tail = historical(returns, level)

    assert tail.value_at_risk == pytest.approx(-empyrical.value_at_risk(returns, 1 - level), abs=1e-10)
    assert tail.expected_shortfall == pytest.approx(-empyrical.conditional_value_at_risk(returns, 1 - level), abs=1e-10)


def test_the_deflated_ratio_is_that_of_the_paper():
    assert expected_best(100, 0.5 / 250) == pytest.approx(0.1132, abs=1e-4)
    assert deflated_sharpe(EXAMPLE, 100, 0.5 / 250) == pytest.approx(0.9004, abs=1e-4)


def test_a_short_record_is_judged_with_one_session_less():
    short = Shape(0.3, 11, 0.0, 3.0)

    # The variance of a normal ratio is 1 + 0.3^2 / 2 over n - 1.
    assert short.stderr == pytest.approx(math.sqrt(1.045 / 10), abs=1e-12)
    assert minimum_track_record(short) == pytest.approx(1 + 1.045 * (1.6448536 / 0.3) ** 2, abs=1e-5)


def test_one_trial_deflates_nothing():
    assert deflated_sharpe(EXAMPLE, 1, 0.5) == probabilistic_sharpe(EXAMPLE)


def test_a_track_record_of_the_least_length_is_just_proven():
    needed = minimum_track_record(EXAMPLE, 0.05)
    record = Shape(EXAMPLE.ratio, round(needed), EXAMPLE.skew, EXAMPLE.kurtosis)

    assert probabilistic_sharpe(record, 0.05) == pytest.approx(0.95, abs=1e-3)
    assert minimum_track_record(EXAMPLE, 0.2) is None


def test_the_expected_best_is_what_worthless_rules_reach():
    dice = np.random.default_rng(1)

    best = dice.standard_normal((4_000, 50)).max(axis=1).mean()

    assert expected_best(50, 1.0) == pytest.approx(best, abs=0.05)


def test_the_probability_of_worthless_returns_is_spread_evenly():
    dice = np.random.default_rng(2)

    found = [probabilistic_sharpe(Shape.of(dice.standard_t(5, 250))) for _ in range(500)]

    assert stats.kstest(found, "uniform").pvalue > 0.01


def test_a_loss_of_everything_is_a_growth_of_minus_one():
    returns = np.array([0.1, -1.5, 0.3])

    assert growth(returns, YEAR) == -1
    assert value_line(returns).tolist() == [1, 1.1, 0, 0]


def test_all_figures_are_told_with_enough_sessions():
    returns = np.random.default_rng(1).standard_normal(500) * 0.01 + 0.001

    found = measure_performance(returns, returns * 100_000, YEAR, BASIS, trials=20, variance=0.002)

    assert {one.status for one in found.values()} == {"ok"}
    assert found["sharpe"].value == sharpe(returns, YEAR)
    assert found["sharpe"].ci[0] < found["sharpe"].value < found["sharpe"].ci[1]
    assert found["dsr"].value < found["psr"].value
    assert found["hit_rate"].value == np.mean(returns > 0)
    assert found["es_99"].value > found["var_99"].value > found["var_95"].value


@pytest.mark.parametrize(
    ("name", "least"), [("sharpe", 60), ("growth", 60), ("psr", 60), ("hit_rate", 30), ("var_95", 125), ("es_99", 250)]
)
def test_a_figure_needs_enough_observations(name, least):
    returns = np.random.default_rng(1).standard_normal(least) * 0.01

    enough, short = (measure_performance(one, one, YEAR, BASIS)[name] for one in (returns, returns[1:]))

    assert enough.value is not None
    assert short.status == "insufficient_data"
    assert str(least) in short.reason


def test_what_has_no_value_says_why():
    rising = np.linspace(0.001, 0.002, 100)

    assert measure_performance(rising, rising, YEAR, BASIS)["sortino"].reason == "no session lost"
    assert measure_performance(-rising, rising, YEAR, BASIS)["track_record"].value is None
    assert measure_performance(np.zeros(100), rising, YEAR, BASIS)["sharpe"].reason == "every session earned the same"
    assert measure_performance(np.empty(0), np.empty(0), YEAR, BASIS)["sharpe"].n == 0

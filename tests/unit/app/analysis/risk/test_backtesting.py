import numpy as np
import pytest

from app.analysis.findings import Basis
from app.analysis.risk.backtesting import backtest_tail, christoffersen, kupiec, traffic_light
from tests.nulls.paths import hours_of, weekdays

BASIS = Basis("window", hours_of(weekdays(1)[0]).close)


# Kupiec 1995, table 3: the test does not reject between these numbers of failures. With none among 255 the likelihood
# ratio does reject, which the table leaves out.
@pytest.mark.parametrize(
    ("probability", "count", "low", "high"),
    [
        (0.01, 510, 1, 11),
        (0.01, 1000, 4, 17),
        (0.025, 255, 2, 12),
        (0.025, 510, 6, 21),
        (0.025, 1000, 15, 36),
        (0.05, 255, 6, 21),
        (0.05, 510, 16, 36),
        (0.05, 1000, 37, 65),
    ],
)
def test_failures_are_rejected_as_in_the_table_of_kupiec(probability, count, low, high):
    kept = [number for number in range(100) if kupiec(number, count, probability).p_value >= 0.05]

    assert kept == list(range(low + 1, high))


def test_seven_failures_of_255_at_one_percent_are_too_many():
    assert kupiec(6, 255, 0.01).p_value >= 0.05
    assert kupiec(7, 255, 0.01).p_value < 0.05


def test_twenty_failures_of_1000_at_one_percent_have_the_known_ratio():
    found = kupiec(20, 1000, 0.01)

    assert found.statistic == pytest.approx(7.827, abs=1e-3)
    assert found.p_value == pytest.approx(0.0051, abs=1e-4)


def test_the_ratio_of_independence_is_that_of_the_transition_counts():
    # 0-0: 4, 0-1: 2, 1-0: 2, 1-1: 1
    flags = np.array([0, 0, 0, 1, 1, 0, 0, 0, 1, 0], dtype=bool)
    apart = 4 * np.log(4 / 6) + 2 * np.log(2 / 6) + 2 * np.log(2 / 3) + np.log(1 / 3)
    together = 6 * np.log(6 / 9) + 3 * np.log(3 / 9)

    found = christoffersen(flags)

    assert found.statistic == pytest.approx(2 * (apart - together), abs=1e-12)


def test_exceptions_in_a_row_are_no_independent_ones():
    clustered = np.zeros(500, dtype=bool)
    clustered[100:115] = True
    spread = np.zeros(500, dtype=bool)
    spread[::34] = True

    assert christoffersen(clustered).p_value < 0.001
    assert christoffersen(spread).p_value > 0.3
    assert christoffersen(np.zeros(500, dtype=bool)).p_value == 1.0


@pytest.mark.parametrize(
    ("exceptions", "light"), [(0, "green"), (4, "green"), (5, "yellow"), (9, "yellow"), (10, "red"), (20, "red")]
)
def test_the_zones_are_those_of_the_basel_committee(exceptions, light):
    assert traffic_light(exceptions, 250, 0.01) == light


def test_a_backtest_needs_250_forecasts():
    returns = np.random.default_rng(1).standard_normal(520) * 0.01

    enough, short = (backtest_tail(one, 0.99, BASIS, "session returns") for one in (returns, returns[1:]))

    assert enough["kupiec"].n == 250
    assert {one.status for one in short.values()} == {"insufficient_data"}
    assert "249 forecasts" in short["kupiec"].reason


def test_losses_that_outdo_all_before_break_every_forecast():
    returns = np.random.default_rng(2).standard_normal(700) * 0.01
    returns[300::20] = -0.1 * np.cumprod(1.3 + 0.2 * np.arange(20))

    found = backtest_tail(returns, 0.99, BASIS, "session returns")

    assert found["exceptions"].value >= 20
    assert found["kupiec"].status == "ok"
    assert found["kupiec"].p_value < 0.01
    assert found["traffic"].value == "red"

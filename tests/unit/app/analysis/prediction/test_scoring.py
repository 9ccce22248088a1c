import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import binomtest
from sklearn.metrics import brier_score_loss, log_loss

from app.analysis.findings import Basis, Finding, to_plain
from app.analysis.prediction.scoring import Scored, degradation, score
from tests.unit.app.analysis.prediction.made import ASOF

BASIS = Basis("predictions of ES", ASOF)
FIGURES = {"brier", "brier_skill", "log_loss", "slope", "intercept", "hit_rate", "coverage"}


def test_the_record_of_all_predictions():
    rows = made(400)

    found = score(rows, BASIS)["all"]

    assert found.keys() == FIGURES
    assert found["brier"].value == pytest.approx(brier_score_loss(rows.outcomes, rows.p))
    base = brier_score_loss(rows.outcomes, rows.base)
    assert found["brier_skill"].value == pytest.approx(1 - found["brier"].value / base)
    assert found["log_loss"].value == pytest.approx(log_loss(rows.outcomes, rows.p))
    assert found["hit_rate"].value == pytest.approx(np.mean((rows.p > 0.5) == (rows.outcomes == 1)))
    assert found["hit_rate"].ci[0] < found["hit_rate"].value < found["hit_rate"].ci[1]
    assert found["slope"].value == pytest.approx(1.0, abs=2.5 * found["slope"].stderr)
    assert found["intercept"].value == pytest.approx(0.0, abs=2.5 * found["intercept"].stderr)
    assert {one.n for one in found.values()} == {400}


def test_the_last_hundred_are_told_apart():
    rows = made(400)

    found = score(rows, BASIS)["last_100"]

    assert found["brier"].n == 100
    assert found["brier"].value == pytest.approx(brier_score_loss(rows.outcomes[-100:], rows.p[-100:]))


def test_the_coverage_is_of_the_prices_inside():
    rows = made(100)
    rows.price[:20] = 5_100.0
    rows.low[90:] = np.nan

    found = score(rows, BASIS)["all"]["coverage"]

    assert (found.value, found.n) == (pytest.approx(70 / 90), 90)
    assert found.p_value == pytest.approx(binomtest(70, 90, 0.9).pvalue)


@pytest.mark.parametrize("rows", [0, 1, 29])
def test_with_fewer_than_thirty_outcomes_nothing_is_said(rows):
    found = score(made(rows), BASIS)

    for part in ("all", "last_100"):
        assert {one.status for one in found[part].values()} == {"insufficient_data"}
        assert found[part]["brier"].reason == f"{rows} outcomes are known, 30 needed"
    assert found["degradation"]["degraded"] is False
    assert to_plain(found)["degradation"]["cusum"]["value"] is None


def test_the_base_rate_itself_has_a_record_without_skill():
    rows = made(100)
    same = Scored(rows.base, rows.base, rows.outcomes, rows.low, rows.high, rows.price)

    found = score(same, BASIS)

    assert (found["all"]["brier_skill"].value, found["all"]["brier_skill"].status) == (0.0, "not_significant")
    assert found["all"]["slope"].reason == "all predictions, or all outcomes, are the same"
    assert found["degradation"]["degraded"] is False


def test_predictions_that_mean_what_they_say_are_not_degraded():
    alarms = [degradation(made(1_000, seed=seed)).degraded for seed in range(40)]

    assert sum(alarms) == 0


def test_on_predictions_as_good_as_the_base_rate_a_false_alarm_is_rare():
    alarms = [degradation(made(600, seed=seed, slope=0.2, boast=0.4)) for seed in range(200)]

    assert np.mean([found.degraded for found in alarms]) <= 0.10
    assert np.mean([found.cusum > found.limit for found in alarms]) <= 0.02


def test_predictions_that_turn_against_the_market_are_noticed_soon():
    before, after = made(400), made(60, seed=2, slope=-1.0)
    rows = Scored(*(np.concatenate(pair) for pair in zip(parts(before), parts(after), strict=True)))

    found = degradation(rows)

    assert found.degraded
    assert found.cusum > found.limit


def test_a_slow_loss_is_noticed_over_two_hundred():
    found = degradation(made(600, seed=7, slope=0.0, boast=1.0))

    assert found.degraded
    assert found.bss < 0
    assert found.p_value < 0.05


def test_only_predictions_that_said_something_are_watched():
    rows = made(300, slope=-1.0)
    rows.p[:280] = rows.base[:280]

    assert degradation(rows).n == 20
    assert not degradation(rows).degraded


def test_a_tree_of_the_record_is_plain():
    plain = to_plain(score(made(250), BASIS))

    assert isinstance(score(made(250), BASIS)["degradation"]["last_200"], Finding)
    assert plain["degradation"]["last_200"]["n"] == 200
    assert plain["degradation"]["degraded"] is False


def made(rows, seed=1, slope=1.0, boast=1.0):
    """Predictions with a logit; prices rise with the logit times the slope."""
    dice = np.random.default_rng(seed)
    logits = dice.normal(size=rows)
    outcomes = (dice.random(rows) < expit(slope * logits)).astype(float)
    bounds = (np.full(rows, 4_990.0), np.full(rows, 5_010.0), np.full(rows, 5_000.0))
    return Scored(expit(boast * logits), np.full(rows, 0.5), outcomes, *bounds)


def parts(rows):
    return rows.p, rows.base, rows.outcomes, rows.low, rows.high, rows.price

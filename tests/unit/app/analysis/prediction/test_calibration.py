import numpy as np
import pytest
import statsmodels.api as sm
from scipy.special import expit

from app.analysis.prediction.calibration import (
    calibratable,
    calibration_line,
    platt,
    prequential,
    reliability,
)


def test_the_line_and_its_errors_are_those_of_statsmodels():
    logits, outcomes = sample(800)
    oracle = sm.Logit(outcomes, np.column_stack((logits, np.ones(800)))).fit(disp=False, tol=1e-10)

    line = calibration_line(logits, outcomes)

    assert (line.slope, line.intercept) == pytest.approx(tuple(oracle.params), abs=1e-7)
    place = np.array([0.7, 1.0])
    assert line.stderr_at(0.7) == pytest.approx(np.sqrt(place @ oracle.cov_params() @ place), rel=1e-5)


@pytest.mark.parametrize(
    ("logits", "outcomes"), [([0.1, 0.2], [1.0, 1.0]), ([0.1, 0.2], [0.0, 0.0]), ([0.1, 0.1], [0.0, 1.0])]
)
def test_without_two_kinds_there_is_no_line(logits, outcomes):
    assert not calibratable(np.array(logits), np.array(outcomes))
    with pytest.raises(ValueError, match="needs outcomes of both kinds"):
        calibration_line(np.array(logits), np.array(outcomes))


def test_logits_that_boast_twice_over_are_halved():
    logits, outcomes = sample(5_000)

    line = platt(2 * logits, outcomes)

    assert line.slope == pytest.approx(0.5, abs=0.05)
    assert line.intercept == pytest.approx(0.0, abs=0.1)


def test_platt_draws_the_targets_in():
    logits, outcomes = sample(300)
    rises = outcomes.sum()
    targets = np.where(outcomes > 0, (rises + 1) / (rises + 2), 1 / (300 - rises + 2))

    line = platt(logits, outcomes)

    left = expit(line.at(logits)) - targets
    assert (left.sum(), left @ logits) == pytest.approx((0.0, 0.0), abs=1e-5)


def test_a_model_that_is_wrong_more_often_than_right_is_not_turned_round():
    logits, outcomes = sample(400)

    line = platt(-logits, outcomes)

    assert line.slope == 0
    assert expit(line.at(np.array([-3.0, 3.0]))) == pytest.approx([(outcomes.sum() + 1) / 402] * 2)
    assert line.stderr_at(5.0) == pytest.approx(1 / np.sqrt(400 * 0.25), rel=0.02)


def test_a_prediction_is_calibrated_by_earlier_outcomes_alone():
    logits, outcomes = sample(300)
    later = outcomes.copy()
    later[199:] = 1 - later[199:]

    one, two = (prequential(logits, y, np.arange(300)) for y in (outcomes, later))

    assert np.array_equal(one.p, two.p)
    assert np.array_equal(one.p[:200], expit(logits[:200]))
    assert one.p[200:] == pytest.approx(expit(platt(logits[:199], outcomes[:199]).at(logits[200:])))


def test_outcomes_that_are_not_known_are_not_learned_from():
    logits, outcomes = sample(300)
    outcomes[::2] = np.nan

    found = prequential(logits, outcomes, np.arange(300), first=90)

    assert found.line.n == 99


def test_the_bins_hold_equally_many_and_all():
    logits, outcomes = sample(1_003)
    p = expit(logits)

    bins = reliability(p, outcomes)

    assert [one.n for one in bins] == [101] * 3 + [100] * 7
    assert sum(one.n * one.rate for one in bins) == pytest.approx(outcomes.sum())
    assert [one.p for one in bins] == sorted(one.p for one in bins)
    assert bins[0].p == pytest.approx(np.sort(p)[:101].mean())


@pytest.mark.parametrize(("rows", "count"), [(0, 0), (15, 1), (45, 2)])
def test_few_predictions_have_few_bins(rows, count):
    logits, outcomes = sample(60)

    assert len(reliability(expit(logits[:rows]), outcomes[:rows])) == count


def sample(rows):
    dice = np.random.default_rng(4)
    logits = dice.normal(size=rows)
    return logits, (dice.random(rows) < expit(logits)).astype(float)

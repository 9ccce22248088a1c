import numpy as np
import pytest
import statsmodels.api as sm
from sklearn.linear_model import LogisticRegression

from app.analysis.prediction.logistic import fit_logistic


def test_the_penalised_weights_are_those_of_scikit_learn():
    features, outcomes = sample()
    design = np.column_stack((features, np.ones(len(features))))
    oracle = LogisticRegression(C=1 / 10, tol=1e-12, max_iter=1_000).fit(features, outcomes)

    found = fit_logistic(design, outcomes, np.array([10.0, 10.0, 10.0, 0.0])).weights

    assert found == pytest.approx(np.append(oracle.coef_[0], oracle.intercept_), abs=1e-6)


def test_the_errors_are_those_of_statsmodels():
    features, outcomes = sample()
    design = np.column_stack((features, np.ones(len(features))))
    oracle = sm.Logit(outcomes, design).fit(disp=False, tol=1e-10)

    found = fit_logistic(design, outcomes, np.zeros(4))

    assert found.weights == pytest.approx(oracle.params, abs=1e-8)
    assert np.sqrt(np.diag(found.covariance)) == pytest.approx(oracle.bse, rel=1e-6)


@pytest.mark.parametrize("start", [np.array([30.0, -30.0, 5.0, 40.0]), np.array([-3.0, 0.0, 0.0, 2.0])])
def test_where_it_starts_does_not_matter(start):
    features, outcomes = sample()
    design = np.column_stack((features, np.ones(len(features))))
    penalty = np.array([1.0, 1.0, 1.0, 0.0])

    cold, warm = fit_logistic(design, outcomes, penalty), fit_logistic(design, outcomes, penalty, start)

    assert warm.weights == pytest.approx(cold.weights, abs=1e-9)


def test_a_column_that_is_always_zero_gets_no_weight():
    features, outcomes = sample()
    design = np.column_stack((np.zeros(len(features)), np.ones(len(features))))

    found = fit_logistic(design, outcomes, np.array([1.0, 0.0])).weights

    share = outcomes.mean()
    assert found == pytest.approx([0.0, np.log(share / (1 - share))], abs=1e-8)


def sample():
    dice = np.random.default_rng(3)
    features = dice.normal(size=(400, 3))
    chance = 1 / (1 + np.exp(-(features @ [0.8, -0.5, 0.0] + 0.3)))
    return features, (dice.random(400) < chance).astype(float)

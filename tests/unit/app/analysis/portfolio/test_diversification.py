import numpy as np
import pytest
from scipy import optimize

from app.analysis.portfolio.diversification import (
    diversification_ratio,
    equal_risk_weights,
    equal_weights,
    inverse_volatility_weights,
    risk_shares,
    volatility_of,
)


def alike(rho, count=4):
    return 0.04 * (np.full((count, count), rho) + (1 - rho) * np.eye(count))


@pytest.mark.parametrize(("rho", "ratio"), [(1.0, 1.0), (0.0, 2.0), (0.9, 1.03975)])
def test_four_alike_have_the_known_ratio(rho, ratio):
    covariance = alike(rho)

    assert diversification_ratio(equal_weights(covariance), covariance) == pytest.approx(ratio, abs=1e-5)


def test_the_volatility_of_a_mix_counts_what_moves_together():
    covariance = np.array([[0.04, 0.006], [0.006, 0.09]])

    assert volatility_of(np.array([0.5, 0.5]), covariance) == pytest.approx(np.sqrt(0.0355))


def test_weights_by_inverse_volatility_bring_the_same_volatility():
    covariance = np.diag([0.04, 0.16])

    assert inverse_volatility_weights(covariance) == pytest.approx([2 / 3, 1 / 3])


def test_two_symbols_bring_equal_risk_by_inverse_volatility_whatever_their_correlation():
    covariance = np.array([[0.04, -0.02], [-0.02, 0.09]])

    assert equal_risk_weights(covariance) == pytest.approx(inverse_volatility_weights(covariance), abs=1e-9)


def test_equal_risk_is_what_a_general_optimiser_finds():
    correlation = np.array([[1, 0.8, 0.0, 0.0], [0.8, 1, 0.0, 0.0], [0.0, 0.0, 1, -0.5], [0.0, 0.0, -0.5, 1]])
    deviations = np.array([0.1, 0.2, 0.3, 0.4])
    covariance = correlation * np.outer(deviations, deviations)

    weights = equal_risk_weights(covariance)

    # Maillard, Roncalli and Teiletche 2010 give 38.4, 19.2, 24.3 and 18.2 % for this example.
    assert weights == pytest.approx([0.384, 0.192, 0.243, 0.182], abs=6e-4)
    assert risk_shares(weights, covariance) == pytest.approx([0.25] * 4, abs=1e-9)
    found = optimize.minimize(
        lambda y: y @ covariance @ y / 2 - np.log(y).mean(), np.ones(4), bounds=[(1e-6, None)] * 4, tol=1e-14
    )
    assert weights == pytest.approx(found.x / found.x.sum(), abs=1e-4)


def test_copies_of_one_symbol_share_alike():
    assert equal_risk_weights(alike(1.0)) == pytest.approx([0.25] * 4)


def test_a_mix_that_cancels_itself_has_neither_ratio_nor_weights():
    covariance = alike(-1.0, 2)

    assert diversification_ratio(np.array([0.5, 0.5]), covariance) is None
    assert equal_risk_weights(covariance) is None

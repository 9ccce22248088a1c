"""How much a mix of symbols diversifies, and mixes that spread the risk."""

import math
from typing import Final

import numpy as np

from app.analysis.bars import Floats

SWEEPS: Final = 1_000
PRECISION: Final = 1e-10


def volatility_of(weights: Floats, covariance: Floats) -> float:
    """The standard deviation of a mix, sqrt(w'Sw), in the unit of the covariance's root."""
    return math.sqrt(max(float(weights @ covariance @ weights), 0.0))


def diversification_ratio(weights: Floats, covariance: Floats) -> float | None:
    """The mean of the volatilities over the volatility of the mix (Choueifaty, Coignard 2008).

    Weights of long positions; None where the mix has no risk. Its square counts the independent bets.
    """
    apart = float(np.abs(weights) @ np.sqrt(np.diag(covariance)))
    together = volatility_of(weights, covariance)
    return apart / together if together > 1e-9 * apart else None


def risk_shares(weights: Floats, covariance: Floats) -> Floats:
    """Which part of the variance each symbol brings; they add up to 1. The mix has some risk."""
    parts = weights * (covariance @ weights)
    return np.asarray(parts / parts.sum())


def equal_weights(covariance: Floats) -> Floats:
    """The same share of each."""
    return np.full(len(covariance), 1 / len(covariance))


def inverse_volatility_weights(covariance: Floats) -> Floats:
    """Shares in proportion to 1 / volatility, all volatilities positive."""
    inverse = 1 / np.sqrt(np.diag(covariance))
    return np.asarray(inverse / inverse.sum())


def equal_risk_weights(covariance: Floats) -> Floats | None:
    """Long shares that each bring the same risk (Maillard, Roncalli, Teiletche 2010); None where none were found.

    Cyclical coordinate descent (Griveau-Billion, Richard, Roncalli 2013) on the correlation matrix, until all shares of
    the risk are equal to 1e-10.
    """
    deviations = np.sqrt(np.diag(covariance))
    correlation = covariance / np.outer(deviations, deviations)
    count = len(covariance)
    found = np.full(count, 1 / math.sqrt(count))
    for _ in range(SWEEPS):
        for place in range(count):
            others = float(correlation[place] @ found - found[place])
            found[place] = (-others + math.sqrt(others**2 + 4 / count)) / 2
        risk = float(found @ correlation @ found)
        if risk > PRECISION and np.allclose(risk_shares(found, correlation), 1 / count, rtol=0, atol=PRECISION):
            weights = found / deviations
            return np.asarray(weights / weights.sum())
    return None

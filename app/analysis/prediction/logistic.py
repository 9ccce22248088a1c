"""Logistic regression by Newton's method: the penalised maximum of the likelihood, and its Fisher information."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import expit

from app.analysis.bars import Floats

_MOST_STEPS: Final = 50
# Steps shrink quadratically: after one of this size the next would be about its square.
_TOLERANCE: Final = 1e-7
_NEAR: Final = 1e-6
_MOST_HALVINGS: Final = 20


@dataclass(frozen=True)
class Logistic:
    """A fitted logit: `weights` of the columns, shape (columns,), and the inverse of the information there."""

    weights: Floats
    covariance: Floats


def fit_logistic(design: Floats, outcomes: Floats, penalty: Floats, start: Floats | None = None) -> Logistic:
    """Minimise the log loss plus half the sum of `penalty * weights**2`.

    `design` has shape (rows, columns) with a column of ones where an intercept is wanted, `outcomes` shape (rows,)
    within [0, 1], `penalty` shape (columns,). `start` only saves steps. Iteratively reweighted least squares with
    halved steps (McCullagh and Nelder 1989). Without any penalty a separable sample has no minimum: the weights are
    then those of the last step.
    """
    weights = np.zeros(design.shape[1]) if start is None else start
    loss = _loss(design, outcomes, penalty, weights)
    for _ in range(_MOST_STEPS):
        chance = expit(design @ weights)
        slope = design.T @ (chance - outcomes) + penalty * weights
        step = np.linalg.solve(_information(design, chance, penalty), slope)
        weights, loss, moved = _descend(design, outcomes, penalty, weights, loss, step)
        if moved < _TOLERANCE:
            break
    information = _information(design, expit(design @ weights), penalty)
    return Logistic(weights, np.asarray(np.linalg.inv(information), np.float64))


def _descend(
    design: Floats, outcomes: Floats, penalty: Floats, weights: Floats, loss: float, step: Floats
) -> tuple[Floats, float, float]:
    size = float(np.max(np.abs(step)))
    if size < _NEAR:
        # So near the minimum the loss no longer tells steps apart, and a full Newton step is right.
        return weights - step, loss, size
    for halving in range(_MOST_HALVINGS):
        tried = weights - step * 0.5**halving
        found = _loss(design, outcomes, penalty, tried)
        if found <= loss:
            return tried, found, size * 0.5**halving
    return weights, loss, 0.0


def _loss(design: Floats, outcomes: Floats, penalty: Floats, weights: Floats) -> float:
    logits = design @ weights
    return float(np.sum(np.logaddexp(0, logits) - outcomes * logits) + 0.5 * np.sum(penalty * weights**2))


def _information(design: Floats, chance: Floats, penalty: Floats) -> Floats:
    # The smallest ridge keeps a column of zeros, or chances of exactly 0 and 1, from being singular.
    found: Floats = (design.T * (chance * (1 - chance))) @ design + np.diag(penalty + 1e-12)
    return found

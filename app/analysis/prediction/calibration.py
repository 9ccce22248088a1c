"""Calibration: from a model's logit to a probability that is right as often as it says."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import expit, logit

from app.analysis.bars import Floats
from app.analysis.prediction.logistic import fit_logistic
from app.analysis.prediction.walkforward import REFIT, Places, blocks
from app.analysis.statistics.shares import wilson

# Past predictions with an outcome that a calibration is fitted on, at the least.
FIRST_CALIBRATION: Final = 100
_EDGE: Final = 1e-12
# Logits that differ by less are one.
_FLAT: Final = 1e-6


@dataclass(frozen=True)
class Line:
    """A logit line `slope * x + intercept` with the covariance of its two, shape (2, 2), from `n` outcomes."""

    slope: float
    intercept: float
    covariance: Floats
    n: int

    def at(self, logits: Floats) -> Floats:
        """The line's logits."""
        return self.slope * logits + self.intercept

    def stderr_at(self, logit_: float) -> float:
        """The standard error of the line at a logit, by the Fisher information."""
        place = np.array([logit_, 1.0])
        return float(np.sqrt(max(place @ self.covariance @ place, 0.0)))


@dataclass(frozen=True)
class Calibrated:
    """Probabilities of rows, each by the line that was known then, and the newest line."""

    p: Floats
    line: Line


@dataclass(frozen=True)
class Bin:
    """Predictions of about the same probability: their mean `p`, how often the price rose, and a Wilson interval."""

    p: float
    rate: float
    ci: tuple[float, float]
    n: int


IDENTITY: Final = Line(1.0, 0.0, np.zeros((2, 2)), 0)


def calibration_line(logits: Floats, outcomes: Floats) -> Line:
    """Slope and intercept of the outcomes on the logits (Cox 1958): 1 and 0 are right, a slope below 1 boasts.

    Outcomes of both kinds and logits that differ are needed; ValueError without.
    """
    if not calibratable(logits, outcomes):
        raise ValueError("a calibration needs outcomes of both kinds and logits that differ")
    design = np.column_stack((logits, np.ones(len(logits))))
    fitted = fit_logistic(design, outcomes, np.full(2, 1e-9))
    slope, intercept = fitted.weights
    return Line(float(slope), float(intercept), fitted.covariance, len(logits))


def platt(logits: Floats, outcomes: Floats) -> Line:
    """The line that calibrates logits, on targets drawn in by one outcome of each kind (Platt 1999).

    A falling line says that the model was wrong more often than right; nothing is learned from that, and every
    prediction becomes the base rate.
    """
    rises, n = float(outcomes.sum()), len(outcomes)
    rate = (rises + 1) / (n + 2)
    flat = Line(0.0, float(logit(rate)), np.diag([0.0, 1 / (n * rate * (1 - rate))]), n)
    if float(np.ptp(logits)) <= _FLAT:
        return flat
    targets = np.where(outcomes > 0.5, (rises + 1) / (rises + 2), 1 / (n - rises + 2))
    design = np.column_stack((logits, np.ones(n)))
    fitted = fit_logistic(design, targets, np.full(2, 1e-9))
    slope, intercept = (float(weight) for weight in fitted.weights)
    return Line(slope, intercept, fitted.covariance, n) if slope > 0 else flat


def calibratable(logits: Floats, outcomes: Floats) -> bool:
    """Whether a calibration line exists: outcomes of both kinds, and logits that differ."""
    return bool(0 < outcomes.sum() < len(outcomes)) and float(np.ptp(logits)) > _FLAT


def prequential(
    logits: Floats, outcomes: Floats, places: Places, *, horizon: int = 1, first: int = FIRST_CALIBRATION,
    step: int = REFIT,
) -> Calibrated:  # fmt: skip
    """Probabilities by Platt's line, refitted every `step` rows on out-of-sample rows whose outcome was known.

    Until `first` such rows a logit is taken at its word. Past predictions alone are used (Dawid 1984).
    """
    p, line = np.empty(len(logits)), IDENTITY
    for block in blocks(places, 0, step, 2 * horizon):
        learned = np.flatnonzero(np.isfinite(outcomes[: block.known]))
        if len(learned) >= first:
            line = platt(logits[learned], outcomes[learned])
        p[block.start : block.stop] = expit(line.at(logits[block.start : block.stop]))
    return Calibrated(np.clip(p, _EDGE, 1 - _EDGE), line)


def reliability(p: Floats, outcomes: Floats, most_bins: int = 10, least: int = 20) -> tuple[Bin, ...]:
    """A calibration plot: bins of equally many predictions in the order of `p` (Broecker and Smith 2007).

    Each has `least` or more where there are so many.
    """
    if not len(p):
        return ()
    order = np.argsort(p, kind="stable")
    parts = np.array_split(order, max(1, min(most_bins, len(p) // least)))
    return tuple(
        Bin(float(p[part].mean()), float(outcomes[part].mean()), wilson(outcomes[part].sum(), len(part)), len(part))
        for part in parts
    )

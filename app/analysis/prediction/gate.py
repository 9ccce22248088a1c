"""The gate of skill: a prediction counts only where it beat the base rate out of sample."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.stats import norm

from app.analysis.bars import Floats
from app.analysis.prediction.walkforward import Places
from app.analysis.statistics.means import hac_mean
from app.analysis.statistics.several import holm

LEVEL: Final = 0.05


@dataclass(frozen=True)
class Skill:
    """How much better than the base rate predictions were, over `n` outcomes.

    `gain` is the mean of `(b - y)**2 - (p - y)**2`, `t` its HAC t, `p_value` one-sided against no gain, `bss` the
    Brier skill score.
    """

    n: int
    brier: float
    brier_base: float
    bss: float
    gain: float
    stderr: float
    t: float
    p_value: float


@dataclass(frozen=True)
class Gate:
    """Whether a prediction passed, and its p-value after Holm's correction for the `n_tried` that were looked at."""

    passed: bool
    p_adjusted: float
    n_tried: int


def base_rates(outcomes: Floats, places: Places, horizon: int = 1) -> Floats:
    """The share of rises among the outcomes that were known at each row, drawn in by one of each kind (Laplace 1814).

    `outcomes` has shape (rows,), NaN where there is none; `places` are the rows' bars.
    """
    known = np.isfinite(outcomes)
    rises = np.concatenate(([0.0], np.cumsum(np.where(known, outcomes, 0.0))))
    count = np.concatenate(([0.0], np.cumsum(known)))
    past = np.searchsorted(places, places - horizon, side="right")
    found: Floats = (rises[past] + 1) / (count[past] + 2)
    return found


def skill(p: Floats, base: Floats, outcomes: Floats) -> Skill:
    """Skill of probabilities against base rates, over outcomes that are all known, one at the least.

    Brier 1950; Diebold and Mariano 1995, which is conservative here because the models are nested (Clark and West
    2007).
    """
    gains = (base - outcomes) ** 2 - (p - outcomes) ** 2
    gain, stderr = hac_mean(gains)
    # Where p is the base rate itself there is no gain and nothing to divide by.
    t = gain / stderr if stderr > 1e-15 else 0.0
    brier, brier_base = float(np.mean((p - outcomes) ** 2)), float(np.mean((base - outcomes) ** 2))
    bss = 1 - brier / brier_base if brier_base > 0 else 0.0
    return Skill(len(p), brier, brier_base, bss, gain, stderr, t, float(norm.sf(t)))


def pass_gate(skills: Sequence[Skill]) -> list[Gate]:
    """Which predictions beat the base rate: a positive gain, and p below 0.05 after Holm over all of them."""
    adjusted = holm([one.p_value for one in skills])
    return [
        Gate(one.gain > 0 and p < LEVEL, p, len(skills)) for one, p in zip(skills, adjusted, strict=True)
    ]  # fmt: skip

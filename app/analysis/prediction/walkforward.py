"""Walking forward: each row is predicted by a model that was fitted on nothing but what was known before it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from app.analysis.bars import Floats
from app.analysis.prediction.logistic import fit_logistic

Places = npt.NDArray[np.int64]

REFIT: Final = 100
FIRST_TRAINING: Final = 250
# Of the squared weights of standardised features; the intercept is free.
PENALTY: Final = 10.0


@dataclass(frozen=True)
class WalkedForward:
    """Out-of-sample logits: `rows` are the rows that were predicted, in order, `n_train` the newest model's sample."""

    rows: Places
    logits: Floats
    n_train: int
    weights: Floats


@dataclass(frozen=True)
class Block:
    """Rows `start` to `stop`, and how many rows from the first on were known when the block began."""

    start: int
    stop: int
    known: int


def blocks(places: Places, first: int, step: int, lag: int) -> Iterator[Block]:
    """Blocks of `step` rows from row `first` on; `known` counts the rows whose place is `lag` or more before.

    `places` are the rows' bars, rising.
    """
    for start in range(first, len(places), step):
        known = int(np.searchsorted(places, places[start] - lag, side="right"))
        yield Block(start, min(start + step, len(places)), known)


def walk_forward(
    features: Floats,
    outcomes: Floats,
    places: Places,
    *,
    horizon: int = 1,
    first: int = FIRST_TRAINING,
    step: int = REFIT,
    penalty: float = PENALTY,
) -> WalkedForward:
    """Out-of-sample logits of an L2-logistic model in an expanding walk-forward (Lopez de Prado 2018, chapter 7).

    `features` has shape (rows, columns), `outcomes` shape (rows,): 1, 0, or NaN where there is none; `places` are the
    rows' bars. The model of a block learns from rows that ended `horizon` bars before it began (purge), and `horizon`
    more (embargo); it scales by the mean and deviation of those rows alone. With too few rows nothing is predicted.
    """
    logits = np.full(len(places), np.nan)
    raw, trained = np.zeros(features.shape[1] + 1), 0
    for block in blocks(places, first, step, 2 * horizon):
        learned = np.flatnonzero(np.isfinite(outcomes[: block.known]))
        if not len(learned):
            continue
        raw, trained = _fitted(features[learned], outcomes[learned], penalty, raw), len(learned)
        logits[block.start : block.stop] = features[block.start : block.stop] @ raw[:-1] + raw[-1]
    rows = np.flatnonzero(np.isfinite(logits))
    return WalkedForward(rows, logits[rows], trained, raw)


def _fitted(features: Floats, outcomes: Floats, penalty: float, raw: Floats) -> Floats:
    """Weights for features as they are, the intercept last; `raw` are those of the model before."""
    centre, scale = features.mean(axis=0), features.std(axis=0)
    # A feature that never moves has no scale.
    scale = np.where(scale > 1e-12 * (1 + np.abs(centre)), scale, 1.0)
    rises = outcomes.sum()
    if rises in (0, len(outcomes)):
        chance = (rises + 1) / (len(outcomes) + 2)
        return np.append(np.zeros(len(centre)), np.log(chance / (1 - chance)))
    design = np.column_stack(((features - centre) / scale, np.ones(len(outcomes))))
    start = np.append(raw[:-1] * scale, raw[-1] + raw[:-1] @ centre)
    weights = fit_logistic(design, outcomes, np.append(np.full(len(centre), penalty), 0.0), start).weights
    own = weights[:-1] / scale
    return np.append(own, weights[-1] - own @ centre)

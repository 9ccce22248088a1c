"""Whether levels turn a price more often than levels drawn at random from the same range do."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from app.analysis.bars import Floats
from app.analysis.single.bounces import Bounces, count_bounces

LEAST_TOUCHES: Final = 10
LEAST_RANDOM: Final = 99
# Random levels are drawn more often than asked for, because some are hardly ever touched.
_DRAWS: Final = 3
_GROUPS: Final = 999


@dataclass(frozen=True)
class LevelTest:
    """What was found of each level and of random ones.

    `p` is NaN for a level with fewer than 10 resolved touches, and for all when fewer than 99 random levels have so
    many. `together` is the p of all tested levels as a group, None when none was. `chance` is how often random levels
    turn the price, `random` how many there were.
    """

    bounces: Bounces
    p: Floats
    together: float | None
    chance: float
    random: int


def compare_with_random(closes: Floats, levels: Floats, band: float, permutations: int, seed: int) -> LevelTest:
    """Compare levels with `permutations` random ones between the lowest and the highest close, by permutation.

    A level's score is how many standard deviations more often it turned the price than random levels do on average; its
    p is (1 + random levels with at least this score) / (1 + random levels).
    """
    dice = np.random.default_rng(seed)
    drawn = dice.uniform(closes.min(), closes.max(), _DRAWS * permutations)
    counted = count_bounces(closes, np.concatenate((levels, drawn)), band)
    found, placebo = counted.part(slice(0, len(levels))), counted.part(slice(len(levels), None))
    placebo = placebo.part(np.flatnonzero(placebo.resolved >= LEAST_TOUCHES)[:permutations])
    count = len(placebo.resolved)
    p = np.full(len(levels), np.nan)
    if count < LEAST_RANDOM:
        return LevelTest(found, p, None, placebo.rate, count)
    ripe = found.resolved >= LEAST_TOUCHES
    scores, others = found.scores(placebo.rate)[ripe], placebo.scores(placebo.rate)
    p[ripe] = (1 + (others[None, :] >= scores[:, None]).sum(axis=1)) / (1 + count)
    return LevelTest(found, p, _group_p(scores, others, dice), placebo.rate, count)


def _group_p(scores: Floats, others: Floats, dice: np.random.Generator) -> float | None:
    """How often so many random levels have at least the mean score of the found ones."""
    if not len(scores):
        return None
    groups: npt.NDArray[np.int64] = dice.integers(0, len(others), (_GROUPS, len(scores)))
    means = others[groups].mean(axis=1)
    return float((1 + (means >= scores.mean()).sum()) / (1 + _GROUPS))

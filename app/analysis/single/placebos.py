"""Whether levels turn a price more often than levels drawn at random from the same range do."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from app.analysis.bars import Floats
from app.analysis.single.bounces import AWAY, Bounces, count_bounces

LEAST_TOUCHES: Final = 10
LEAST_RANDOM: Final = 99
# Random levels are drawn more often than asked for, because some are hardly ever touched.
_DRAWS: Final = 3
_GROUPS: Final = 999


@dataclass(frozen=True)
class LevelTest:
    """What was found of each level and of random ones.

    `p` is NaN for a level with fewer than 10 resolved touches, and where fewer than 99 random levels have so many;
    `random` is by level how many there were. `together` is the p of all tested levels as a group, None when none was.
    `chance` is how often random levels turn the price.
    """

    bounces: Bounces
    p: Floats
    random: npt.NDArray[np.int64]
    together: float | None
    chance: float


def compare_with_random(closes: Floats, levels: Floats, band: float, permutations: int, seed: int) -> LevelTest:
    """Compare levels with `permutations` random ones between the lowest and the highest close, by permutation.

    A level's score is how many standard deviations more often it turned the price than random levels do on average; its
    p is (1 + random levels with at least this score) / (1 + random levels). A random level within three bands of a
    level is no comparison for it, because it is touched by the same moves.
    """
    dice = np.random.default_rng(seed)
    drawn = dice.uniform(closes.min(), closes.max(), _DRAWS * permutations)
    counted = count_bounces(closes, np.concatenate((levels, drawn)), band)
    found, placebo = counted.part(slice(0, len(levels))), counted.part(slice(len(levels), None))
    chance = placebo.rate
    others = placebo.scores(chance)
    apart = np.abs(levels[:, None] - drawn[None, :]) >= AWAY * band
    usable = apart & (placebo.resolved >= LEAST_TOUCHES)
    usable &= usable.cumsum(axis=1) <= permutations
    random = usable.sum(axis=1)
    tested = (found.resolved >= LEAST_TOUCHES) & (random >= LEAST_RANDOM)
    scores = found.scores(chance)
    reached = (usable & (others[None, :] >= scores[:, None])).sum(axis=1)
    p = np.where(tested, (1 + reached) / (1 + random), np.nan)
    return LevelTest(found, p, random, _group_p(scores, others, usable, tested, dice), chance)


def _group_p(
    scores: Floats,
    others: Floats,
    usable: npt.NDArray[np.bool_],
    tested: npt.NDArray[np.bool_],
    dice: np.random.Generator,
) -> float | None:
    """How often random levels, one for each tested one, have at least their mean score."""
    rows = np.flatnonzero(tested)
    if not len(rows):
        return None
    drawn = np.array([others[dice.choice(np.flatnonzero(usable[row]), _GROUPS)] for row in rows])
    return float((1 + (drawn.mean(axis=0) >= scores[rows].mean()).sum()) / (1 + _GROUPS))

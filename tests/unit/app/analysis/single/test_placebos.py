import numpy as np
import pytest

from app.analysis.single.bounces import AWAY
from app.analysis.single.placebos import compare_with_random


def test_a_level_that_always_turns_the_price_stands_out():
    found = compare_with_random(guarded(), np.array([0.0, 25.0]), 2.0, 199, seed=1)

    assert found.p[0] == pytest.approx(1 / 200)
    assert found.p[1] > 0.05
    assert found.random.tolist() == [199, 199]
    assert found.bounces.bounced[0] == found.bounces.resolved[0] >= 10


def test_the_same_seed_gives_the_same_numbers_and_another_one_does_not():
    first, again, other = (compare_with_random(guarded(), np.array([25.0]), 2.0, 199, seed) for seed in (1, 1, 2))

    assert (first.p, first.together, first.chance) == (again.p, again.together, again.chance)
    assert first.chance != other.chance


def test_a_level_that_is_hardly_touched_is_not_tested():
    closes = guarded()

    found = compare_with_random(closes, np.array([closes.max() + 10 * AWAY]), 2.0, 199, seed=1)

    assert np.isnan(found.p).all()
    assert found.together is None


def test_a_short_path_has_too_few_random_levels():
    found = compare_with_random(guarded()[:60], np.array([0.0]), 2.0, 199, seed=1)

    assert np.isnan(found.p).all()
    assert found.random[0] < 99


def test_no_level_is_no_test():
    found = compare_with_random(guarded(), np.zeros(0), 2.0, 199, seed=1)

    assert found.p.tolist() == []
    assert found.together is None


def test_good_levels_are_good_as_a_group():
    good = compare_with_random(guarded(), np.array([0.0]), 2.0, 199, seed=1)
    usual = compare_with_random(guarded(), np.array([18.0, 30.0]), 2.0, 199, seed=1)

    assert good.together <= 0.01
    assert usual.together > 0.05


def guarded():
    """A walk above 0, which always turns it, that is pulled back to it."""
    place, path = 20.0, []
    for step in np.random.default_rng(4).standard_normal(30_000):
        place = abs(place * (1 - 1 / 1_000) + step)
        path.append(place)
    # Some hours below, so that random levels there compare as well.
    return np.concatenate((path, 20 - np.abs(np.cumsum(np.random.default_rng(5).standard_normal(200)))))

import numpy as np
import pytest

from app.analysis.single import bounces
from app.analysis.single.bounces import AWAY, Bounces, count_bounces

LEVEL = np.array([100.0])


@pytest.mark.parametrize(
    ("path", "resolved", "bounced"),
    [
        ([104, 100, 104], 1, 1),
        ([104, 100, 96], 1, 0),
        ([96, 100, 96], 1, 1),
        ([96, 100, 104], 1, 0),
        ([104, 101, 103], 1, 1),
        ([104, 102, 104], 0, 0),
        ([104, 100], 0, 0),
        ([100, 104], 0, 0),
        ([104, 96, 104], 0, 0),
        ([104, 100, 102, 99, 101, 104], 1, 1),
        ([104, 100, 104, 100, 96, 100, 104], 3, 1),
        ([102, 100, 104], 0, 0),
    ],
)
def test_a_touch_comes_from_three_bands_away_and_ends_three_bands_away(path, resolved, bounced):
    found = count_bounces(np.array(path, float), LEVEL, band=1.0)

    assert found.resolved.tolist() == [resolved]
    assert found.bounced.tolist() == [bounced]


def test_many_levels_are_counted_as_one_by_one_in_a_plain_loop():
    dice = np.random.default_rng(5)
    closes = 100 + np.round(np.cumsum(dice.standard_normal(3_000)) * 4) / 4
    levels = dice.uniform(closes.min() - 5, closes.max() + 5, 60)

    found = count_bounces(closes, levels, band=1.5)

    assert list(zip(found.resolved, found.bounced, strict=True)) == [looped(closes, level, 1.5) for level in levels]
    assert found.resolved.max() >= 20


def test_the_size_of_a_part_changes_nothing(monkeypatch):
    closes = 100 + np.cumsum(np.random.default_rng(5).standard_normal(2_000))
    levels = np.linspace(80, 120, 41)
    whole = count_bounces(closes, levels, band=1.0)

    monkeypatch.setattr(bounces, "_CELLS", 7_000)
    parted = count_bounces(closes, levels, band=1.0)

    assert parted.resolved.tolist() == whole.resolved.tolist()
    assert parted.bounced.tolist() == whole.bounced.tolist()


def test_no_level_and_no_price_give_no_counts():
    assert count_bounces(np.array([1.0, 2.0]), np.zeros(0), 1.0).resolved.tolist() == []
    assert count_bounces(np.zeros(0), LEVEL, 1.0).resolved.tolist() == [0]


def test_scores_count_standard_deviations_above_chance():
    found = Bounces(np.array([100, 0, 25]), np.array([60, 0, 12]))

    scores = found.scores(0.5)

    assert scores[[0, 2]] == pytest.approx([2.0, -0.2])
    assert np.isnan(scores[1])
    assert found.scores(1.0)[[0, 2]].tolist() == [0, 0]
    assert found.rate == pytest.approx(72 / 125)


def looped(closes, level, band):
    came, touched, resolved, bounced = 0, False, 0, 0
    for close in closes:
        away = close - level
        if abs(away) >= AWAY * band:
            side = 1 if away > 0 else -1
            if touched:
                resolved += 1
                bounced += side == came
            came, touched = side, False
        elif abs(away) <= band and came:
            touched = True
    return resolved, bounced

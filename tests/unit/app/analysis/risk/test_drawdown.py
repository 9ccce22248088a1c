import numpy as np
import pytest

from app.analysis.risk.drawdown import Drawdown, deepest, drawdowns


def test_the_deepest_fall_is_told_with_its_places():
    values = np.array([100.0, 120, 90, 110, 120, 130, 117])

    assert deepest(values) == Drawdown(0.25, 1, 2, 4)


def test_a_fall_that_was_not_made_good_has_no_recovery():
    assert deepest(np.array([100.0, 80, 99])) == Drawdown(pytest.approx(0.2), 0, 1, None)


def test_a_line_that_rises_never_falls():
    assert drawdowns(np.array([1.0, 2, 3])).tolist() == [0, 0, 0]
    assert deepest(np.array([1.0, 2, 3])).depth == 0

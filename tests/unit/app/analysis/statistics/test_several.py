import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from app.analysis.statistics.several import holm


def test_holm_is_that_of_statsmodels():
    p_values = list(np.random.default_rng(2).random(12) ** 3)

    assert holm(p_values) == pytest.approx(multipletests(p_values, method="holm")[1], abs=1e-12)


def test_holm_by_hand():
    # 3 * .01, then 2 * .02, and 1 * .03 which may not be less than what is before.
    assert holm([0.03, 0.01, 0.02]) == pytest.approx([0.04, 0.03, 0.04])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.metrics import brier_score_loss

from app.analysis.prediction.gate import Skill, base_rates, pass_gate, skill


def test_the_base_rate_counts_only_outcomes_that_were_known():
    outcomes = np.array([1.0, 1.0, np.nan, 0.0, 1.0])

    found = base_rates(outcomes, np.array([0, 1, 2, 3, 9]))

    assert found == pytest.approx([1 / 2, 2 / 3, 3 / 4, 3 / 4, 3 / 5])


def test_skill_by_hand():
    p, base, outcomes = np.array([0.8, 0.4, 0.6]), np.full(3, 0.5), np.array([1.0, 0.0, 0.0])

    found = skill(p, base, outcomes)

    assert found.brier == pytest.approx(brier_score_loss(outcomes, p))
    assert found.brier_base == pytest.approx(0.25)
    assert found.bss == pytest.approx(1 - (0.04 + 0.16 + 0.36) / 0.75)
    assert found.gain == pytest.approx((0.21 + 0.09 - 0.11) / 3)
    assert found.p_value == pytest.approx(1 - norm.cdf(found.gain / found.stderr))


def test_the_base_rate_itself_has_no_skill():
    base = np.full(50, 0.4)

    found = skill(base, base, np.tile([0.0, 1.0], 25))

    assert (found.bss, found.t, found.p_value) == (0.0, 0.0, 0.5)


@pytest.mark.parametrize(
    ("t", "tried", "passed"), [(1.66, 1, True), (1.64, 1, False), (1.66, 2, False), (1.97, 2, True)]
)
def test_the_gate_asks_for_more_where_more_was_tried(t, tried, passed):
    skills = [with_t(t), *[with_t(-1.0)] * (tried - 1)]

    found = pass_gate(skills)

    assert found[0].passed is passed
    assert found[0].n_tried == tried
    assert not any(gate.passed for gate in found[1:])


def with_t(t):
    return Skill(500, 0.24, 0.25, 0.04 * np.sign(t), 0.01 * np.sign(t), 0.01, t, float(norm.sf(t)))

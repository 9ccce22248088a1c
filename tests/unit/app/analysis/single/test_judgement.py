import math

import pytest

from app.analysis.single.judgement import judge_trend, name_trend


@pytest.mark.parametrize(
    ("score", "name"),
    [(0.675, "Neutral"), (0.677, "Bullish"), (-0.73, "Bearish"), (0.86, "Strong Bullish"), (-0.9, "Strong Bearish")],
)
def test_the_thresholds_of_the_score(score, name):
    assert name_trend(2 * math.atanh(score)) == name


def test_a_trend_is_told_with_its_p():
    told = judge_trend(1.86)

    assert told["p_value"] == pytest.approx(0.063, abs=5e-4)
    assert told["status"] == "ok"
    assert judge_trend(1.0)["status"] == "not_significant"

from datetime import UTC, datetime

import pytest

from app.analysis.findings import Basis, to_plain
from app.cli.analysis_text import portfolio_lines, symbol_lines

BASIS = Basis("20 bars of 1h, 2025-10-08 to 2025-10-09", datetime(2025, 10, 9, 21, tzinfo=UTC))


def test_a_figure_comes_with_its_word_what_it_rests_on_and_its_status():
    score = BASIS.found(0.731, 4, "Stouffer", label="Bullish", p_value=0.0634, status="not_significant")

    assert told({"trend": {"combined": score}}) == ["Trend Score: 0.73 (Bullish, n = 4, p = 0.063, not significant)"]


def test_a_figure_that_is_missing_is_its_reason_once():
    missing = BASIS.missing(2, "realised", "2 usable sessions, 5 are needed")
    label = BASIS.missing(2, "percentile", "2 usable sessions, 60 are needed")

    assert told({"volatility": {"realised": missing, "label": label}}) == [
        "Volatility: n/a (n = 2, insufficient data, 2 usable sessions, 5 are needed)"
    ]


def test_a_figure_whose_word_is_not_known_says_why():
    label = BASIS.found("n/a", 23, "percentile", label="n/a", reason="23 of 60 sessions that a label needs")

    assert told({"volatility": {"realised": BASIS.found(0.1632, 23, "realised"), "label": label}}) == [
        "Volatility: 16.3% (n/a, n = 23, 23 of 60 sessions that a label needs)"
    ]


@pytest.mark.parametrize(("price", "text"), [(117.4375, "117.4375"), (24_198.25, "24,198.25"), (6_700.0, "6,700")])
def test_a_level_is_a_price_that_can_be_traded(price, text):
    strength = BASIS.found(0.81, 30, "permutation", p_value=0.19, status="not_significant")
    levels = {"together": strength, "support": [{"level": BASIS.found(price, 30, "m"), "pattern_strength": strength}]}

    assert told({"levels": levels})[1] == (
        f"Nearest support: {text} (strength 0.81 (n = 30, p = 0.190, not significant))"
    )


def test_a_hold_has_its_reason_and_what_was_measured_out_of_sample():
    advice = {
        "action": "HOLD",
        "horizon": "1h",
        "reason": "out of sample the prediction does no better than the base rate",
        "confidence": BASIS.found(0.5, 5_367, "gate"),
        "out_of_sample": {"brier_skill": BASIS.found(-0.0023, 5_367, "Brier", p_value=0.6, status="not_significant")},
    }

    assert told({"recommendation": advice}) == [
        "Recommendation: HOLD (Confidence: 0.50, n = 5,367): out of sample the prediction does no better than the base "
        "rate",
        "Out of sample at 1h: Brier skill -0.0023 (n = 5,367, p = 0.600, not significant)",
    ]


def test_a_purchase_has_a_size_and_no_reason():
    advice = {"action": "BUY", "horizon": "5m", "confidence": BASIS.found(0.62, 900, "calibrated")}
    size = BASIS.found(2, 900, "smallest of the caps", label="Kelly")

    assert told({"recommendation": advice, "sizing": {"contracts": size}}) == [
        "Recommendation: BUY (Confidence: 0.62, n = 900)",
        "Size: 2 (Kelly, n = 900)",
    ]


@pytest.mark.parametrize(
    ("quality", "line"),
    [
        ({"verdict": "ok", "reasons": []}, "Data quality: ok"),
        ({"verdict": "degraded", "reasons": ["3 holes", "stale"]}, "Data quality: degraded (3 holes; stale)"),
    ],
)
def test_the_verdict_on_the_data_has_its_reasons(quality, line):
    assert told({"quality": quality}) == [line]


def test_parts_that_are_not_there_have_no_line():
    assert told({}) == []
    assert list(portfolio_lines({})) == []


def test_what_concerns_all_symbols_is_told_of_equal_shares():
    ratio, bets = BASIS.found(1.381, 2_115, "ratio"), BASIS.found(1.907, 2_115, "bets")
    told_of = {"diversification": {"equal": {"diversification_ratio": ratio, "effective_bets": bets}}}

    assert list(portfolio_lines(to_plain(told_of))) == [
        "Diversification ratio of equal shares: 1.38 (n = 2,115)",
        "Effective bets of equal shares: 1.91 (n = 2,115)",
    ]


def told(tree):
    """The lines of a symbol with this tree, below its name and without their indentation."""
    name, *lines = symbol_lines("ES", to_plain(tree))
    assert name == "ES:"
    return [line.strip() for line in lines]

import numpy as np
import pytest
from scipy.special import xlogy
from scipy.stats import binomtest, chi2
from sklearn.metrics import brier_score_loss, log_loss
from statsmodels.api import Logit, add_constant
from statsmodels.stats.proportion import proportion_confint

from app.analysis.findings import Basis, Finding, to_plain
from app.analysis.prediction.scored import Scored
from app.analysis.prediction.scoring import score
from tests.unit.app.analysis.prediction.made import ASOF, scored_of

BASIS = Basis("predictions of ES", ASOF)
FIGURES = {"brier", "brier_skill", "log_loss", "slope", "intercept", "hit_rate", "coverage", "kupiec"}


def test_the_record_of_all_predictions():
    rows = scored_of(400)

    found = score(rows, BASIS)["all"]

    assert found.keys() == FIGURES | {"bins"}
    assert found["brier"].value == pytest.approx(brier_score_loss(rows.outcomes, rows.p))
    base = brier_score_loss(rows.outcomes, rows.base)
    assert found["brier_skill"].value == pytest.approx(1 - found["brier"].value / base)
    assert found["log_loss"].value == pytest.approx(log_loss(rows.outcomes, rows.p))
    assert found["hit_rate"].value == pytest.approx(np.mean((rows.p > 0.5) == (rows.outcomes == 1)))
    assert found["hit_rate"].ci[0] < found["hit_rate"].value < found["hit_rate"].ci[1]
    assert found["slope"].value == pytest.approx(1.0, abs=2.5 * found["slope"].stderr)
    assert found["intercept"].value == pytest.approx(0.0, abs=2.5 * found["intercept"].stderr)
    assert {found[name].n for name in FIGURES} == {400}


def test_the_last_hundred_are_told_apart():
    rows = scored_of(400)

    found = score(rows, BASIS)["last_100"]

    assert found["brier"].n == 100
    assert found["brier"].value == pytest.approx(brier_score_loss(rows.outcomes[-100:], rows.p[-100:]))


def test_the_coverage_is_of_the_prices_inside():
    rows = scored_of(100)
    rows.price[:20] = 5_100.0
    rows.low[90:] = np.nan

    found = score(rows, BASIS)["all"]["coverage"]

    assert (found.value, found.n) == (pytest.approx(70 / 90), 90)
    assert found.p_value == pytest.approx(binomtest(70, 90, 0.9).pvalue)


def test_the_calibration_is_that_of_a_logistic_regression_on_the_logits():
    rows = scored_of(400, boast=1.7)
    logits = np.log(rows.p / (1 - rows.p))

    fitted = Logit(rows.outcomes, add_constant(logits)).fit(disp=0)
    found = score(rows, BASIS)["all"]

    assert (found["intercept"].value, found["slope"].value) == pytest.approx(tuple(fitted.params), abs=1e-6)
    assert (found["intercept"].stderr, found["slope"].stderr) == pytest.approx(tuple(fitted.bse), abs=1e-6)


def test_the_share_of_right_sides_has_the_interval_of_wilson():
    rows = scored_of(400)

    found = score(rows, BASIS)["all"]["hit_rate"]

    hits = int(np.sum((rows.p > 0.5) == (rows.outcomes == 1)))
    assert found.ci == pytest.approx(proportion_confint(hits, 400, method="wilson"))


def test_bins_are_of_equally_many_predictions_with_the_interval_of_wilson():
    rows = scored_of(400)

    bins = score(rows, BASIS)["all"]["bins"]

    order = np.argsort(rows.p)
    lowest, rises = order[:40], rows.outcomes[order[:40]].sum()
    assert [one["rate"].n for one in bins] == [40] * 10
    assert (bins[0]["p"], bins[0]["rate"].value) == pytest.approx((rows.p[lowest].mean(), rises / 40))
    assert bins[0]["rate"].ci == pytest.approx(proportion_confint(rises, 40, method="wilson"))
    assert sorted(one["p"] for one in bins) == [one["p"] for one in bins]


@pytest.mark.parametrize(
    ("outside", "label"), [(16, "rejected"), (17, "not rejected"), (34, "not rejected"), (35, "rejected")]
)
def test_prices_outside_of_the_interval_are_counted_against_one_in_ten(outside, label):
    rows = scored_of(250)
    rows.price[:outside] = 5_100.0

    found = score(rows, BASIS)["all"]["kupiec"]

    seen = outside / 250
    ratio = 2 * sum(xlogy(n, a / b) for n, a, b in ((outside, seen, 0.1), (250 - outside, 1 - seen, 0.9)))
    assert (found.value, found.p_value) == pytest.approx((ratio, chi2.sf(ratio, 1)))
    assert (found.n, found.label, found.status == "ok") == (250, label, label == "rejected")


def test_ten_misses_of_fifty_have_the_ratio_that_was_worked_by_hand():
    # 2 (10 ln(0.2 / 0.1) + 40 ln(0.8 / 0.9)): 13.8629 - 9.4226
    rows = scored_of(50)
    rows.price[:10] = 4_900.0

    found = score(rows, BASIS)["all"]["kupiec"]

    assert (found.value, found.p_value) == (pytest.approx(4.4403, abs=1e-4), pytest.approx(0.0351, abs=1e-4))


def test_the_misses_of_the_last_hundred_are_told_apart():
    rows = scored_of(400)
    rows.price[-30:] = 5_100.0

    found = score(rows, BASIS)

    assert [found[part]["kupiec"].label for part in ("all", "last_100")] == ["not rejected", "rejected"]


@pytest.mark.parametrize("rows", [0, 1, 29])
def test_with_fewer_than_thirty_outcomes_nothing_is_said(rows):
    found = score(scored_of(rows), BASIS)

    for part in ("all", "last_100"):
        assert {found[part][name].status for name in FIGURES} == {"insufficient_data"}
        assert found[part]["bins"] == []
        assert found[part]["brier"].reason == f"{rows} outcomes are known, 30 needed"
    assert found["degradation"]["degraded"] is False
    assert to_plain(found)["degradation"]["cusum"]["value"] is None


def test_the_base_rate_itself_has_a_record_without_skill():
    rows = scored_of(100)
    same = Scored(rows.base, rows.base, rows.outcomes, rows.low, rows.high, rows.price)

    found = score(same, BASIS)

    assert (found["all"]["brier_skill"].value, found["all"]["brier_skill"].status) == (0.0, "not_significant")
    assert found["all"]["slope"].reason == "all predictions, or all outcomes, are the same"
    assert found["degradation"]["degraded"] is False


def test_a_tree_of_the_record_is_plain():
    plain = to_plain(score(scored_of(250), BASIS))

    assert isinstance(score(scored_of(250), BASIS)["degradation"]["last_200"], Finding)
    assert plain["degradation"]["last_200"]["n"] == 200
    assert plain["degradation"]["degraded"] is False


def test_prices_that_stood_still_count_for_the_intervals_alone():
    moved = scored_of(200)
    still = Scored(*(np.full(100, value) for value in (0.9, 0.5, np.nan, 4_990.0, 5_010.0, 5_000.0)))
    mixed = Scored(*(np.concatenate(pair) for pair in zip(parts(moved), parts(still), strict=True)))

    found, alone = score(mixed, BASIS), score(moved, BASIS)

    assert (found["all"]["coverage"].n, found["all"]["kupiec"].n) == (300, 300)
    assert found["last_100"]["coverage"].n == 200
    for name in FIGURES - {"coverage", "kupiec"}:
        assert to_plain(found["all"][name]) == to_plain(alone["all"][name])
        assert to_plain(found["last_100"][name]) == to_plain(alone["last_100"][name])
    assert to_plain(found["degradation"]) == to_plain(alone["degradation"])


def parts(rows: Scored) -> tuple:
    return rows.p, rows.base, rows.outcomes, rows.low, rows.high, rows.price

import pytest

from app.reports.charts import calibration_of, closes_of, correlations_of, diurnal_of, levels_of
from tests.documents import figure, missing


def test_levels_are_found_by_side_or_in_one_list():
    by_side = {"support": [{"level": figure(1.0)}], "resistance": [{"level": figure(3.0)}], "together": figure(0.5)}
    in_one = {"levels": [{"price": figure(1.0), "side": "support"}, {"price": 3.0, "side": "resistance"}, {"x": 1}]}

    for shape in (by_side, in_one):
        assert levels_of({"levels": shape}) == [(1.0, "support"), (3.0, "resistance")]


def test_bins_of_a_calibration_have_their_count_from_the_figure_or_beside_it():
    within = {"1h": {"calibration": {"slope": figure(1.0), "bins": [{"p": 0.4, "rate": figure(0.5, 30)}]}}}
    beside = {"reliability": [{"predicted": 0.4, "observed": 0.5, "n": 30}, {"predicted": None}]}

    assert calibration_of(within) == calibration_of(beside) == [(0.4, 0.5, 30.0)]


@pytest.mark.parametrize(
    "tree",
    [
        {"seasonality": {"volatility": {"00:00": figure(1.0), "00:30": figure(2.0), "01:00": figure(0.5)}}},
        {"seasonality": {"diurnal": {"factors": [1.0, 2.0, 0.5]}}},
        {"charts": {"diurnal": [["00:00", 1.0], ["00:30", 2.0], ["01:00", 0.5]]}},
        {"charts": {"diurnal": [{"label": "00:00", "value": 1.0}, {"label": "b", "value": 2.0}, {"value": 0.5}]}},
    ],
)
def test_the_volatility_of_the_day_is_found_in_any_of_its_shapes(tree):
    assert [height for _, height in diurnal_of(tree)] == [1.0, 2.0, 0.5]


def test_volatility_that_is_missing_is_not_drawn():
    assert diurnal_of({"seasonality": {"volatility": {"00:00": missing(3, "too few")}}}) == []


def test_correlations_are_read_by_symbol_or_by_pair():
    nested = {
        "timeframe": "15m",
        "matrix": {"ES": {"NQ": figure(0.9), "CL": missing(1, "few")}, "NQ": {"ES": figure(0.9)}},
    }

    for shape in (nested, {"pairs": {"ES/NQ": figure(0.9)}}):
        names, matrix = correlations_of(shape)
        assert names == ["ES", "NQ"]
        assert matrix["ES", "NQ"] == 0.9
        assert matrix["ES", "ES"] == 1.0


def test_closes_that_are_no_numbers_are_left_out():
    assert closes_of({"charts": {"closes": [["a", 1.5], ["b", None], "c", ["d", -2]]}}) == [("a", 1.5), ("d", -2.0)]

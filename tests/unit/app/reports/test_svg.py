import re
from xml.etree import ElementTree

from app.reports.svg import MOST_POINTS, bar_chart, calibration_plot, heat_map, price_line


def test_a_line_of_prices_has_the_highest_one_on_top():
    drawn = ElementTree.fromstring(price_line([("a", 1.0), ("b", 3.0), ("c", 2.0)]))

    points = [tuple(map(float, pair.split(","))) for pair in drawn.find("polyline").get("points").split()]
    assert [x for x, _ in points] == sorted(x for x, _ in points)
    assert points[1][1] < points[2][1] < points[0][1]


def test_many_points_are_thinned_and_the_last_one_is_kept():
    points = [(str(number), float(number)) for number in range(10_001)]

    drawn = ElementTree.fromstring(price_line(points))

    assert len(drawn.find("polyline").get("points").split()) <= MOST_POINTS + 1
    assert "10,000" in [text.text for text in drawn.findall("text")]


def test_constant_and_negative_prices_are_drawn():
    for price in (0.0, -37.63):
        drawn = price_line([("a", price), ("b", price)], [(price, "support")])

        assert "nan" not in drawn
        assert "<polyline" in drawn


def test_a_level_far_away_does_not_flatten_the_prices():
    drawn = price_line([("a", 100.0), ("b", 101.0)], [(100.5, "support"), (500.0, "resistance")])

    assert len(re.findall("<line", drawn)) == 1


def test_too_little_to_draw_is_no_drawing():
    assert [price_line([("a", 1.0)]), calibration_plot([]), bar_chart([], "x"), heat_map(["A"], {}, "x")] == [""] * 4


def test_bars_go_up_and_down_from_zero():
    drawn = ElementTree.fromstring(bar_chart([("a", 2.0), ("b", -1.0)], "Bars"))

    up, down = [(float(bar.get("y")), float(bar.get("height"))) for bar in drawn.findall("rect")]
    assert up[0] + up[1] == down[0]
    assert abs(up[1] - 2 * down[1]) <= 0.11


def test_a_bin_on_the_diagonal_is_drawn_on_the_diagonal():
    drawn = ElementTree.fromstring(calibration_plot([(0.5, 0.5, 10.0)]))

    dot, line = drawn.find("circle"), drawn.find("line")
    middle = [(float(line.get(f"{axis}1")) + float(line.get(f"{axis}2"))) / 2 for axis in "xy"]
    assert [float(dot.get("cx")), float(dot.get("cy"))] == middle


def test_a_heat_map_has_a_cell_per_known_pair():
    drawn = ElementTree.fromstring(heat_map(["A", "B", "C"], {("A", "B"): -0.5}, "Correlations"))

    assert [cell.get("class") for cell in drawn.findall("rect")] == ["cold", "cold"]

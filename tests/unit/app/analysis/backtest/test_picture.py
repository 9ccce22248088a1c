from xml.etree import ElementTree

import numpy as np

from app.analysis.backtest.chance import Chance
from app.analysis.backtest.picture import chance_chart
from app.analysis.findings import Basis
from tests.nulls.paths import hours_of, weekdays

BASIS = Basis("window", hours_of(weekdays(1)[0]).close)
SVG = "{http://www.w3.org/2000/svg}"


def test_the_picture_has_the_noise_the_band_and_the_rule():
    profit = BASIS.found(1_500.0, 500, "method", p_value=0.01)

    drawn = ElementTree.fromstring(chance_chart(Chance(profit, np.linspace(-1_000, 990, 200), -900.0, 900.0)))

    line, boxes = drawn.find(f"{SVG}line"), drawn.findall(f"{SVG}rect")
    band, bars = boxes[0], boxes[1:]
    assert float(line.get("x1")) == 620.0
    assert float(band.get("x")) == 20 + 100 / 2_500 * 600
    assert float(band.get("width")) == 1_800 / 2_500 * 600
    assert sum(float(bar.get("height")) > 0 for bar in bars) == 24
    assert drawn.find(f"{SVG}text").text == "the rule 1,500; noise -900 to 900; p = 0.010"


def test_without_a_test_the_picture_says_why():
    short = BASIS.found(5.0, 20, "method", status="low_history", reason="there are < 100 changes")

    drawn = ElementTree.fromstring(chance_chart(Chance(short, np.empty(0))))

    assert drawn.find(f"{SVG}text").text == "there are < 100 changes"
    assert drawn.find(f"{SVG}rect") is None


def test_draws_that_are_all_the_same_can_be_drawn():
    profit = BASIS.found(5.0, 500, "method", p_value=1.0)

    assert ElementTree.fromstring(chance_chart(Chance(profit, np.full(20, 5.0), 5.0, 5.0))) is not None

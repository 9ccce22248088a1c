import json
import math
from datetime import UTC, datetime

import numpy as np
import pytest

from app.analysis.findings import FIGURE_KEYS, Basis, Finding, figures, is_figure, to_plain

ASOF = datetime(2025, 10, 9, 15, 30, tzinfo=UTC)
BASIS = Basis("23 bars of 1h", ASOF)


def test_a_figure_has_all_keys_and_what_does_not_apply_is_left_out():
    plain = BASIS.found(1.5, 23, "mean").to_plain()

    assert plain == {
        "value": 1.5,
        "n": 23,
        "status": "ok",
        "method": "mean",
        "window": "23 bars of 1h",
        "asof": "2025-10-09T15:30:00.000000Z",
    }


def test_what_is_known_of_the_uncertainty_is_told():
    plain = BASIS.found(
        1.5, 23, "mean", stderr=0.0, p_value=0.04, ci=(1, 2), ci_level=0.9, unit="points", label="Up", reason="few"
    ).to_plain()

    assert {name: plain[name] for name in plain.keys() - FIGURE_KEYS} == {
        "stderr": 0.0,
        "p_value": 0.04,
        "ci": [1.0, 2.0],
        "ci_level": 0.9,
        "unit": "points",
        "label": "Up",
        "reason": "few",
    }


def test_numbers_of_numpy_become_plain_ones():
    found = BASIS.found(np.float64(0.5), np.int64(3), "mean", stderr=np.float32(0.25), ci=np.array([0.0, 1.0]))

    assert [type(one) for one in (found.value, found.n, found.stderr, found.ci)] == [float, int, float, tuple]
    assert json.loads(json.dumps(found.to_plain()))["ci"] == [0, 1]


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("place", ["value", "stderr", "p_value", "ci"])
def test_a_number_that_is_not_finite_is_refused_wherever_it_stands(number, place):
    told = {"value": 1.0} | {place: (0.0, number) if place == "ci" else number}

    with pytest.raises(ValueError, match="not finite"):
        BASIS.found(told.pop("value"), 1, "mean", **told)


def test_a_missing_figure_has_no_value_and_a_reason():
    found = BASIS.missing(3, "mean", "3 bars, 10 needed", unit="points")

    assert (found.value, found.status, found.reason, found.n) == (None, "insufficient_data", "3 bars, 10 needed", 3)
    assert found.to_plain()["value"] is None


def test_a_figure_without_enough_data_has_no_value():
    with pytest.raises(ValueError, match="has a value"):
        BASIS.found(1.0, 1, "mean", status="insufficient_data", reason="too few")


def test_a_figure_without_a_value_has_a_reason():
    with pytest.raises(ValueError, match="no reason"):
        Finding(value=None, n=0, status="not_significant", method="mean", window="", asof=ASOF)


def test_a_tree_becomes_plain_all_the_way_down():
    tree = {"a": [BASIS.found(1, 1, "count"), "text", None, True], "b": {"c": (1.5, 2)}}

    plain = to_plain(tree)

    assert plain["a"][0]["value"] == 1
    assert plain["a"][1:] == ["text", None, True]
    assert plain["b"] == {"c": [1.5, 2]}


@pytest.mark.parametrize("number", [math.nan, math.inf])
def test_a_bare_number_in_a_tree_is_finite_too(number):
    with pytest.raises(ValueError, match="not finite"):
        to_plain({"a": [{"b": number}]})


def test_figures_are_found_with_their_paths_in_order():
    plain = to_plain(
        {"z": BASIS.found(1, 1, "count"), "a": {"rows": [{"x": BASIS.found(2, 1, "count")}, 5]}, "text": "value"}
    )

    assert [(path, one["value"]) for path, one in figures(plain)] == [(("z",), 1), (("a", "rows", "0", "x"), 2)]


def test_a_mapping_with_only_some_of_the_keys_is_no_figure():
    whole = BASIS.found(1, 1, "count").to_plain()

    assert is_figure(whole)
    assert not is_figure({name: whole[name] for name in whole.keys() - {"asof"}})
    assert not is_figure("value n status method window asof")

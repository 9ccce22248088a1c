import json

import numpy as np
import pytest

from app.analysis.findings import FIGURE_KEYS, figures
from app.analysis.keeping import CountedKeep
from app.analysis.measures import PARTS, PORTFOLIO_KINDS, PREDICTING_KINDS
from app.analysis.parts import measured
from app.analysis.question import KINDS, Parameters
from tests.nulls.paths import garch_returns, prices, symbol_data

PARAMETERS = Parameters.model_validate({"permutations": 99})
NAMES = [part.name for part in PARTS]


@pytest.fixture(scope="module")
def year():
    """250 sessions of bars of five minutes."""
    return symbol_data(prices(garch_returns(np.random.default_rng(1), 250, 276)), "5m")


def test_parts_have_names_of_their_own_and_kinds_that_there_are():
    assert len(set(NAMES)) == len(NAMES)
    assert {kind for part in PARTS for kind in part.kinds} | PREDICTING_KINDS | PORTFOLIO_KINDS == set(KINDS)
    assert all("full" in part.kinds for part in PARTS)


def test_a_part_names_parameters_that_there_are():
    assert {name for part in PARTS for name in part.matters} <= set(Parameters.model_fields)


def test_what_a_prediction_is_sized_by_is_measured_with_it():
    assert {part.name for part in PARTS if "prediction" in part.kinds} >= {"volatility", "risk"}


@pytest.mark.parametrize("name", NAMES)
def test_of_a_year_every_part_is_a_tree_of_whole_figures(name, year):
    plain = of(name, year)

    told = list(figures(plain))
    json.dumps(plain, allow_nan=False)
    assert told
    assert all(figure.keys() >= FIGURE_KEYS for _, figure in told)
    assert all(figure["value"] is None for _, figure in told if figure["status"] == "insufficient_data")
    assert all(figure.get("reason") for _, figure in told if figure["value"] is None)


@pytest.mark.parametrize(
    ("name", "path", "status"),
    [
        ("volatility", ("realised",), "ok"),
        ("volatility", ("label",), "ok"),
        ("seasonality", ("half_hours", "significant"), "not_significant"),
        ("seasonality", ("weekdays", "significant"), "insufficient_data"),
        ("risk", ("session", "var_95", "fhs"), "ok"),
        ("risk", ("session", "var_99", "fhs"), "insufficient_data"),
        ("risk", ("1h", "var_99", "fhs"), "ok"),
    ],
)
def test_of_a_year_figures_have_the_status_that_is_documented(name, path, status, year):
    node = of(name, year)
    for step in path:
        node = node[step]

    assert node["status"] == status


@pytest.mark.parametrize("name", NAMES)
def test_without_a_bar_every_part_says_that_there_is_too_little(name):
    data = symbol_data(np.ones(1), "session")
    empty = type(data)(**{**vars(data), "bars": {}, "hours": (), "ticks": 0})

    assert {figure["status"] for _, figure in figures(of(name, empty))} <= {"insufficient_data"}


def of(name, data):
    (part,) = (part for part in PARTS if part.name == name)
    return measured(part, data, PARAMETERS, CountedKeep(None))

import json
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from app.analysis.inputs import Terms
from app.analysis.keeping import CountedKeep
from app.analysis.parts import Part, measured, part_key
from app.analysis.question import Parameters
from tests.nulls.paths import symbol_data

DATA = symbol_data(np.arange(1.0, 24.0), "1h")
PARAMETERS = Parameters.model_validate({})


class Shelf(dict):
    def put(self, kind, key, data):
        self[kind, key] = data

    def get(self, kind, key):
        return super().get((kind, key))


@pytest.fixture
def asked():
    return []


@pytest.fixture
def part(asked):
    def measure(data, parameters):
        asked.append(parameters.seed)
        return {"mean": data.basis("1h").found(0.1 + 0.2, 23, "mean"), "rows": (1, 2)}

    return Part("middle", "Statistics", frozenset({"full"}), measure, ("seed",))


def test_a_part_is_measured_once_and_then_kept(part, asked):
    keep = CountedKeep(Shelf())

    first, second = (measured(part, DATA, PARAMETERS, keep) for _ in range(2))

    assert first == second
    assert json.dumps(first) == json.dumps(second)
    assert asked == [1]
    assert (keep.hits, keep.misses) == (1, 1)


def test_without_a_store_a_part_is_measured_each_time_and_is_the_same(part, asked):
    first, second = (measured(part, DATA, PARAMETERS, CountedKeep(None)) for _ in range(2))

    assert first == second
    assert asked == [1, 1]
    assert first["mean"]["value"] == 0.1 + 0.2
    assert first["rows"] == [1, 2]


@pytest.mark.parametrize(
    "other",
    [
        {"data_hash": "1" * 64},
        {"symbol": "NQ"},
        {"asof": DATA.asof + timedelta(minutes=1)},
        {"terms": Terms(0.5, 50.0)},
        {"terms": None},
        {"sessions_per_year": 251.0},
        {"hours": ()},
    ],
)
def test_other_data_has_another_name(part, other):
    assert part_key(part, replace(DATA, **other), PARAMETERS) != part_key(part, DATA, PARAMETERS)


def test_only_parameters_that_matter_make_another_name(part):
    names = [
        part_key(part, DATA, Parameters.model_validate(told)) for told in ({}, {"seed": 2}, {"fee": 9}, {"equity": 1})
    ]

    assert names[0] != names[1]
    assert names[0] == names[2] == names[3]


def test_two_parts_of_the_same_data_have_two_names(part):
    assert part_key(replace(part, name="other"), DATA, PARAMETERS) != part_key(part, DATA, PARAMETERS)

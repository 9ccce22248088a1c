from dataclasses import fields, replace

import numpy as np
import pytest
from scipy.special import expit

from app.analysis.prediction.composite import combine
from app.analysis.prediction.predicted import Series
from app.analysis.prediction.predicting import predict_direction
from app.analysis.question import Parameters
from tests.nulls.paths import symbol_data
from tests.nulls.prediction import BARS, latent_momentum, random_walk
from tests.unit.app.analysis.prediction.made import predicted_of, unpredicted

PARAMETERS = Parameters.model_validate({})
NAMES = ("ES", "E2", "E3", "E4")


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_same_symbol_four_times_says_no_more_than_once(seed):
    single = predict_direction(symbol_data(latent_momentum(seed, 0.6)[:BARS], "1h"), "1h", PARAMETERS)
    copies = {(name, "1h"): replace(single, symbol=name) for name in NAMES}

    once = combine({("ES", "1h"): single}, {"ES": 1.0})["1h"]
    four = combine(copies, dict.fromkeys(NAMES, 0.25))["1h"]

    assert four.p == pytest.approx(once.p, abs=1e-12)
    assert four.p == pytest.approx(single.forecast.p, abs=1e-3)
    assert four.weights == pytest.approx(dict.fromkeys(NAMES, 0.25))
    assert four.gate.passed


def test_random_walks_together_show_no_skill():
    made = {
        (name, "1h"): predict_direction(symbol_data(random_walk(50 + seed)[:BARS], "1h", symbol=name), "1h", PARAMETERS)
        for seed, name in enumerate(NAMES)
    }

    found = combine(made, dict.fromkeys(NAMES, 0.25))["1h"]

    assert not found.gate.passed
    assert found.p == pytest.approx(0.5, abs=0.05)


def test_a_symbol_without_skill_has_no_weight():
    made = {("ES", "1h"): told(seed=1, slope=1.5), ("CL", "1h"): told(seed=2, slope=-1.5)}

    found = combine(made, {"ES": 0.5, "CL": 0.5})["1h"]

    assert found.weights == {"ES": 1.0}


def test_weights_are_skill_times_the_share_of_the_portfolio():
    one = told(seed=1, slope=1.5)
    made = {("ES", "1h"): one, ("NQ", "1h"): replace(one, symbol="NQ")}

    found = combine(made, {"ES": 3.0, "NQ": 1.0})["1h"]

    assert found.weights == pytest.approx({"ES": 0.75, "NQ": 0.25})


def test_a_boasting_model_is_calibrated_on_the_returns_of_the_portfolio():
    one = told(seed=1, slope=1.5, boast=2.0)
    series = one.forecast.series

    found = combine({("ES", "1h"): one}, {"ES": 1.0})["1h"]

    said, meant = (np.log(p / (1 - p)) for p in (series.p[-1], found.p))
    assert meant / said == pytest.approx(0.5, abs=0.15)


def test_the_label_is_the_return_of_the_portfolio():
    one = told(seed=1, slope=1.5)
    turned = replace(one.forecast.series, moves=-one.forecast.series.moves)
    opposite = replace(one, symbol="CL", forecast=replace(one.forecast, series=turned))

    found = combine({("ES", "1h"): one, ("CL", "1h"): opposite}, {"ES": 0.9, "CL": 0.1})["1h"]

    assert found.scored == one.forecast.skill.n - 100
    assert found.gate.passed


def test_only_times_that_all_have_count():
    one, other = told(seed=1), told(seed=2)
    made = {("ES", "1h"): one, ("CL", "1h"): with_rows(other, slice(300, None))}

    found = combine(made, {"ES": 0.5, "CL": 0.5})["1h"]

    assert found.scored == one.forecast.skill.n - 300 - 100
    assert found.asof.timestamp() * 1e6 == one.forecast.series.times[-1]


def test_without_a_newest_bar_in_common_there_is_no_composite():
    one, other = told(seed=1), told(seed=2)
    made = {("ES", "1h"): one, ("CL", "1h"): with_rows(other, slice(None, -1))}

    found = combine(made, {"ES": 0.5, "CL": 0.5})["1h"]

    assert (found.p, found.reason) == (None, "the newest bars of the symbols are not of the same time")


def test_too_few_outcomes_in_common_are_said_to_be_too_few():
    one = told(seed=1, rows=250)

    found = combine({("ES", "1h"): one}, {"ES": 1.0})["1h"]

    assert (found.p, found.skill, found.gate) == (None, None, None)
    assert found.reason == "149 outcomes that all symbols have, 200 needed"


@pytest.mark.parametrize("portfolio", [{}, {"ES": 0.0}, {"NQ": 1.0}])
def test_without_symbols_there_is_no_composite(portfolio):
    made = {("ES", "1h"): told(seed=1), ("NQ", "1h"): unpredicted("NQ")}

    found = combine(made, portfolio)

    assert found["1h"].reason == "no symbol of the portfolio has a forecast of a bar to come"


def test_the_weights_of_a_time_do_not_know_what_came_after():
    one, other = told(seed=1, slope=1.5), told(seed=2, slope=1.5)
    moves = one.forecast.series.moves.copy()
    moves[-50:] *= -1
    changed = replace(one, forecast=replace(one.forecast, series=replace(one.forecast.series, moves=moves)))

    found, again = (
        combine({("ES", "1h"): first, ("CL", "1h"): other}, {"ES": 0.5, "CL": 0.5})["1h"] for first in (one, changed)
    )

    assert (found.weights, found.p) == (again.weights, again.p)


def told(seed, slope=1.0, rows=650, boast=1.0):
    """A symbol whose prices rise with the logit times the slope, and which says the logit times how it boasts."""
    dice = np.random.default_rng(seed)
    logits = dice.normal(size=rows)
    rises = dice.random(rows) < expit(slope * logits)
    moves = np.where(rises, 1.0, -1.0) * np.abs(dice.normal(size=rows)) * 0.001
    moves[-1] = np.nan
    p = expit(boast * slope * logits) if slope > 0 else expit(-slope * logits)
    made = predicted_of()
    series = Series(np.arange(rows), np.log(p / (1 - p)), p, np.full(rows, 0.5), moves)
    skill = replace(made.forecast.skill, n=rows - 1)
    return replace(made, forecast=replace(made.forecast, series=series, skill=skill))


def with_rows(made, rows):
    kept = Series(*(getattr(made.forecast.series, one.name)[rows] for one in fields(Series)))
    return replace(made, forecast=replace(made.forecast, series=kept))

import json

import pytest

from app.analysis.findings import Basis, figures, to_plain
from app.analysis.prediction.composite import combine
from app.analysis.prediction.decision import decide, gates_of
from app.analysis.prediction.predicting import predict_direction
from app.analysis.prediction.presenting import (
    composite_tree,
    prediction_made,
    prediction_tree,
    recommendation_tree,
)
from app.analysis.question import Parameters
from tests.nulls.paths import ES, symbol_data
from tests.nulls.prediction import BARS, bouncing, latent_momentum, random_walk
from tests.unit.app.analysis.prediction.made import ASOF, interval_of, predicted_of, unpredicted

PARAMETERS = Parameters.model_validate({})
INTERVALS = {"1h": interval_of()}
PATHS = {"walk": random_walk(1), "momentum": latent_momentum(4, 0.6), "bounce": bouncing(1)}


@pytest.mark.parametrize("closes", PATHS.values(), ids=PATHS)
@pytest.mark.parametrize("bars", [1, 60, 529, BARS])
def test_all_that_is_said_is_plain_json(closes, bars):
    predicted, decision = run(closes[:bars])

    trees = [prediction_tree(predicted, decision.gates, INTERVALS), recommendation_tree(decision, predicted)]

    assert json.loads(json.dumps([to_plain(tree) for tree in trees], allow_nan=False))
    for _, figure in figures([to_plain(tree) for tree in trees]):
        assert figure["value"] is not None or figure["reason"]


def test_what_was_found_is_said_with_its_sample():
    predicted, decision = run(PATHS["momentum"][:BARS])
    forecast = predicted["1h"].forecast

    prediction = prediction_tree(predicted, decision.gates, INTERVALS)["1h"]
    said = recommendation_tree(decision, predicted)

    assert (prediction["probability"].value, prediction["probability"].n) == (forecast.p, forecast.n_train)
    assert prediction["probability"].status == said["confidence"].status == "ok"
    assert (said["confidence"].value, said["confidence"].n) == (max(forecast.p, 1 - forecast.p), forecast.skill.n)
    assert said["out_of_sample"]["brier_skill"].value == forecast.skill.bss
    assert said["out_of_sample"]["dm"].p_value == decision.gates["1h"].p_adjusted
    assert said["out_of_sample"]["hit_rate"].value == forecast.hits / forecast.skill.n
    assert said["net_edge"].value == decision.edge.net
    assert len(prediction["calibration"]["bins"]) == 10
    assert prediction["interval"] == INTERVALS["1h"]


def test_of_a_bar_that_is_over_no_probability_is_said():
    made = predicted_of()

    tree = prediction_tree({"1h": made}, gates_of({"1h": made}), INTERVALS, {"1h"})["1h"]

    assert (tree["probability"].value, tree["probability"].status) == (None, "degraded_data")
    assert tree["out_of_sample"]["brier_skill"].value == made.forecast.skill.bss


def test_an_interval_that_is_not_known_is_not_in_the_ledger():
    made = predicted_of()
    unknown = Basis("", ASOF).missing(10, "made up", "too few")

    entry = prediction_made(made, gates_of({("ES", "1h"): made})["ES", "1h"], unknown, "f" * 64)

    assert (entry.low, entry.high) == (None, None)


def test_without_skill_the_base_rate_is_said():
    predicted, decision = run(PATHS["walk"][:BARS])

    prediction = prediction_tree(predicted, decision.gates, INTERVALS)["1h"]
    said = recommendation_tree(decision, predicted)

    assert prediction["probability"].value == predicted["1h"].forecast.base_rate
    assert prediction["probability"].status == "not_significant"
    assert (said["action"], said["confidence"].value) == ("HOLD", 0.5)
    assert said["confidence"].status == said["net_edge"].status == "not_significant"
    assert said["confidence"].reason == said["reason"] != ""


def test_what_cannot_be_predicted_says_what_is_needed():
    predicted, decision = run(PATHS["walk"][:60])

    said = recommendation_tree(decision, predicted)

    assert prediction_tree(predicted, decision.gates, INTERVALS)["1h"]["probability"].status == "insufficient_data"
    assert said["reason_code"] == "insufficient_data"
    assert (said["confidence"].value, said["confidence"].status) == (0.5, "low_history")
    assert "500 needed" in said["out_of_sample"]["dm"].reason


@pytest.mark.parametrize("verdict", ["ok", "degraded", "reject"])
@pytest.mark.parametrize("terms", [None, ES])
@pytest.mark.parametrize("made", [None, unpredicted(), predicted_of(), predicted_of(t=0.0), predicted_of(move=0.1)])
def test_a_confidence_above_a_half_has_the_status_ok(made, terms, verdict):
    predicted = {} if made is None else {("ES", "1h"): made}
    decision = decide(predicted, {"ES": verdict}, {"ES": terms}, PARAMETERS, ASOF)["ES"]

    confidence = recommendation_tree(decision, {"1h": made} if made else {})["confidence"]

    assert confidence.value == decision.recommended.confidence
    assert confidence.value == 0.5 or confidence.status == "ok"


def test_the_ledger_gets_what_was_said():
    made = predicted_of(logit=-0.6)

    entry = prediction_made(made, gates_of({("ES", "1h"): made})["ES", "1h"], interval_of(), "f" * 64)

    assert (entry.symbol, entry.source, entry.horizon, entry.asof) == ("ES", "EXCEL", "1h", ASOF)
    assert (entry.p, entry.base_rate, entry.gated) == (made.forecast.p, 0.52, True)
    assert (entry.target_ts, entry.base_price) == (made.target_ts, 5_000.0)
    assert (entry.low, entry.high, entry.n_train) == (4_990.0, 5_011.0, 900)
    assert (entry.params_hash, entry.data_hash) == ("f" * 64, "d" * 64)


def test_without_skill_the_ledger_gets_the_base_rate():
    made = predicted_of(t=1.0)

    entry = prediction_made(made, gates_of({("ES", "1h"): made})["ES", "1h"], interval_of(), "f" * 64)

    assert (entry.p, entry.gated) == (0.52, False)


def test_what_was_not_predicted_is_not_in_the_ledger():
    assert prediction_made(unpredicted(), None, interval_of(), "f" * 64) is None


def test_the_composite_is_said_like_a_prediction():
    skilled, blind = (
        predict_direction(symbol_data(PATHS[name][:BARS], "1h"), "1h", PARAMETERS) for name in ("momentum", "walk")
    )

    found, nothing, missing = (
        composite_tree(combine({("ES", "1h"): one}, {"ES": 1.0}), Basis("", ASOF))["1h"]
        for one in (skilled, blind, unpredicted())
    )

    assert found["confidence"].value > 0.5
    assert found["weights"] == {"ES": 1.0}
    assert (nothing["confidence"].value, nothing["probability"].status) == (0.5, "not_significant")
    assert missing["probability"].value is None
    assert json.dumps(to_plain([found, nothing, missing]), allow_nan=False)


def test_a_line_that_does_not_exist_is_missing():
    made = predicted_of()

    tree = prediction_tree({"1h": made}, gates_of({"1h": made}), INTERVALS)

    assert tree["1h"]["calibration"]["slope"].reason == "all predictions, or all outcomes, are the same"


def run(closes):
    data = symbol_data(closes, "1h")
    predicted = predict_direction(data, "1h", PARAMETERS)
    decided = decide({("ES", "1h"): predicted}, {"ES": "ok"}, {"ES": ES}, PARAMETERS, data.asof)
    return {"1h": predicted}, decided["ES"]

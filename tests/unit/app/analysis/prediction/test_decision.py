import numpy as np
import pytest

from app.analysis.document import REASONS
from app.analysis.prediction.decision import decide
from app.analysis.prediction.predicting import predict_direction
from app.analysis.question import Parameters
from tests.nulls.paths import ES, symbol_data
from tests.nulls.prediction import BARS, latent_momentum
from tests.unit.app.analysis.prediction.made import ASOF, predicted_of, unpredicted

PARAMETERS = Parameters.model_validate({})
OVER = {("ES", "1h"), ("ES", "5m")}
FREE = Parameters.model_validate({"cost_ticks": 0, "fee": 0})


def test_shown_skill_and_an_edge_over_cost_are_acted_on():
    decision = decided(predicted_of(logit=0.6))

    assert (decision.action, decision.reason_code, decision.reason) == ("BUY", "", "")
    assert decision.confidence == pytest.approx(0.645656, abs=1e-6)
    assert decision.strength == pytest.approx(2 * 0.607186 - 1, abs=1e-5)
    assert (decision.horizon, decision.asof, decision.n_tried) == ("1h", ASOF, 1)
    assert decision.valid_until == predicted_of().target_ts


def test_a_probability_of_a_fall_is_a_sale():
    decision = decided(predicted_of(logit=-0.6))

    assert (decision.action, decision.confidence) == ("SELL", pytest.approx(0.645656, abs=1e-6))


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("no_data", {"empty": {"ES"}, "verdict": "reject", "enabled": False}),
        ("data_rejected", {"verdict": "reject", "enabled": False, "made": unpredicted(), "stale": OVER}),
        ("stale_data", {"enabled": False, "made": unpredicted(), "stale": OVER}),
        ("model_disabled", {"enabled": False, "made": unpredicted()}),
        ("model_disabled", {"enabled": False, "terms": None}),
        ("insufficient_data", {"made": unpredicted(), "degraded": {("ES", "1h")}}),
        ("no_skill", {"made": predicted_of(t=1.6), "degraded": {("ES", "1h")}}),
        ("model_degraded", {"degraded": {("ES", "1h")}, "terms": None, "closed": {("ES", "1h")}}),
        ("model_degraded", {"degraded": {("ES", "1h")}, "verdict": "degraded"}),
        ("data_rejected", {"verdict": "degraded", "terms": None}),
        ("data_rejected", {"verdict": "degraded", "made": predicted_of(move=1.0)}),
    ],
)
def test_the_first_reason_to_hold_is_told_and_nothing_is_claimed(code, told):
    decision = decided(**told)

    assert (decision.action, decision.reason_code) == ("HOLD", code)
    assert (decision.confidence, decision.strength) == (0.5, 0.0)
    assert decision.reason
    assert decision.valid_until > decision.asof


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("market_closed", {"closed": {("ES", "1h")}, "terms": None}),
        ("unknown_cost", {"terms": None}),
        ("edge_below_cost", {"made": predicted_of(move=1.0)}),
        ("edge_below_cost", {"made": predicted_of(logit=0.0, stderr=0.0), "parameters": FREE}),
    ],
)
def test_what_is_known_but_not_worth_it_is_held_with_its_probability(code, told):
    decision = decided(**told)

    assert (decision.action, decision.reason_code, decision.strength) == ("HOLD", code, 0.0)
    assert decision.reason == REASONS[code]
    assert decision.confidence == max(decision_p(told), 1 - decision_p(told))


def test_an_edge_of_exactly_the_cost_is_not_enough():
    made = predicted_of(logit=0.6, stderr=0.0, move=0.0)

    assert decided(made, parameters=FREE).reason_code == "edge_below_cost"


def test_a_symbol_that_was_not_predicted_is_held():
    found = decide({}, {"ES": "reject", "NQ": "ok"}, {}, PARAMETERS, ASOF)

    assert {symbol: one.reason_code for symbol, one in found.items()} == {"ES": "data_rejected", "NQ": "no_data"}
    assert all(one.asof == ASOF < one.valid_until for one in found.values())


def test_a_model_that_is_switched_off_need_not_have_predicted():
    assert decide({}, {"ES": "ok"}, {}, PARAMETERS, ASOF, enabled=False)["ES"].reason_code == "model_disabled"


def test_a_bar_that_is_over_is_not_recommended_on():
    decision = decided(predicted_of(logit=2.0), stale=OVER, enabled=False)

    assert (decision.action, decision.reason_code, decision.confidence) == ("HOLD", "stale_data", 0.5)
    assert decision.reason == "the newest data is older than what was to be predicted"
    assert decision.edge is None


def test_of_two_horizons_the_one_that_is_over_only_counts_as_tried():
    made = {("ES", "1h"): predicted_of(move=99.0), ("ES", "5m"): predicted_of(horizon="5m", t=2.0)}
    told = {"ES": "ok"}, {"ES": ES}, PARAMETERS, ASOF

    fresh, late = (decide(made, *told, stale={("ES", over)})["ES"] for over in ("5m", "1h"))

    assert (fresh.action, fresh.horizon, fresh.n_tried) == ("BUY", "1h", 2)
    assert (late.action, late.horizon, late.n_tried) == ("BUY", "5m", 2)


def test_a_horizon_that_is_over_does_not_speak_for_the_other():
    made = {("ES", "1h"): predicted_of(), ("ES", "5m"): unpredicted(horizon="5m")}

    decision = decide(made, {"ES": "ok"}, {"ES": ES}, PARAMETERS, ASOF, stale={("ES", "1h")})["ES"]

    assert (decision.reason_code, decision.confidence) == ("insufficient_data", 0.5)


def test_what_else_was_tried_raises_the_bar():
    alone = decided(predicted_of(t=2.0))
    many = {(symbol, "1h"): predicted_of(symbol, t=2.0 if symbol == "ES" else 0.0) for symbol in ("ES", "NQ", "CL")}

    among = decide(many, dict.fromkeys(("ES", "NQ", "CL"), "ok"), {"ES": ES}, PARAMETERS, ASOF)

    assert alone.action == "BUY"
    assert (among["ES"].action, among["ES"].reason_code, among["ES"].n_tried) == ("HOLD", "no_skill", 3)


def test_a_horizon_whose_predictions_fail_does_not_hold_the_other():
    made = {("ES", "1h"): predicted_of(move=99.0), ("ES", "15m"): predicted_of(horizon="15m")}
    told = {"ES": "ok"}, {"ES": ES}, PARAMETERS, ASOF

    one, both = (decide(made, *told, degraded=keys)["ES"] for keys in ([("ES", "1h")], list(made)))

    assert (one.action, one.horizon, one.n_tried) == ("BUY", "15m", 2)
    assert (both.action, both.reason_code, both.confidence) == ("HOLD", "model_degraded", 0.5)


def test_of_the_horizons_with_skill_the_one_that_earns_most_is_taken():
    made = {
        ("ES", "1h"): predicted_of(move=5.0),
        ("ES", "15m"): predicted_of(horizon="15m", move=9.0),
        ("ES", "5m"): predicted_of(horizon="5m", move=99.0, t=0.5),
    }

    decision = decide(made, {"ES": "ok"}, {"ES": ES}, PARAMETERS, ASOF)["ES"]

    assert (decision.action, decision.horizon) == ("BUY", "15m")
    assert {horizon: gate.passed for horizon, gate in decision.gates.items()} == {"1h": True, "15m": True, "5m": False}


def test_the_reason_says_what_is_missing():
    assert "500 needed" in decided(unpredicted()).reason


def test_turned_over_prices_turn_the_side_and_nothing_else():
    closes = latent_momentum(7, 0.6)[:BARS] * (1 + 1e-7 * np.random.default_rng(1).normal(size=BARS))

    plain, turned = (decided_on(one) for one in (closes, 1 / closes))

    assert {plain.action, turned.action} == {"BUY", "SELL"}
    assert turned.confidence == pytest.approx(plain.confidence, abs=1e-9)
    assert turned.strength == pytest.approx(plain.strength, abs=1e-9)


def decided(made=None, *, verdict="ok", terms=ES, parameters=PARAMETERS, **told):
    made = made or predicted_of()
    return decide({("ES", "1h"): made}, {"ES": verdict}, {"ES": terms}, parameters, ASOF, **told)["ES"]


def decision_p(told):
    return told.get("made", predicted_of()).forecast.p


def decided_on(closes):
    data = symbol_data(closes, "1h")
    predicted = {("ES", "1h"): predict_direction(data, "1h", FREE)}
    return decide(predicted, {"ES": "ok"}, {"ES": ES}, FREE, data.asof)["ES"]

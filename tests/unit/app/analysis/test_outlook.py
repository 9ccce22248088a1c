import json
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from app.analysis.findings import FIGURE_KEYS, figures, to_plain
from app.analysis.keeping import CountedKeep
from app.analysis.outlook import Standing, look_ahead
from app.analysis.prediction.predicting import params_hash
from app.analysis.question import Parameters
from app.analysis.series.forecasting import forecast
from tests.nulls.paths import garch_returns, prices, symbol_data
from tests.nulls.prediction import BARS, bouncing, latent_momentum, random_walk

PARAMETERS = Parameters.model_validate({"horizons": ["1h"]})
# One symbol that drifts, one that walks at random, one that bounces.
CLOSES = {"ES": latent_momentum(1_001, 0.6), "NQ": random_walk(1), "YM": bouncing(4_000)}
QUIET_CLOSES = prices(garch_returns(np.random.default_rng(3), 40, 23))
NIGHT, WITHIN = symbol_data(QUIET_CLOSES, "1h"), symbol_data(QUIET_CLOSES[:-5], "1h")


@pytest.fixture(scope="module")
def datas():
    return {name: symbol_data(closes[:BARS], "1h", symbol=name) for name, closes in CLOSES.items()}


@pytest.fixture
def ahead(datas):
    """The outlook on some of the symbols, and the steps that were told."""

    def look(*symbols, parameters=PARAMETERS, **parts):
        chosen = {name: datas[name] for name in symbols or datas}
        asof = max(data.asof for data in chosen.values())
        usual = {"verdicts": dict.fromkeys(chosen, "ok"), "volatility": dict.fromkeys(chosen, 0.16), "asof": asof}
        standing = Standing(**usual | parts)
        steps = []
        return look_ahead(chosen, standing, parameters, CountedKeep(None), steps.append), steps

    return look


def test_a_drift_is_acted_on_a_walk_is_held_and_a_bounce_costs_more_than_it_brings(ahead):
    found, _ = ahead()

    assert {name: one.reason_code for name, one in found.recommended.items()} == {
        "ES": "", "NQ": "no_skill", "YM": "edge_below_cost"
    }  # fmt: skip
    assert found.recommended["ES"].action in ("BUY", "SELL")
    assert found.recommended["NQ"].confidence == 0.5


def test_each_symbol_has_its_trees_and_a_row_for_each_horizon(ahead):
    found, steps = ahead("ES", "NQ", parameters=Parameters.model_validate({"horizons": ["1h", "5m"]}))

    assert steps == ["Prediction: ES 1h", "Prediction: ES 5m", "Prediction: NQ 1h", "Prediction: NQ 5m"]
    assert {name: list(tree) for name, tree in found.trees.items()} == {
        name: ["recommendation", "prediction", "sizing"] for name in ("ES", "NQ")
    }
    assert [(one.symbol, one.horizon) for one in found.predictions] == [("ES", "1h"), ("NQ", "1h")]
    assert set(found.composite) == {"1h", "5m"}


def test_all_figures_are_whole(ahead):
    found, _ = ahead()

    told = list(figures([found.trees, found.composite]))
    json.dumps([found.trees, found.composite], allow_nan=False)
    assert all(figure.keys() >= FIGURE_KEYS for _, figure in told)
    assert all(figure["status"] == "ok" or figure["value"] == 0.5 for path, figure in told if path[-1] == "confidence")


def test_a_ledgers_row_claims_no_more_than_the_gate_allows(ahead):
    found, _ = ahead("ES", "NQ")

    drifting, walking = found.predictions
    assert {one.params_hash for one in found.predictions} == {params_hash(PARAMETERS)}
    assert (drifting.gated, walking.gated) == (True, False)
    assert walking.p == walking.base_rate
    assert drifting.p != drifting.base_rate
    assert all(one.target_ts > one.asof for one in found.predictions)


def test_the_ledger_gets_of_a_degraded_model_what_it_says(ahead):
    found, _ = ahead("ES", degraded=[("ES", "1h")])

    assert found.recommended["ES"].reason_code == "model_degraded"
    assert found.predictions == ahead("ES")[0].predictions
    assert found.predictions[0].p != found.predictions[0].base_rate


def test_one_symbol_has_no_composite(ahead):
    assert ahead("ES")[0].composite == {}


def test_rejected_data_is_not_predicted_from(ahead):
    found, _ = ahead("ES", verdicts={"ES": "reject"})

    assert (found.recommended["ES"].reason_code, found.predictions) == ("data_rejected", ())
    assert found.trees["ES"]["prediction"] == {}


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ({"verdicts": {"ES": "degraded"}}, "data_rejected"),
        ({"degraded": [("ES", "1h")]}, "model_degraded"),
        ({"model_enabled": False}, "model_disabled"),
    ],
)
def test_what_speaks_against_acting_holds(ahead, parts, reason):
    found, _ = ahead("ES", **parts)

    assert (found.recommended["ES"].action, found.recommended["ES"].reason_code) == ("HOLD", reason)
    assert found.recommended["ES"].confidence == 0.5
    assert found.trees["ES"]["sizing"]["contracts"]["value"] == 0


def test_a_symbol_whose_contract_is_not_known_is_held(ahead, datas):
    unknown = {"ES": replace(datas["ES"], terms=None)}

    found = look_ahead(
        unknown,
        Standing({"ES": "ok"}, {"ES": 0.16}, datas["ES"].asof),
        PARAMETERS,
        CountedKeep(None),
        lambda _stage: None,
    )

    assert (found.recommended["ES"].action, found.recommended["ES"].reason_code) == ("HOLD", "unknown_cost")


def test_the_mirrored_market_has_the_mirrored_recommendation(ahead, datas):
    closes = datas["ES"].frame("1h")["close"].to_numpy()
    mirrored = symbol_data(25_000_000 / closes, "1h")
    standing = Standing({"ES": "ok"}, {"ES": 0.16}, mirrored.asof)
    keep = CountedKeep(None)

    one = ahead("ES")[0].recommended["ES"]
    other = look_ahead({"ES": mirrored}, standing, PARAMETERS, keep, lambda _stage: None).recommended["ES"]

    assert {one.action, other.action} == {"BUY", "SELL"}
    assert other.confidence == pytest.approx(one.confidence, abs=1e-9)


def test_the_ledger_has_the_interval_that_the_forecast_tells():
    for data in (NIGHT, WITHIN):
        found = looked(data)
        told = to_plain(forecast(data, ("1h",)))["1h"]["interval"]

        assert found.trees["ES"]["prediction"]["1h"]["interval"] == told
        assert [found.predictions[0].low, found.predictions[0].high] == told["ci"]


def test_until_the_bar_is_over_it_is_predicted_and_then_no_more():
    target = NIGHT.asof + timedelta(days=2, hours=2)

    fresh, over = looked(NIGHT, target - timedelta(microseconds=1)), looked(NIGHT, target)

    assert [one.target_ts for one in fresh.predictions] == [target]
    assert fresh.recommended["ES"].valid_until == target
    assert over.predictions == ()
    assert over.recommended["ES"].reason_code == "stale_data"
    assert over.trees["ES"]["recommendation"]["reason_code"] == "stale_data"
    assert over.trees["ES"]["prediction"]["1h"]["probability"]["value"] is None


def test_after_the_close_nothing_is_recommended_and_the_prediction_is_kept():
    planted = latent_momentum(7, 0.6)
    within, at_the_close = symbol_data(planted[:BARS], "1h"), symbol_data(planted[: BARS - 1], "1h")

    acted, held = looked(within), looked(at_the_close)

    assert acted.recommended["ES"].action in ("BUY", "SELL")
    assert (held.recommended["ES"].action, held.recommended["ES"].reason_code) == ("HOLD", "market_closed")
    assert held.recommended["ES"].confidence > 0.5
    assert [one.gated for one in held.predictions] == [True]


def test_a_bar_that_is_over_has_no_part_in_the_composite():
    other = replace(NIGHT, symbol="NQ")

    found = look_ahead({"ES": NIGHT, "NQ": other}, standing(NIGHT.asof + timedelta(days=9)), PARAMETERS, keep(), quiet)

    assert found.composite["1h"]["probability"]["value"] is None


def test_old_data_is_told_before_a_model_that_is_switched_off():
    switched_off = replace(standing(NIGHT.asof + timedelta(days=9)), model_enabled=False)

    found = look_ahead({"ES": NIGHT}, switched_off, PARAMETERS, keep(), quiet)

    assert found.recommended["ES"].reason_code == "stale_data"


def looked(data, asof=None):
    return look_ahead({"ES": data}, standing(asof or data.asof), PARAMETERS, keep(), quiet)


def standing(asof):
    return Standing(verdicts={"ES": "ok", "NQ": "ok"}, volatility={"ES": 0.16, "NQ": 0.16}, asof=asof)


def keep():
    return CountedKeep(None)


def quiet(_):
    pass

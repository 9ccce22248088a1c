from dataclasses import replace
from datetime import timedelta

import numpy as np

from app.analysis.findings import to_plain
from app.analysis.keeping import CountedKeep
from app.analysis.outlook import Standing, look_ahead
from app.analysis.question import Parameters
from app.analysis.series.forecasting import forecast
from tests.nulls.paths import garch_returns, prices, symbol_data
from tests.nulls.prediction import BARS, latent_momentum

PARAMETERS = Parameters.model_validate({"horizons": ("1h",)})
CLOSES = prices(garch_returns(np.random.default_rng(3), 40, 23))
DATA, WITHIN = symbol_data(CLOSES, "1h"), symbol_data(CLOSES[:-5], "1h")


def test_the_ledger_has_the_interval_that_the_forecast_tells():
    for data in (DATA, WITHIN):
        found = looked(data)
        told = to_plain(forecast(data, ("1h",)))["1h"]["interval"]

        assert found.trees["ES"]["prediction"]["1h"]["interval"] == told
        assert [found.predictions[0].low, found.predictions[0].high] == told["ci"]


def test_until_the_bar_is_over_it_is_predicted_and_then_no_more():
    target = DATA.asof + timedelta(days=2, hours=2)

    fresh, over = looked(DATA, target - timedelta(microseconds=1)), looked(DATA, target)

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
    other = replace(DATA, symbol="NQ")

    found = look_ahead({"ES": DATA, "NQ": other}, standing(DATA.asof + timedelta(days=9)), PARAMETERS, keep(), quiet)

    assert found.composite["1h"]["probability"]["value"] is None


def test_old_data_is_told_before_a_model_that_is_switched_off():
    switched_off = replace(standing(DATA.asof + timedelta(days=9)), model_enabled=False)

    found = look_ahead({"ES": DATA}, switched_off, PARAMETERS, keep(), quiet)

    assert found.recommended["ES"].reason_code == "stale_data"


def looked(data, asof=None):
    return look_ahead({"ES": data}, standing(asof or data.asof), PARAMETERS, keep(), quiet)


def standing(asof):
    return Standing(verdicts={"ES": "ok", "NQ": "ok"}, volatility={"ES": 0.16, "NQ": 0.16}, asof=asof)


def keep():
    return CountedKeep(None)


def quiet(_):
    pass

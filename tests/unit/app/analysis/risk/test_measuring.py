from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from app.analysis.bars import SESSION
from app.analysis.findings import figures, to_plain
from app.analysis.question import Parameters
from app.analysis.risk.measuring import measure_risk, measure_sizing
from app.analysis.risk.value_at_risk import filtered_historical
from tests.nulls.paths import garch_returns, prices, symbol_data

PARAMETERS = Parameters()


def test_23_sessions_tell_the_risk_of_an_hour_and_not_of_a_session():
    found = measure_risk(market(23, "1h"), PARAMETERS)

    assert found["session"]["var_95"]["historical"].status == "insufficient_data"
    assert found["session"]["var_95"]["historical"].n == 22
    assert found["1h"]["var_99"]["fhs"].status == "ok"
    assert found["1h"]["var_99"]["fhs"].value > found["1h"]["var_95"]["fhs"].value > 0
    assert found["contract"]["var_99"].value is None


def test_the_loss_of_a_contract_is_that_share_of_what_it_stands_for():
    data = market(400, SESSION)
    returns = np.diff(np.log(data.frame(SESSION)["close"].to_numpy()))

    found = measure_risk(data, PARAMETERS)

    share = 1 - np.exp(-filtered_historical(returns, 0.99).value_at_risk)
    assert found["session"]["var_99"]["fhs"].status == "ok"
    assert found["contract"]["var_99"].value == pytest.approx(share * data.frame(SESSION)["close"][-1] * 50)
    assert found["contract"]["var_99"].label == "above the limit"


def test_the_return_over_a_roll_is_no_loss():
    data = market(400, SESSION)
    bars = data.frame(SESSION)
    rolled = bars.with_columns(
        close=pl.when(pl.int_range(pl.len()) >= 200).then(pl.col("close") * 0.5).otherwise("close"),
        segment=(pl.int_range(pl.len()) >= 200).cast(pl.Int32),
    )

    found = measure_risk(replace(data, bars={SESSION: rolled}), PARAMETERS)

    assert found["session"]["es_99"]["historical"].n == 398
    assert found["session"]["es_99"]["historical"].value < 0.1


@pytest.mark.parametrize("closes", [np.array([5_000.0]), np.full(400, 5_000.0), -np.arange(1.0, 401.0)])
def test_a_market_without_returns_has_no_number_and_a_reason(closes):
    data = symbol_data(closes, SESSION)

    plain = dict(figures(to_plain(measure_risk(data, PARAMETERS))))

    assert {figure["value"] for figure in plain.values()} == {None}
    assert all(figure["reason"] for figure in plain.values())


def test_no_bars_are_no_risk_and_no_size():
    data = replace(market(2, SESSION), bars={})

    found = measure_risk(data, PARAMETERS), measure_sizing(data, PARAMETERS, "BUY", 0.6, 0.2)

    assert {figure["value"] for tree in found for _, figure in figures(to_plain(tree))} == {None}


def test_a_position_is_sized_with_every_cap_told():
    data = market(400, SESSION)

    found = measure_sizing(data, Parameters(equity=5_000_000, kelly_fraction=1.0, margin=20_000), "BUY", 0.99, 0.16)

    assert found["contracts"].status == "ok"
    assert found["contracts"].value == int(min(cap.value for cap in found["caps"].values()))
    assert found["contracts"].value > 0
    assert [name for name, cap in found["caps"].items() if cap.label == "binds"] == ["volatility"]
    assert found["micro"].value is None


def test_a_sale_is_capped_by_the_losses_of_a_sale():
    rising = np.where(np.arange(400) % 40 == 0, 0.06, -0.0015)
    data = symbol_data(5_000 * np.exp(np.cumsum(rising)), SESSION)

    bought, sold = (measure_sizing(data, PARAMETERS, action, 0.5, 0.16) for action in ("BUY", "SELL"))

    assert sold["caps"]["value_at_risk"].value < bought["caps"]["value_at_risk"].value / 5


def test_where_no_contract_fits_the_micro_is_offered():
    found = measure_sizing(market(400, SESSION), Parameters(kelly_fraction=1.0, var_limit=0.1), "BUY", 0.9, 0.182)

    assert found["contracts"].value == 0
    assert found["micro"].value >= 1
    assert "MES" in found["micro"].label


def test_holding_is_no_position_even_where_nothing_is_known_of_the_contract():
    unknown = replace(market(23, "1h"), terms=None)

    held = measure_sizing(unknown, PARAMETERS, "HOLD", None, None)

    assert held["contracts"].value == 0
    assert measure_sizing(unknown, PARAMETERS, "BUY", 0.6, 0.2)["contracts"].value is None
    assert measure_sizing(market(23, "1h"), PARAMETERS, "HOLD", 0.5, 0.2)["contracts"].value == 0


def test_without_a_volatility_the_small_contract_is_not_sized_either():
    found = measure_sizing(market(400, SESSION), PARAMETERS, "BUY", 0.6, None)

    assert found["contracts"].reason == "without the caps of volatility no position is sized"
    assert (found["micro"].status, found["micro"].reason) == ("insufficient_data", found["contracts"].reason)


def test_with_little_history_the_size_says_which_cap_is_missing():
    found = measure_sizing(market(23, "1h"), Parameters(equity=10_000_000), "BUY", 0.6, 0.2)

    assert found["contracts"].status == "low_history"
    assert "value_at_risk" in found["contracts"].reason
    assert found["caps"]["value_at_risk"].value is None


def market(sessions, timeframe):
    per_session = {"1h": 23, SESSION: 1}[timeframe]
    return symbol_data(prices(garch_returns(np.random.default_rng(7), sessions, per_session)), timeframe)

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from app.analysis.findings import figures, to_plain
from app.analysis.portfolio.analysing import MIXES, analyse_portfolio
from app.analysis.question import Parameters
from tests.nulls.paths import YEARLY, prices, symbol_data

PARAMETERS = Parameters()


@pytest.fixture(scope="module")
def datas():
    """Four symbols that follow one factor, over 23 sessions."""
    factor = moves(0)
    return {name: market(0.8 * factor + 0.6 * moves(seed), name) for seed, name in enumerate("ABCD", 1)}


@pytest.fixture(scope="module")
def found(datas):
    """What is said of them together."""
    return analyse_portfolio(datas, PARAMETERS)


def test_the_matrix_finds_the_common_factor_and_names_its_frequency(found):
    figure = found["correlation"]["matrix"]["A"]["C"]

    assert found["correlation"]["timeframe"] == "15m"
    assert figure.value == pytest.approx(0.64, abs=0.03)
    assert figure.ci[0] < figure.value < figure.ci[1]
    assert "15m" in figure.label
    assert found["correlation"]["matrix"]["C"]["A"] == figure
    assert found["correlation"]["hayashi_yoshida"]["A"]["C"].value == pytest.approx(0.64, abs=0.03)
    assert found["correlation"]["matrix"]["B"]["B"].value == 1.0


def test_the_mixes_are_those_of_a_factor_model(found):
    equal = found["diversification"]["equal"]

    # Four alike with correlation 0.64: DR = 1 / sqrt((1 + 3 * 0.64) / 4), each 15.87 % a year.
    assert equal["diversification_ratio"].value == pytest.approx(1.170, abs=0.03)
    assert equal["effective_bets"].value == pytest.approx(equal["diversification_ratio"].value ** 2)
    assert equal["volatility"].value == pytest.approx(YEARLY / 1.170, rel=0.05)
    assert equal["exposure"].value == pytest.approx(0.1 * 100_000 / equal["volatility"].value)


def test_weights_add_up_to_one(found):
    for mix in MIXES:
        assert sum(one.value for one in found["weights"][mix].values()) == pytest.approx(1.0)


def test_copies_of_one_symbol_are_one_bet():
    copies = {name: market(moves(1), name) for name in "ABCD"}

    found = analyse_portfolio(copies, PARAMETERS)

    for mix in MIXES:
        assert found["diversification"][mix]["diversification_ratio"].value == pytest.approx(1.0, abs=1e-6)
        assert found["diversification"][mix]["effective_bets"].value == pytest.approx(1.0, abs=1e-6)
    assert found["correlation"]["matrix"]["A"]["D"].value == 1.0


def test_one_symbol_is_no_portfolio_and_every_figure_says_so(datas):
    found = analyse_portfolio({"A": datas["A"]}, PARAMETERS)

    plain = {path: figure for path, figure in figures(to_plain(found)) if path[0] != "ranking"}
    assert {figure["value"] for figure in plain.values()} == {None}
    assert {figure["reason"] for figure in plain.values()} == {"one symbol is no portfolio"}
    assert found["ranking"]["A"]["rank"].value is None


def test_a_symbol_without_history_is_left_out_and_keeps_nobody_from_theirs(datas):
    new = replace(datas["D"], bars={name: bars.head(50) for name, bars in datas["D"].bars.items()})

    found = analyse_portfolio({**datas, "D": new}, PARAMETERS)

    without = analyse_portfolio({name: datas[name] for name in "ABC"}, PARAMETERS)
    assert found["diversification"] == without["diversification"]
    assert found["correlation"]["matrix"]["A"]["B"] == without["correlation"]["matrix"]["A"]["B"]
    assert found["correlation"]["matrix"]["A"]["D"].reason == "D has fewer than 100 returns of 15m"
    assert found["weights"]["equal"]["D"].value is None


@pytest.mark.parametrize("closes", [np.full(23 * 92, 5_000.0), -np.arange(1.0, 23 * 92 + 1)])
def test_a_market_without_returns_takes_no_part(datas, closes):
    odd = symbol_data(closes, "15m", symbol="E")

    found = analyse_portfolio({"A": datas["A"], "E": odd}, PARAMETERS)

    assert found["diversification"]["equal"]["volatility"].status == "insufficient_data"
    assert found["correlation"]["matrix"]["A"]["E"].value is None


def test_no_bars_at_all_are_no_portfolio(datas):
    empty = {name: replace(data, bars={}) for name, data in datas.items()}

    assert {figure["value"] for _, figure in figures(to_plain(analyse_portfolio(empty, PARAMETERS)))} == {None}


def test_the_return_over_a_roll_does_not_count(datas):
    jump = pl.int_range(pl.len()) >= pl.len() // 2
    rolled = {
        name: bars.with_columns(
            close=pl.when(jump).then(pl.col("close") * 1.5).otherwise("close"), segment=jump.cast(pl.Int32)
        )
        for name, bars in datas["B"].bars.items()
    }

    found = analyse_portfolio({"A": datas["A"], "B": replace(datas["B"], bars=rolled)}, PARAMETERS)

    assert found["correlation"]["matrix"]["A"]["B"].value == pytest.approx(0.64, abs=0.03)
    assert found["correlation"]["hayashi_yoshida"]["A"]["B"].value == pytest.approx(0.64, abs=0.03)


def moves(seed):
    return np.random.default_rng(seed).standard_normal(23 * 276) * YEARLY / np.sqrt(252 * 276)


def market(returns, name):
    data = symbol_data(prices(returns, tick=None), "5m", symbol=name)
    return replace(data, bars={**data.bars, "1m": data.frame("5m")})

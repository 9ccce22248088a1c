import pytest

from app.analysis.inputs import Terms
from app.analysis.question import Parameters
from app.analysis.risk.sizing import Facts, kelly_stake, micro_margin, size_position
from tests.nulls.paths import ES

LIMITS = Parameters()
PRICE = 6_500.0
SURE = Facts(PRICE, 0.99, 0.182, 0.001)


def test_the_stake_of_a_known_bet_is_that_of_kelly():
    assert kelly_stake(0.56) == pytest.approx(0.12, abs=1e-12)
    assert kelly_stake(0.5, payoff=2.0) == pytest.approx(0.25, abs=1e-12)


def test_a_tenth_of_volatility_on_a_hundred_thousand_is_no_es_and_one_mes():
    big = size_position(50.0, SURE, "BUY", LIMITS.model_copy(update={"kelly_fraction": 1.0}), margin=None)
    small = size_position(5.0, SURE, "BUY", LIMITS.model_copy(update={"kelly_fraction": 1.0}), margin=None)

    assert big.caps["volatility"] == pytest.approx(0.17, abs=0.005)
    assert (big.contracts, small.contracts) == (0, 1)


def test_the_smallest_cap_binds():
    limits = Parameters(equity=10_000_000)

    size = size_position(50.0, Facts(PRICE, 0.56, 0.16, 0.03), "BUY", limits, margin=400_000)

    assert size.caps == pytest.approx(
        {
            "volatility": 1_000_000 / (0.16 * 325_000),
            "kelly": 0.25 * 0.12 * 10_000_000 / 325_000,
            "value_at_risk": 200_000 / (0.03 * 325_000),
            "margin": 25.0,
        }
    )
    assert (size.contracts, size.binding) == (0, "kelly")


@pytest.mark.parametrize(
    ("replaced", "binding", "contracts"),
    [
        ({}, "volatility", 19),
        ({"target_volatility": 1.0}, "value_at_risk", 20),
        ({"target_volatility": 1.0, "var_limit": 1.0}, "margin", 25),
    ],
)
def test_each_cap_can_bind(replaced, binding, contracts):
    limits = Parameters(equity=10_000_000, kelly_fraction=1.0, **replaced)

    size = size_position(50.0, Facts(PRICE, 0.99, 0.16, 0.03), "BUY", limits, margin=400_000)

    assert (size.binding, size.contracts) == (binding, contracts)


def test_a_sale_is_sized_by_the_probability_of_a_fall():
    limits = Parameters(equity=100_000_000)

    sold = size_position(50.0, Facts(PRICE, 0.44, 0.16, 0.03), "SELL", limits, margin=None)
    bought = size_position(50.0, Facts(PRICE, 0.56, 0.16, 0.03), "BUY", limits, margin=None)

    assert sold.contracts == -bought.contracts == -9


def test_a_stake_against_the_odds_is_nothing():
    size = size_position(50.0, Facts(PRICE, 0.45, 0.16, 0.03), "BUY", Parameters(equity=1e9), margin=None)

    assert (size.caps["kelly"], size.contracts) == (0.0, 0)


def test_holding_is_no_contract_whatever_the_caps():
    assert size_position(50.0, SURE, "HOLD", Parameters(equity=1e12), margin=None).contracts == 0


@pytest.mark.parametrize("facts", [Facts(PRICE, None, 0.16, 0.03), Facts(PRICE, 0.6, None, 0.03)])
def test_without_probability_or_volatility_nothing_is_sized(facts):
    assert size_position(50.0, facts, "BUY", LIMITS, margin=None).contracts is None


def test_the_margin_of_a_micro_is_a_tenth():
    assert micro_margin(20_000, ES) == pytest.approx(2_000)
    assert micro_margin(None, ES) is None
    assert micro_margin(20_000, Terms(0.25, 50.0)) is None

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.clock import parse_instant
from app.reports.premarket_positions import positions_together
from tests import documents
from tests.premarket_days import ASOF, advised

LIMITS = {"equity": 100_000, "var_limit": 0.02}


def together(*held, **told):
    """What is held together of positions (action, contracts, cap), as symbols A, B and so on."""
    trees = {chr(65 + place): advised("ES", *one) for place, one in enumerate(held)}
    signals = {
        symbol: {"action": tree["recommendation"]["action"], "holds_at_open": True} | told
        for symbol, tree in trees.items()
    }
    sizings = {symbol: tree["sizing"] for symbol, tree in trees.items()}
    return positions_together(signals, sizings, LIMITS, parse_instant(ASOF))


def counts(found):
    return {symbol: figure["value"] for symbol, figure in found["contracts"].items()}


def test_positions_within_the_limit_stay_as_they_are():
    found = together(("BUY", 2, 4.0), ("SELL", 1, 2.0))

    assert counts(found) == {"A": 2, "B": -1}
    assert (found["limit"]["value"], found["sum_of_single_var"]["value"], found["factor"]["value"]) == (2000, 2000, 1)
    assert {symbol: figure["value"] for symbol, figure in found["single_var"].items()} == {"A": 1000, "B": 1000}


def test_positions_above_the_limit_are_all_scaled_and_rounded_down():
    found = together(("BUY", 3, 4.0), ("SELL", 3, 4.0))

    assert counts(found) == {"A": 2, "B": -2}
    assert found["sum_of_single_var"]["value"] == 3000
    assert found["contracts"]["A"]["reason"] == "+3 by itself, scaled by 0.667"
    assert "without credit for diversification" in found["method"]


def test_opposite_positions_do_not_offset_each_other():
    assert counts(together(("BUY", 4, 4.0), ("SELL", 4, 4.0))) == {"A": 2, "B": -2}


def test_a_position_whose_value_at_risk_is_not_known_is_not_suggested_and_takes_nothing_from_others():
    found = together(("BUY", 4, 4.0), ("BUY", 1, None))

    assert counts(found) == {"A": 4, "B": None}
    assert found["contracts"]["B"]["reason"] == "the 99 % value at risk of a session: 30 sessions, 270 needed"


def test_nothing_is_held_of_a_signal_that_ends_before_the_open_or_says_so():
    assert counts(together(("BUY", 4, 4.0), holds_at_open=False)) == {"A": 0}
    assert counts(together(("HOLD", 4, 4.0))) == {"A": 0}


def test_a_position_that_could_not_be_sized_says_why():
    tree = advised()
    tree["sizing"]["contracts"] = documents.missing(3, "the value of a point is not known")

    found = positions_together({"ES": held()}, {"ES": tree["sizing"]}, LIMITS, parse_instant(ASOF))

    assert found["contracts"]["ES"]["reason"] == "the value of a point is not known"


def test_micro_contracts_count_with_the_most_that_their_smallest_cap_allows():
    tree = advised(contracts=0, cap=0.5)
    tree["sizing"]["caps"]["kelly"] = documents.figure(0.3, 300)
    tree["sizing"]["micro"] = documents.figure(3, 300, unit="contracts")

    found = positions_together({"ES": held()}, {"ES": tree["sizing"]}, LIMITS, parse_instant(ASOF))

    assert (counts(found), found["contracts"]["ES"]["unit"]) == ({"ES": 3}, "micro contracts")
    assert found["single_var"]["ES"]["value"] == pytest.approx(0.3 / 0.5 * 2000)


@given(
    st.lists(
        st.tuples(st.sampled_from(["BUY", "SELL"]), st.integers(1, 400), st.floats(1, 500)).filter(
            lambda one: one[1] <= one[2]
        ),
        min_size=1,
        max_size=12,
    )
)
def test_together_they_never_risk_more_than_the_limit_nor_any_more_than_by_itself(held):
    found = counts(together(*held))

    taken = [abs(found[chr(65 + place)]) for place in range(len(held))]
    assert sum(count / cap for count, (_, _, cap) in zip(taken, held, strict=True)) <= 1 + 1e-9
    assert all(count <= alone for count, (_, alone, _) in zip(taken, held, strict=True))


def held():
    return {"action": "BUY", "holds_at_open": True}

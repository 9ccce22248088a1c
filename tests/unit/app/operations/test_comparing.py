from decimal import Decimal

import pytest

from app.operations.comparing import difference_ticks, lag_ms, ticks_text


@pytest.mark.parametrize(
    ("symbol", "mine", "others", "ticks"),
    [
        ("ES", ("6751.00", "6751.25"), ("6750.75", "6751.00"), "1"),
        ("ES", ("6751.00", "6751.25"), ("6751.00", "6751.50"), "-0.5"),
        ("ZB", ("118.500000000", "118.53125"), ("118.5", "118.53125"), "0"),
        ("ZT", ("103.00390625", "103.0078125"), ("103", "103.00390625"), "1"),
        ("6J", ("0.0066675", "0.006668"), ("0.0066665", "0.006667"), "2"),
        ("CL", ("-37.63", "-37.61"), ("-37.60", "-37.58"), "-3"),
    ],
)
def test_the_difference_of_the_middles_is_exact_in_ticks(symbol, mine, others, ticks):
    found = difference_ticks(symbol, quoted(*mine), quoted(*others))

    assert found is not None
    assert ticks_text(found) == ticks


@pytest.mark.parametrize("gone", ["bid", "ask"])
def test_without_both_sides_nothing_is_compared(gone):
    whole = quoted("1", "2")
    half = {name: value for name, value in whole.items() if name != gone}

    assert (difference_ticks("ES", half, whole), difference_ticks("ES", whole, half)) == (None, None)


def test_two_contracts_are_not_compared_where_both_are_told():
    old, new, untold = ({**quoted("1", "2"), **more} for more in ({"contract": "ESZ25"}, {"contract": "ESH26"}, {}))

    assert difference_ticks("ES", old, new) is None
    assert difference_ticks("ES", old, untold) == difference_ticks("ES", new, new) == 0


def test_a_symbol_without_a_known_tick_is_not_compared():
    assert difference_ticks("NEVER", quoted("1", "2"), quoted("1", "2")) is None


def test_the_lag_is_how_much_older_a_quote_is():
    early, late = {"ts": "2025-10-09T15:30:00.000000Z"}, {"ts": "2025-10-09T15:30:01.250400Z"}

    assert (lag_ms(early, late), lag_ms(late, early)) == (1250, -1250)


@pytest.mark.parametrize(
    ("ticks", "text"), [("100", "100"), ("1E+2", "100"), ("2.50", "2.5"), ("-0.0", "0"), ("-12.0", "-12")]
)
def test_ticks_are_told_without_needless_zeros(ticks, text):
    assert ticks_text(Decimal(ticks)) == text


def quoted(bid, ask):
    return {"bid": bid, "ask": ask}

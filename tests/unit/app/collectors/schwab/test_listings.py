from datetime import date
from decimal import Decimal

import pytest

from app.collectors.schwab.fields import EQUITIES, FUTURES
from app.collectors.schwab.listings import listings
from app.errors import Rejected

TODAY = date(2025, 12, 7)


def listed(*symbols):
    return [(one.service, one.key, one.symbol, one.contract) for one in listings(symbols, TODAY).values()]


def test_a_symbol_of_the_catalogue_is_a_future_and_any_other_a_share():
    assert listed("ES", "SPY") == [(FUTURES, "/ES", "ES", None), (EQUITIES, "SPY", "SPY", None)]


def test_what_is_behind_a_slash_is_a_future():
    assert listed("/NKD", "/ESZ25") == [(FUTURES, "/NKD", "NKD", None), (FUTURES, "/ESZ25", "ES", "ESZ25")]


def test_a_symbol_that_is_named_twice_is_collected_once():
    assert listed("ES", "/ESZ25", "ES") == [(FUTURES, "/ES", "ES", None)]


def test_a_future_has_its_tick_and_a_share_a_hundredth_of_a_cent():
    found = listings(["ZB", "SPY"], TODAY)

    assert [one.tick for one in found.values()] == [Decimal("0.03125"), Decimal("0.0001")]


def test_what_is_no_symbol_is_rejected():
    with pytest.raises(Rejected, match="no symbol"):
        listings(["ES", "/E S"], TODAY)


def test_without_a_symbol_it_says_what_to_set():
    with pytest.raises(Rejected, match="SCHWAB_SYMBOLS"):
        listings([], TODAY)

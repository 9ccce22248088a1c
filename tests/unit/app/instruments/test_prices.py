import json
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.instruments.catalogue import CATALOGUE
from app.instruments.prices import price_text

BONDS = [instrument for instrument in CATALOGUE.values() if instrument.price_format == "32"]
# The dashboard writes prices by itself, and is held to the same file.
SHARED = json.loads((Path(__file__).parents[3] / "data" / "price_texts.json").read_text())
EIGHTHS = {"0": 0, "1": 1, "2": 2, "3": 3, "5": 4, "6": 5, "7": 6, "8": 7}


@pytest.mark.parametrize("case", SHARED["cases"], ids=lambda case: f"{case['symbol']} {case['price']}")
def test_a_price_has_the_places_of_its_tick_and_more_where_it_needs_them(case: dict[str, str]) -> None:
    assert price_text(CATALOGUE[case["symbol"]], Decimal(case["price"])) == case["text"]


def test_a_price_with_an_exponent_is_written_out() -> None:
    assert price_text(CATALOGUE["CL"], Decimal("1E+2")) == "100.00"


@pytest.mark.parametrize("symbol", SHARED["instruments"])
def test_the_shared_cases_are_about_the_instruments_of_the_catalogue(symbol: str) -> None:
    instrument, told = CATALOGUE[symbol], SHARED["instruments"][symbol]

    assert instrument.price_format == told["price_format"]
    assert (instrument.tick_size, instrument.tick_decimals) == (Decimal(told["tick_size"]), told["tick_decimals"])


@pytest.mark.parametrize("text", ["118'16", "110'165", "108'162", "101'262", "103'213"])
def test_the_verified_prices_are_among_the_shared_cases(text: str) -> None:
    case = next(one for one in SHARED["cases"] if one["text"] == text)

    assert read(text) == Decimal(case["price"])


@given(st.sampled_from(BONDS), st.integers(-200 * 256, 200 * 256))
def test_every_tick_of_every_bond_can_be_read_back(bond, ticks):
    price = bond.tick_size * ticks

    text = price_text(bond, price)

    assert read(text) == price
    assert len(text.partition("'")[2]) == (2 if bond.symbol == "ZB" else 3)


@given(st.sampled_from(list(CATALOGUE.values())), st.decimals(-(10**6), 10**6, places=9))
def test_no_price_is_rounded(instrument, price):
    text = price_text(instrument, price)

    assert (read(text) if "'" in text else Decimal(text)) == price


def read(text: str) -> Decimal:
    """What thirty-seconds mean: points, two digits of thirty-seconds, and a code of eighths."""
    points, _, rest = text.removeprefix("-").partition("'")
    eighths = int(rest[:2]) * 8 + EIGHTHS[rest[2:] or "0"]
    return (Decimal(points) + Decimal(eighths) / 256) * (-1 if text.startswith("-") else 1)

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.instruments.catalogue import CATALOGUE
from app.instruments.prices import price_text

BONDS = [instrument for instrument in CATALOGUE.values() if instrument.price_format == "32"]
EIGHTHS = {"0": 0, "1": 1, "2": 2, "3": 3, "5": 4, "6": 5, "7": 6, "8": 7}


@pytest.mark.parametrize(
    ("symbol", "price", "text"),
    [
        ("ZB", "118.5", "118'16"),
        ("ZN", "110.515625", "110'165"),
        ("ZF", "108.5078125", "108'162"),
        ("ZF", "101.8203125", "101'262"),
        ("ZT", "103.66796875", "103'213"),
    ],
)
def test_the_verified_prices_are_written_as_schwab_writes_them(symbol: str, price: str, text: str) -> None:
    assert price_text(CATALOGUE[symbol], Decimal(price)) == text
    assert read(text) == Decimal(price)


@pytest.mark.parametrize(
    ("symbol", "price", "text"),
    [
        ("ZB", "118", "118'00"),
        ("ZB", "118.515625", "118'165"),
        ("ZN", "110.500000000", "110'160"),
        ("ZB", "-0.5", "-0'16"),
        ("ZB", "0", "0'00"),
        ("ZT", "103.001", "103.00100000"),
        ("ES", "6745.500000000", "6745.50"),
        ("ES", "6745.375", "6745.375"),
        ("YM", "46000.000000000", "46000"),
        ("BTC", "100125.00", "100125"),
        ("BTC", "100000", "100000"),
        ("6J", "0.0066405", "0.0066405"),
        ("CL", "-37.63", "-37.63"),
        ("CL", "1E+2", "100.00"),
    ],
)
def test_a_price_has_the_places_of_its_tick_and_more_where_it_needs_them(symbol: str, price: str, text: str) -> None:
    assert price_text(CATALOGUE[symbol], Decimal(price)) == text


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

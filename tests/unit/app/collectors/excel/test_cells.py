import math
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.collectors.excel.cells import (
    ERROR,
    FRACTION,
    MALFORMED,
    PERCENT,
    RANGE,
    SIZE,
    WAITING,
    WRONG_KIND,
    ZERO,
    Unread,
    read_change,
    read_price,
    read_size,
)
from app.instruments.catalogue import CATALOGUE
from app.quotes import Quote, to_fields

ERRORS = (-2146826281, -2146826259, -2146826288, -2146826252, -2146826265, -2146826273, -2146826240)
IN_32NDS = [name for name, item in CATALOGUE.items() if item.price_format == "32"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("118'16", "118.5"),
        ("110'165", "110.515625"),
        ("108'162", "108.5078125"),
        ("101'262", "101.8203125"),
        ("103'213", "103.66796875"),
        ("132-16'2", "132.5078125"),
        ("121'16.25", "121.5078125"),
        ("118-16", "118.5"),
        ("118’16", "118.5"),
        ("118-16+", "118.515625"),
        ("118'16+", "118.515625"),
        ("118'310", "118.96875"),
        ("118'001", "118.00390625"),
        ("118'003", "118.01171875"),
        ("118'006", "118.01953125"),
        ("118'007", "118.0234375"),
        ("118'008", "118.02734375"),
        ("-0'05", "-0.15625"),
        ("+0'050", "0.15625"),
        ("(0'05)", "-0.15625"),
        ("118.16", "118.16"),
        ("118.5", "118.5"),
    ],
)
def test_thirty_seconds_of_a_bond_are_read(text, value):
    assert read_price(text, CATALOGUE["ZN"]) == Decimal(value)


@pytest.mark.parametrize("text", ["118'32", "118'164", "118'169", "118'16.2", "118'99", "118'16.13"])
def test_thirty_seconds_that_do_not_exist_are_refused(text):
    assert read_price(text, CATALOGUE["ZB"]).reason == FRACTION


@pytest.mark.parametrize("instrument", [None, CATALOGUE["ES"], CATALOGUE["6E"]])
def test_thirty_seconds_of_what_is_not_quoted_in_them_are_refused(instrument):
    assert read_price("118'16", instrument).reason == FRACTION


@pytest.mark.parametrize(
    "text",
    [
        "118'1",
        "118'",
        "'16",
        "118''16",
        "118'16'2'1",
        "118'1625",
        "12123+",
        "118+16",
        "118'16++",
        "118.5+",
        "118 16",
        "1'8'16",
    ],
)
def test_what_only_looks_like_thirty_seconds_is_no_number(text):
    assert read_price(text, CATALOGUE["ZB"]).reason == MALFORMED


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("6,879.25", "6879.25"),
        ("1,234,567.5", "1234567.5"),
        ("$6879.25", "6879.25"),
        ("-$1.25", "-1.25"),
        ("$-1.25", "-1.25"),
        ("+1.25", "1.25"),
        ("(1.25)", "-1.25"),
        ("($1,250.25)", "-1250.25"),
        ("−1.25", "-1.25"),
        (" 1.25\xa0", "1.25"),
        ("4.25%", "4.25"),
        (".5", "0.5"),
        ("5.", "5"),
        (6879.25, "6879.25"),
        (6879, "6879"),
        (-37.63, "-37.63"),
        (Decimal("6879.2500"), "6879.25"),
    ],
)
def test_a_price_is_read_as_people_write_it(cell, value):
    assert read_price(cell) == Decimal(value)


@pytest.mark.parametrize("cell", [None, "", "  ", "\xa0"])
def test_an_empty_cell_says_nothing(cell):
    assert read_price(cell) is None
    assert read_change(cell) is None
    assert read_size(cell) is None


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        *((text, WAITING) for text in ("loading", "Loading...", "N/A", "#N/A", "--", "<empty>", "#GETTING_DATA")),
        (-2146826246, WAITING),
        *((code, ERROR) for code in ERRORS),
        *((text, ERROR) for text in ("#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!")),
        *((number, WRONG_KIND) for number in (math.nan, math.inf, -math.inf, Decimal("NaN"), True, False)),
        *((text, WRONG_KIND) for text in ("NaN", "inf", "-inf", "Infinity")),
        (datetime(2025, 10, 9, tzinfo=UTC), WRONG_KIND),
        (["118"], WRONG_KIND),
    ],
    ids=repr,
)
def test_a_cell_without_a_number_says_why(cell, reason):
    assert [read(cell).reason for read in (read_price, read_change, read_size)] == [reason] * 3


@pytest.mark.parametrize(
    "text",
    [
        "1,25",
        "6.879,25",
        "12,34,567",
        "1e5",
        "0x10",
        "1 234",
        "--1",
        "-(1)",
        "(1",
        "1)",
        "1.2.3",
        "abc",
        "١٢",
        "=1+1",
        "1_000",
    ],
)
def test_a_text_that_could_be_several_numbers_is_none(text):
    assert read_price(text).reason == MALFORMED
    assert read_size(text).reason == MALFORMED


@pytest.mark.parametrize("cell", [1e9, -1e9, 1e300, 10**9, "1000000000", "1,000,000,000", "0.1234567891"])
def test_a_price_with_more_digits_than_a_quote_holds_is_refused(cell):
    assert read_price(cell).reason == RANGE


def test_a_percentage_is_no_change_in_points():
    assert read_change("0.25%").reason == PERCENT
    assert read_change("(0.25%)").reason == PERCENT
    assert read_change("0.25") == Decimal("0.25")


@pytest.mark.parametrize(
    ("symbol", "noisy", "value"),
    [
        ("HG", 4.582500000001, "4.5825"),
        ("RTY", 0.1 + 0.2, "0.3"),
        ("RTY", 2211.1000000000004, "2211.1"),
        ("6J", 0.0066945000000000004, "0.0066945"),
        ("ZT", 103.66796875000001, "103.66796875"),
        ("CL", -37.629999999999995, "-37.63"),
        ("BTC", 100125.00000000001, "100125"),
    ],
)
def test_the_noise_of_floating_point_is_put_on_the_tick(symbol, noisy, value):
    assert read_price(noisy, CATALOGUE[symbol]) == Decimal(value)


@pytest.mark.parametrize(("symbol", "price"), [("ES", 6879.3), ("ES", 6879.2501), ("HG", 4.58251), ("ZB", 118.16)])
def test_a_price_that_is_off_the_tick_by_more_than_noise_stays_as_it_is(symbol, price):
    assert read_price(price, CATALOGUE[symbol]) == Decimal(repr(price))


@pytest.mark.parametrize("cell", [6840.0, 6840, "6,840", "6840.00"])
def test_a_price_on_the_tick_has_the_ticks_decimals(cell):
    assert str(read_price(cell, CATALOGUE["ES"])) == "6840.00"


@pytest.mark.parametrize("zero", [0.0, -0.0, 0, "0", "0.00", "(0)", 5e-324])
def test_zero_is_no_price_and_a_change_without_a_sign(zero):
    assert read_price(zero, CATALOGUE["YM"]).reason == ZERO
    assert str(read_change(zero, CATALOGUE["YM"])) == "0"


@pytest.mark.parametrize(
    ("symbol", "text"), [("6E", "1,085"), ("SI", "32,150"), ("ZB", "118,500"), ("YM", "42.150"), ("ES", "6.879")]
)
def test_a_separator_that_may_be_of_thousands_or_of_decimals_is_refused(symbol, text):
    assert read_price(text, CATALOGUE[symbol]).reason == MALFORMED


@pytest.mark.parametrize(
    ("symbol", "text", "price"), [("ES", "6,879", "6879"), ("SI", "32.150", "32.15"), ("ES", "6879.250", "6879.25")]
)
def test_a_separator_that_the_instruments_decimals_explain_is_read(symbol, text, price):
    assert read_price(text, CATALOGUE[symbol]) == Decimal(price)


@pytest.mark.parametrize(("cell", "size"), [(11.0, 11), (0, 0), ("1,234", 1234), ("7.0", 7), (2**63 - 1, 2**63 - 1)])
def test_a_size_is_whole(cell, size):
    assert read_size(cell) == size


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        (11.5, SIZE),
        (-1.0, SIZE),
        ("-1", SIZE),
        ("1.5", SIZE),
        ("5%", SIZE),
        (2**63, RANGE),
        (1e300, RANGE),
        ("1K", MALFORMED),
    ],
)
def test_a_size_that_is_none_is_refused(cell, reason):
    assert read_size(cell).reason == reason


@given(st.sampled_from(sorted(CATALOGUE)), st.integers(-200_000, 200_000))
def test_every_tick_comes_back_from_a_double_and_from_text(symbol, ticks):
    instrument = CATALOGUE[symbol]
    price = instrument.tick_size * ticks

    assert read_change(float(price), instrument) == price
    assert read_change(format(price, "f"), instrument) == price
    assert read_change(format(price, ",f"), instrument) == price


@given(st.sampled_from(IN_32NDS), st.integers(0, 999), st.integers(0, 31), st.integers(0, 7))
def test_every_eighth_of_a_thirty_second_has_one_way_to_be_written(symbol, whole, part, eighth):
    text = f"{whole}'{part:02}{'01235678'[eighth]}"

    assert read_change(text, CATALOGUE[symbol]) == whole + Decimal(part * 8 + eighth) / 256


@given(
    st.one_of(st.text(), st.text("0123456789.,'+-$%() e#"), st.floats(), st.integers(), st.decimals(), st.booleans()),
    st.sampled_from([None, *CATALOGUE.values()]),
)
def test_whatever_is_in_a_cell_makes_a_quote_that_can_be_published_or_a_reason(cell, instrument):
    price, change, size = read_price(cell, instrument), read_change(cell, instrument), read_size(cell)

    assert all(isinstance(read, Unread | Decimal | None) for read in (price, change))
    now = datetime(2025, 10, 9, 15, 30, tzinfo=UTC)
    known = [None if isinstance(read, Unread) else read for read in (price, change, size)]
    day = now.date()
    to_fields(Quote("ES", "EXCEL", 1, now, now, day, last=known[0], change=known[1], volume=known[2]))

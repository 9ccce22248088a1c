import random

import pytest

from app.collectors.excel.area import parse_area
from app.collectors.excel.headers import ALIASES, read_headers
from app.errors import Rejected
from tests.sheets import HEADERS

AREA = parse_area("A1:M20")


def test_the_usual_headers_are_all_known():
    columns = read_headers(HEADERS, AREA)

    assert list(columns.at) == list(ALIASES)
    assert list(columns.at.values()) == list(range(13))
    assert not columns.ignored


def test_columns_are_found_wherever_they_are():
    shuffled = random.Random(7).sample(HEADERS, len(HEADERS))

    assert read_headers(shuffled, AREA).at == {
        field: shuffled.index(header) for field, header in zip(ALIASES, HEADERS, strict=True)
    }


@pytest.mark.parametrize(("field", "alias"), [(field, alias) for field, names in ALIASES.items() for alias in names])
def test_every_alias_means_its_field(field, alias):
    others = {"symbol": "Ticker", "last": "Last", "bid": "Bid"}
    row = [alias.upper(), *(header for name, header in others.items() if name != field)]

    assert read_headers(row, AREA).at[field] == 0


@pytest.mark.parametrize("header", [" NET  CHANGE ", "Net-Change", "net_change", "NetChange", "Net Chg."])
def test_case_spaces_and_signs_of_a_header_do_not_matter(header):
    assert read_headers(["Symbol", "Last", header], AREA).at["change"] == 2


@pytest.mark.parametrize("header", ["Change %", "% Chg", "Net Change (%)", "Percent Change", "Chg Pct", 4.5, "Bid IV"])
def test_what_is_no_field_is_left_out_and_named(header):
    columns = read_headers(["Symbol", "Last", header, None], AREA)

    assert list(columns.at) == ["symbol", "last"]
    assert columns.ignored == (f"C {str(header)!r}: no known header",)


@pytest.mark.parametrize(
    ("headers", "field", "index", "ignored"),
    [
        (["Symbol", "Last", "Price"], "last", 1, "C 'Price': last is in column B"),
        (["Symbol", "Price", "Last"], "last", 2, "B 'Price': last is in column C"),
        (["Symbol", "Bid", "Bid"], "bid", 1, "C 'Bid': bid is in column B"),
        (["Name", "Symbol", "Bid"], "symbol", 1, "A 'Name': symbol is in column B"),
    ],
)
def test_of_two_columns_of_a_field_the_one_with_the_plainer_name_is_taken_and_the_other_named(
    headers, field, index, ignored
):
    columns = read_headers(headers, AREA)

    assert columns.at[field] == index
    assert columns.ignored == (ignored,)


@pytest.mark.parametrize(
    ("headers", "index", "is_mark"),
    [
        (["Symbol", "Mark", "Bid"], 1, True),
        (["Symbol", "Mark", "Last"], 2, False),
        (["Symbol", "Last", "Mark"], 1, False),
    ],
)
def test_a_mark_is_the_last_price_only_where_nothing_else_is(headers, index, is_mark):
    columns = read_headers(headers, AREA)

    assert (columns.at["last"], columns.last_is_mark) == (index, is_mark)
    assert bool(columns.ignored) == ("Last" in headers)


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        (["Last", "Bid", "Ask"], "no header is Symbol in row 3, columns B to E, which says Last, Bid, Ask"),
        (["Symbol", "Volume", "Close"], "no header is any of Last, Bid and Ask in row 3"),
        (["/ES:XCME", 6879.5, 6879.25], "no header is Symbol nor any of Last, Bid and Ask"),
        ([None, "", "  "], "no headers in row 3, columns B to E: EXCEL_LIVE_RANGE must begin"),
    ],
)
def test_a_sheet_without_what_is_needed_is_refused_by_what_is_missing(headers, words):
    with pytest.raises(Rejected) as refused:
        read_headers(headers, parse_area("B3:E20"))

    assert words in str(refused.value)

from datetime import date
from decimal import Decimal

import pytest

from app.collectors.excel.area import parse_area
from app.collectors.excel.sheet import read_sheet
from app.errors import Rejected
from app.instruments.symbology import Traded
from tests.sheets import CLOSED, ES, HEADERS, ZB, row, sheet

AREA = parse_area("A1:M20")
TODAY = date(2025, 10, 9)


def test_a_row_says_what_its_cells_say():
    [es, zb] = read(sheet(ES, ZB)).rows

    assert (es.number, es.name, es.traded) == (2, "/ES:XCME", Traded("ES"))
    assert es.prices == dict(
        zip(
            ("last", "bid", "ask", "open", "high", "low", "close", "change"),
            map(Decimal, ("6879.5", "6879.25", "6879.5", "6868.5", "6895.75", "6840", "6870.25", "9.25")),
            strict=True,
        )
    )
    assert es.sizes == {"last_size": 2, "bid_size": 11, "ask_size": 4, "volume": 812345}
    assert [zb.prices[name] for name in ("last", "bid", "change")] == [
        Decimal("118.5"),
        Decimal("118.46875"),
        Decimal("0.5"),
    ]


def test_rows_without_a_symbol_are_passed_over_and_later_ones_read():
    reading = read(sheet([None] * 13, row(symbol="  "), ES, [None] * 13, ZB))

    assert [(found.number, found.traded.symbol) for found in reading.rows] == [(4, "ES"), (6, "ZB")]
    assert not reading.ignored


def test_cells_that_give_no_value_are_told_with_their_place_and_the_rest_is_read():
    reading = read(sheet(row(bid="loading", ask=-2146826265, last_size=1.5, volume=None)))

    assert [(cell.cell, cell.field, cell.held, cell.why.reason) for cell in reading.unread] == [
        ("C2", "bid", "loading", "waiting"),
        ("D2", "ask", "-2146826265", "error"),
        ("E2", "last_size", "1.5", "size"),
    ]
    assert reading.rows[0].has_price
    assert not {"bid", "ask", "last_size", "volume"} & {*reading.rows[0].prices, *reading.rows[0].sizes}


def test_a_truth_value_is_not_taken_for_the_one_that_was_there_before():
    sizes = [read(sheet(row(volume=volume))).rows[0].sizes.get("volume") for volume in (1.0, True, 1)]

    assert sizes == [1, None, 1]


def test_a_cell_of_any_kind_is_read_or_told():
    [cell] = read(sheet(row(bid=["6879.25"]))).unread

    assert (cell.field, cell.why.reason) == ("bid", "malformed")


def test_a_row_with_nothing_but_a_close_has_no_price():
    reading = read(sheet(CLOSED, row(last=None, bid="N/A", ask="")))

    assert [found.has_price for found in reading.rows] == [False, False]


def test_what_names_no_symbol_or_one_that_is_there_is_left_out_and_told():
    reading = read(sheet(ES, row(symbol="!!"), row(symbol="/ESZ25"), row(symbol=12.0), row(symbol="nq")))

    assert [found.traded for found in reading.rows] == [Traded("ES"), Traded("NQ")]
    assert [told.split(":")[0] for told in reading.ignored] == ["row 3", "row 4", "row 5"]
    assert "ES is in row 2 already" in reading.ignored[1]


@pytest.mark.parametrize(
    ("name", "traded"),
    [
        ("/ESZ25", Traded("ES", "ESZ25")),
        ("ESZ5", Traded("ES", "ESZ25")),
        ("/M2K:XCME", Traded("M2K")),
        ("6E", Traded("6E")),
    ],
)
def test_a_symbol_is_what_symbology_makes_of_it(name, traded):
    assert read(sheet(row(symbol=name))).rows[0].traded == traded


@pytest.mark.parametrize("name", ["loading", "Loading...", "N/A", "NA", "#N/A", "#REF!", "--"])
def test_a_symbol_that_a_formula_has_not_yet_filled_in_is_none(name):
    reading = read(sheet(row(symbol=name), ZB))

    assert [found.traded.symbol for found in reading.rows] == ["ZB"]
    assert reading.ignored == (f"row 2: {name!r} is no symbol: its formula has no value",)


def test_thirty_seconds_are_read_by_instrument_and_not_by_look():
    reading = read(sheet(row(ZB, symbol="/ES:XCME")))

    assert {cell.why.reason for cell in reading.unread} == {"fraction"}
    assert not reading.rows[0].prices


def test_a_sheet_whose_headers_are_gone_is_refused_and_not_read_by_place():
    with pytest.raises(Rejected, match="no header is Symbol"):
        read(sheet(ES, headers=["", *HEADERS[1:]]))


def read(rows):
    return read_sheet(rows, AREA, TODAY)

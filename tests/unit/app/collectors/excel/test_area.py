import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.utils import get_column_letter

from app.collectors.excel.area import Area, column_name, parse_area
from app.errors import Rejected


@pytest.mark.parametrize("text", ["A1:M20", "a1:m20", "M20:A1", "A20:M1"])
def test_an_area_is_named_by_its_corners(text):
    assert parse_area(text) == Area(1, 1, 13, 20)


@pytest.mark.parametrize("text", ["", "A1", "A:M", "A0:M20", "A1:M1", "Futures!A1:M20", "A1:M20 ", "$A$1:$M$20"])
def test_what_names_no_rows_below_headers_is_refused(text):
    with pytest.raises(Rejected, match="A1:M20"):
        parse_area(text)


@pytest.mark.parametrize("text", ["A1:XFE20", "A1:M1048577", "A1:ZZZ9999999", "A1:M3847", "A1:XFD5"])
def test_what_is_larger_than_a_sheet_or_than_can_be_read_each_time_is_refused(text):
    with pytest.raises(Rejected, match="A1:M20"):
        parse_area(text)


def test_a_sheet_of_many_symbols_is_no_large_one():
    assert parse_area("A1:M3846").height == 3846


def test_a_cell_is_named_by_its_place_within_the_area():
    area = parse_area("Z5:AC9")

    assert [area.cell(0, 0), area.cell(4, 3)] == ["Z5", "AC9"]


def test_an_area_is_cut_from_a_sheet_and_filled_up():
    area = parse_area("B2:D4")

    assert area.cut([[1, 2, 3, 4, 5], [6, 7, 8], [9]]) == [[7, 8, None], [None, None, None], [None, None, None]]


@given(st.integers(1, 16_384))
def test_columns_have_the_names_that_excel_gives_them(number):
    assert column_name(number) == get_column_letter(number)
    assert parse_area(f"{column_name(number)}1:{column_name(number)}2").left == number

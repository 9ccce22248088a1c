import openpyxl
import pytest

from app.collectors.excel.area import parse_area
from app.collectors.excel.headers import ALIASES, read_headers
from app.collectors.excel.template import write_template
from app.errors import Conflict, Rejected
from app.instruments.catalogue import CATALOGUE, DEFAULT_WATCHLIST


def test_every_symbol_has_a_row_of_formulas(tmp_path):
    write_template(tmp_path / "a.xlsx", DEFAULT_WATCHLIST, "Futures")

    rows = list(openpyxl.load_workbook(tmp_path / "a.xlsx")["Futures"].iter_rows(values_only=True))
    assert [cells[0] for cells in rows[1:]] == [CATALOGUE[name].tos_symbol for name in DEFAULT_WATCHLIST]
    assert rows[2][1:4] == ('=RTD("tos.rtd",,"LAST",$A3)', '=RTD("tos.rtd",,"BID",$A3)', '=RTD("tos.rtd",,"ASK",$A3)')
    assert rows[11][12] == '=RTD("tos.rtd",,"NET_CHANGE",$A12)'


def test_the_reader_knows_every_header_of_it(tmp_path):
    cells = write_template(tmp_path / "a.xlsx", ["ES"], "Futures")

    header = next(openpyxl.load_workbook(tmp_path / "a.xlsx")["Futures"].iter_rows(values_only=True))
    columns = read_headers(header, parse_area(cells))
    assert list(columns.at) == list(ALIASES)
    assert not columns.ignored


@pytest.mark.parametrize(("count", "cells"), [(1, "A1:M20"), (19, "A1:M20"), (20, "A1:M21"), (500, "A1:M501")])
def test_the_range_to_read_has_room_for_all(tmp_path, count, cells):
    assert write_template(tmp_path / "a.xlsx", [f"S{number}" for number in range(count)], "Futures") == cells


def test_another_sheet_says_what_to_do(tmp_path):
    write_template(tmp_path / "a.xlsx", ["ES"], "Desk 1")

    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    text = "\n".join(str(cells[0]) for cells in book["How to"].iter_rows(values_only=True))
    assert book.sheetnames == ["Desk 1", "How to"]
    assert all(words in text for words in ("ThrottleInterval", "EXCEL_SHEET_NAME=Desk 1", "EXCEL_LIVE_RANGE=A1:M20"))


def test_a_file_that_is_there_is_kept_unless_it_may_be_overwritten(tmp_path):
    path = tmp_path / "a.xlsx"
    path.write_bytes(b"mine")

    with pytest.raises(Conflict, match="--force"):
        write_template(path, ["ES"], "Futures")
    assert path.read_bytes() == b"mine"

    write_template(path, ["ES"], "Futures", overwrite=True)
    assert openpyxl.load_workbook(path).sheetnames[0] == "Futures"
    assert [found.name for found in tmp_path.iterdir()] == ["a.xlsx"]


@pytest.mark.parametrize("name", ["=1+1", "+ES", "-ES", "@ES", '"ES', "es", "/ES", "", "ES\n"])
def test_nothing_but_a_symbol_gets_into_a_cell(tmp_path, name):
    with pytest.raises(Rejected):
        write_template(tmp_path / "a.xlsx", [name], "Futures")
    assert list(tmp_path.iterdir()) == []


def test_a_symbol_that_looks_like_a_number_stays_text(tmp_path):
    write_template(tmp_path / "a.xlsx", ["1E5", "600000", "QQQ"], "Futures")

    page = openpyxl.load_workbook(tmp_path / "a.xlsx")["Futures"]
    assert [(page.cell(row, 1).value, page.cell(row, 1).data_type) for row in (2, 3, 4)] == [
        ("1E5", "s"),
        ("600000", "s"),
        ("QQQ", "s"),
    ]


@pytest.mark.parametrize(
    ("name", "symbols", "title", "words"),
    [
        ("a.xlsm", ["ES"], "Futures", "must end in .xlsx"),
        ("a.csv", ["ES"], "Futures", "must end in .xlsx"),
        ("a.xlsx", [], "Futures", "0 symbols"),
        ("a.xlsx", ["ES"] * 501, "Futures", "501 symbols"),
        ("a.xlsx", ["ES"], "A/B", "cannot be a sheet's name"),
        ("a.xlsx", ["ES"], "x" * 32, "cannot be a sheet's name"),
        ("none/a.xlsx", ["ES"], "Futures", "there is no folder"),
    ],
)
def test_what_cannot_be_written_is_refused_with_the_reason(tmp_path, name, symbols, title, words):
    with pytest.raises(Rejected) as refused:
        write_template(tmp_path / name, symbols, title)

    assert words in str(refused.value)
    assert list(tmp_path.iterdir()) == []

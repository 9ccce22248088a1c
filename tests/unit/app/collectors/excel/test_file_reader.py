import os
import zipfile
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from openpyxl import Workbook
from openpyxl.workbook.protection import WorkbookProtection

from app.collectors.excel.area import parse_area
from app.collectors.excel.file_reader import GRACE_S, SETTLED_S, FileReader
from app.collectors.excel.plan import ExcelPlan
from app.collectors.excel.readers import ExcelLost, SheetMissing
from app.collectors.excel.sheet import read_sheet
from tests.sheets import ES, HEADERS, ZB, row, save_workbook

AREA, TODAY = "A1:M20", date(2025, 10, 9)


@pytest.mark.parametrize("name", ["Futures.xlsx", "Futures.xlsm", "FUTURES.XLSX"])
def test_the_range_is_read_as_it_was_saved(folder, name):
    save_workbook(folder / name, HEADERS, ES, ZB)

    rows = FileReader(plan(folder / name)).read()

    assert (len(rows), {len(cells) for cells in rows}) == (20, {13})
    assert [tuple(cells) for cells in rows[:3]] == [HEADERS, ES, ZB]


def test_the_range_may_lie_anywhere_in_the_sheet(folder):
    save_workbook(folder / "a.xlsx", ["Desk"], [], ["", *HEADERS], ["", *ES])

    rows = FileReader(ExcelPlan("excel_file", folder / "a.xlsx", "futures", "B3:D5")).read()

    assert [list(cells) for cells in rows] == [["Symbol", "Last", "Bid"], ["/ES:XCME", 6879.5, 6879.25], [None] * 3]


def test_merged_cells_give_their_value_to_the_first_of_them_alone(folder):
    save_changed(folder / "a.xlsx", lambda _book, page: (page.merge_cells("B2:D2"), page.merge_cells("A3:A4")))

    reading = read_sheet(FileReader(plan(folder / "a.xlsx")).read(), parse_area(AREA), TODAY)

    assert [found.traded.symbol for found in reading.rows] == ["ES", "ZB"]
    assert reading.rows[0].prices["last"] == Decimal("6879.5")
    assert not {"bid", "ask"} & {*reading.rows[0].prices}
    assert reading.rows[0].sizes["bid_size"] == 11


def test_a_header_over_several_columns_names_the_first_of_them_and_the_others_are_not_read(folder):
    save_changed(folder / "a.xlsx", lambda _book, page: page.merge_cells("B1:D1"))

    reading = read_sheet(FileReader(plan(folder / "a.xlsx")).read(), parse_area(AREA), TODAY)

    assert (reading.columns.at["last"], reading.columns.at["last_size"]) == (1, 4)
    assert not {"bid", "ask"} & {*reading.columns.at}


def test_a_protected_sheet_is_read_as_any_other(folder):
    def protect(book, page):
        page.protection.sheet = True
        page.protection.password = "0000"
        book.security = WorkbookProtection(workbookPassword="0000", lockStructure=True)

    save_changed(folder / "a.xlsx", protect)

    assert [tuple(cells) for cells in FileReader(plan(folder / "a.xlsx")).read()[:3]] == [HEADERS, ES, ZB]


def test_a_workbook_that_opens_with_a_password_only_is_refused_with_what_to_do(folder):
    (folder / "a.xlsx").write_bytes(bytes.fromhex("d0cf11e0a1b11ae1") + bytes(2040))

    with pytest.raises(SheetMissing, match=r"save it as \.xlsx without a password"):
        FileReader(plan(folder / "a.xlsx")).read()


@pytest.mark.parametrize("error", ["#REF!", "#N/A", "#DIV/0!", "#NAME?", "#VALUE!", "#NULL!", "#NUM!"])
def test_a_cell_with_an_error_has_no_value_and_its_neighbours_have_theirs(folder, error):
    save_changed(folder / "a.xlsx", lambda _book, page: page.__setitem__("C2", error))

    [es, zb] = read_sheet(FileReader(plan(folder / "a.xlsx")).read(), parse_area(AREA), TODAY).rows

    assert "bid" not in es.prices
    assert (es.prices["last"], es.prices["ask"]) == (Decimal("6879.5"), Decimal("6879.5"))
    assert len(zb.prices) == 8


def test_a_symbol_with_an_error_is_no_row(folder):
    save_changed(folder / "a.xlsx", lambda _book, page: page.__setitem__("A2", "#REF!"))

    reading = read_sheet(FileReader(plan(folder / "a.xlsx")).read(), parse_area(AREA), TODAY)

    assert [found.traded.symbol for found in reading.rows] == ["ZB"]


def test_a_file_that_was_not_saved_again_is_not_read_again(folder, clock):
    reads = []
    save_workbook(folder / "a.xlsx", HEADERS, ES)
    reader = FileReader(plan(folder / "a.xlsx"), lambda path: reads.append(path) or path.read_bytes(), clock)
    rows = reader.read()
    clock.now_s += SETTLED_S + 1
    settled = len(reads)

    assert all(reader.read() is rows for _ in range(3))
    assert len(reads) == settled


def test_a_second_save_within_one_step_of_the_files_clock_is_seen(folder, clock):
    path = folder / "a.xlsx"
    save_bare(path, HEADERS, ES)
    stamp, size = path.stat().st_mtime_ns, path.stat().st_size
    reader = FileReader(plan(path), monotonic=clock)
    reader.read()

    save_bare(path, HEADERS, row(last=6880.5))
    os.utime(path, ns=(stamp, stamp))

    assert path.stat().st_size == size
    assert reader.read()[1][1] == 6880.5


def test_a_file_that_changes_while_it_is_read_is_not_taken(folder, clock):
    path = folder / "a.xlsx"
    save_workbook(path, HEADERS, ES)
    torn = folder / "torn.xlsx"
    save_workbook(torn, HEADERS, row(last=1.0, bid=2.0))
    contents = [path.read_bytes, lambda: [os.utime(path, ns=(5, 5)), torn.read_bytes()][1], path.read_bytes]
    reader = FileReader(plan(path), lambda _: contents.pop(0)(), clock)

    assert [reader.read()[1][1] for _ in range(3)] == [6879.5] * 3
    assert contents == []


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_a_half_written_file_leaves_the_cells_as_they_were_until_it_is_whole(folder, clock, share):
    path = folder / "a.xlsx"
    save_workbook(path, HEADERS, ES)
    reader = FileReader(plan(path), monotonic=clock)
    rows = reader.read()
    save_workbook(folder / "b.xlsx", HEADERS, row(last=6880.5))
    whole = (folder / "b.xlsx").read_bytes()

    path.write_bytes(whole[: int(len(whole) * share)])
    assert reader.read() is rows

    path.write_bytes(whole)
    assert reader.read()[1][1] == 6880.5


def test_a_part_that_does_not_match_its_checksum_is_not_read(folder, clock):
    path = folder / "a.xlsx"
    save_bare(path, HEADERS, ES)
    reader = FileReader(plan(path), monotonic=clock)
    rows = reader.read()

    path.write_bytes(path.read_bytes().replace(b"6895.75", b"9999.99"))

    assert reader.read() is rows


def test_a_file_that_stays_broken_is_lost_and_says_what_to_do(folder, clock):
    path = folder / "a.xlsx"
    save_workbook(path, HEADERS, ES)
    reader = FileReader(plan(path), monotonic=clock)
    reader.read()
    path.write_bytes(b"no workbook")
    reader.read()

    clock.now_s += GRACE_S + 1

    with pytest.raises(ExcelLost, match=r"save it again as .xlsx or .xlsm"):
        reader.read()


def test_a_file_that_goes_on_being_away_is_missing(folder, clock):
    path = folder / "a.xlsx"
    save_workbook(path, HEADERS, ES)
    reader = FileReader(plan(path), monotonic=clock)
    rows = reader.read()
    path.rename(folder / "b.xlsx")

    assert reader.read() is rows
    clock.now_s += GRACE_S + 1
    with pytest.raises(SheetMissing, match="there is no file"):
        reader.read()

    (folder / "b.xlsx").rename(path)
    assert reader.read()[1][1] == 6879.5


def test_a_locked_file_leaves_the_cells_as_they_were(folder, clock):
    path = folder / "a.xlsx"
    save_workbook(path, HEADERS, ES)
    is_locked = []

    def read_bytes(found: Path) -> bytes:
        if is_locked:
            raise PermissionError(13, "Permission denied")
        return found.read_bytes()

    reader = FileReader(plan(path), read_bytes, clock)
    rows = reader.read()
    is_locked.append(True)

    assert reader.read() is rows
    clock.now_s += GRACE_S + 1
    save_workbook(path, HEADERS, ZB)
    with pytest.raises(ExcelLost, match=r"cannot be read \(Permission denied\): it may be locked"):
        reader.read()


def test_what_was_never_there_is_missing_at_once(folder):
    with pytest.raises(
        SheetMissing, match=r"there is no file .*none.xlsx: save the workbook there, or set EXCEL_DATA_FILE"
    ):
        FileReader(plan(folder / "none.xlsx")).read()


def test_a_sheet_that_is_not_there_is_missing_and_the_others_are_named(folder):
    save_workbook(folder / "a.xlsx", HEADERS, ES, title="Quotes")

    with pytest.raises(SheetMissing, match="has no sheet Futures: EXCEL_SHEET_NAME may be Quotes"):
        FileReader(plan(folder / "a.xlsx")).read()


@pytest.mark.parametrize("name", ["a.csv", "a.xls", "a"])
def test_a_file_of_another_kind_is_refused(folder, name):
    with pytest.raises(SheetMissing, match=r"is no .xlsx or .xlsm"):
        FileReader(plan(folder / name))


def save_changed(path, change):
    book = Workbook()
    page = book.worksheets[0]
    page.title = "Futures"
    for cells in (HEADERS, ES, ZB):
        page.append(list(cells))
    change(book, page)
    book.save(path)


def plan(path):
    return ExcelPlan("excel_file", path)


def save_bare(path, *rows):
    """Without compression: the same number of bytes for as many digits, and every cell where it can be seen."""
    packed = path.with_suffix(".packed")
    save_workbook(packed, *rows)
    with zipfile.ZipFile(packed) as parts, zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as bare:
        for name in parts.namelist():
            bare.writestr(name, parts.read(name))


class Seconds:
    def __init__(self):
        self.now_s = 100.0

    def __call__(self):
        return self.now_s


@pytest.fixture
def clock():
    return Seconds()


@pytest.fixture
def folder(tmp_path):
    return tmp_path

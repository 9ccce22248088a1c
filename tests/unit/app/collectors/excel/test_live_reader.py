import re
import sys
import threading
from pathlib import Path

import pytest
import xlwings

from app.collectors.excel.live_reader import BUSY, LiveReader, load_xlwings
from app.collectors.excel.plan import ExcelPlan
from app.collectors.excel.readers import ExcelBusy, ExcelLost, SheetMissing
from tests.excel import RETRY_LATER, Xlwings, com_error, editing, gone, rejected
from tests.sheets import ES, ZB, sheet

PATH = Path("/desk/Futures.xlsm")
CELLS = sheet(ES, ZB)


def test_a_workbook_that_is_open_is_attached_to_and_read_in_one_call(excels):
    excel = excels.start(CELLS, "/desk/Other.xlsx", str(PATH))
    reader = live(excels)
    reader.read()
    before = excel.calls

    assert reader.read() == CELLS
    assert excel.calls == before + 1
    assert excels.opened == []


@pytest.mark.parametrize(
    "fullname", ["/DESK/futures.XLSM", "https://d.docs.live.net/5/Futures.xlsm", r"C:\elsewhere\Futures.xlsm"]
)
def test_a_workbook_is_found_by_its_path_or_else_by_its_name(excels, fullname):
    excels.start(sheet(), "/desk/Other.xlsx")
    excels.start(CELLS, fullname)

    assert live(excels, require_open=True).read() == CELLS


def test_a_path_says_more_than_a_name(excels):
    excels.start(sheet(), "/old/Futures.xlsm")
    excels.start(CELLS, str(PATH))

    assert live(excels).read() == CELLS


def test_a_workbook_that_is_open_twice_is_not_guessed(excels):
    excels.start(CELLS, "/a/Futures.xlsm")
    excels.start(CELLS, "/b/Futures.xlsm")

    with pytest.raises(SheetMissing, match="open in 2 instances of Excel: close all but one"):
        live(excels).read()


def test_another_excel_that_is_busy_or_ending_is_passed_over(excels):
    excels.start(sheet()).trouble = rejected
    excels.start(CELLS, str(PATH))
    excels.start(sheet()).trouble = gone

    assert live(excels).read() == CELLS


def test_a_workbook_is_not_opened_again_while_the_excel_that_may_have_it_is_busy(excels, tmp_path):
    path = tmp_path / "Futures.xlsm"
    path.touch()
    excels.start(CELLS, str(path)).trouble = rejected

    with pytest.raises(ExcelBusy):
        live(excels, path).read()
    assert excels.opened == []


def test_a_workbook_that_is_not_open_is_opened(excels, tmp_path):
    path = tmp_path / "Futures.xlsm"
    path.touch()
    excels.cells = CELLS

    assert live(excels, path).read() == CELLS
    assert excels.opened == [str(path)]


def test_a_workbook_that_must_be_open_is_not_opened(excels, tmp_path):
    path = tmp_path / "Futures.xlsm"
    path.touch()
    excels.start(CELLS)

    with pytest.raises(ExcelLost, match="not open in Excel: open it, or set EXCEL_LIVE_REQUIRE_OPEN=0"):
        live(excels, path, require_open=True).read()
    assert excels.opened == []


def test_a_workbook_that_is_nowhere_is_missing(excels):
    with pytest.raises(SheetMissing, match=r"there is no file /desk/Futures.xlsm"):
        live(excels).read()


def test_a_sheet_that_is_not_there_is_missing_and_the_others_are_named(excels):
    excels.start(CELLS).add(str(PATH), "Quotes", "Notes")

    with pytest.raises(SheetMissing, match="has no sheet Futures: EXCEL_SHEET_NAME may be Quotes, Notes"):
        live(excels).read()


def test_the_sheet_is_found_whatever_its_case(excels):
    excels.start(CELLS).add(str(PATH), "Notes", "FUTURES")

    assert live(excels).read() == CELLS


@pytest.mark.parametrize(
    "trouble", [rejected, editing, lambda: com_error(RETRY_LATER, "busy"), lambda: ExcelBusyError()]
)
def test_a_busy_excel_is_told_at_once_and_read_on_later(excels, trouble):
    excel = excels.start(CELLS, str(PATH))
    reader = live(excels)
    reader.read()

    excel.trouble = trouble
    with pytest.raises(ExcelBusy, match=BUSY):
        reader.read()

    excel.trouble = None
    assert reader.read() == CELLS


def test_an_excel_that_is_busy_from_the_beginning_does_not_hang(excels):
    excels.start(CELLS, str(PATH)).trouble = rejected

    with pytest.raises(ExcelBusy):
        live(excels).read()


@pytest.mark.parametrize(
    "trouble",
    [gone, lambda: com_error(-2147352573, "Member not found."), lambda: AttributeError("Excel.Application.Value")],
)
def test_every_other_error_means_that_excel_is_lost(excels, trouble):
    excel = excels.start(CELLS, str(PATH))
    reader = live(excels)
    reader.read()

    excel.trouble = trouble
    with pytest.raises(ExcelLost, match="Excel is gone or was restarted"):
        reader.read()


@pytest.mark.parametrize(
    ("value", "rows"), [(5.0, [[5.0]]), ((1.0, 2.0), [[1.0], [2.0]]), (((1.0, None),), [[1.0, None]])]
)
def test_a_range_of_any_shape_is_rows(excels, value, rows):
    excel = excels.start(CELLS, str(PATH))
    excel.answer = lambda: value

    assert live(excels).read() == rows


def test_objects_of_one_thread_are_of_no_use_in_another(excels):
    excels.start(CELLS, str(PATH))
    reader, found = live(excels), []
    reader.read()

    def read() -> None:
        try:
            reader.read()
        except ExcelLost as lost:
            found.append(lost)

    thread = threading.Thread(target=read)
    thread.start()
    thread.join()

    assert len(found) == 1


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="there may be an Excel")
def test_where_there_can_be_no_excel_the_way_out_is_named():
    with pytest.raises(SheetMissing, match="DATA_PROVIDER=excel_file"):
        load_xlwings()


def test_the_stand_in_has_the_names_of_the_library():
    source = Path(xlwings.__file__).with_name("_xlwindows.py").read_text()

    assert re.search(r"^N_COM_ATTEMPTS = 0", source, re.MULTILINE)
    assert "class ExcelBusyError(Exception)" in source
    assert xlwings.Range.raw_value.fget
    assert xlwings.Sheet.range
    assert {"name", "fullname", "sheets"} <= set(dir(xlwings.Book))
    assert "books" in dir(xlwings.App)
    assert iter(xlwings.apps) is not None


class ExcelBusyError(Exception):
    pass


def live(excels, path=PATH, *, require_open=False):
    return LiveReader(ExcelPlan("excel_live", path, require_open=require_open), excels)


@pytest.fixture
def excels():
    return Xlwings()

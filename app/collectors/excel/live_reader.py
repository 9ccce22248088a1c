"""The sheet as a running Excel shows it, through xlwings: Windows and macOS only."""

import importlib
import logging
import sys
from pathlib import Path
from typing import Any, Final

from app.collectors.excel.area import Rows
from app.collectors.excel.plan import ExcelPlan
from app.collectors.excel.readers import ExcelBusy, ExcelLost, SheetMissing
from app.errors import ThorError

log = logging.getLogger(__name__)

BUSY: Final = "Excel is busy: finish editing the cell or close the dialog"
# RPC_E_CALL_REJECTED, RPC_E_SERVERCALL_RETRYLATER and, inside of a general failure, VBA_E_IGNORE.
_BUSY_CODES: Final = frozenset({-2147418111, -2147417846, -2146777998})
_PLATFORMS: Final = ("win32", "darwin")


def load_xlwings() -> Any:
    """The module xlwings; SheetMissing where there can be no Excel."""
    if sys.platform not in _PLATFORMS:
        raise SheetMissing("Excel runs on Windows and macOS only: set DATA_PROVIDER=excel_file to read the saved file")
    return importlib.import_module("xlwings")


class LiveReader:
    """Attaches to the workbook where it is open, or opens it unless the plan forbids; one call to Excel for a read.

    The workbook is found by its full path, else by its name: the full name of one in OneDrive is an address.
    """

    def __init__(self, plan: ExcelPlan, xlwings: Any) -> None:
        self._plan, self._xlwings = plan, xlwings
        self._cells: Any = None
        _bound_retries(xlwings)

    def read(self) -> Rows:
        """The cells; errors of formulas come as numbers that `cells` knows."""
        try:
            if self._cells is None:
                self._cells = self._attach()
            return _rows(self._cells.raw_value)
        except ThorError:
            raise
        except Exception as error:  # COM's errors exist on Windows only, and every other one means as much.
            raise _classified(error) from error

    def close(self) -> None:
        """Forget Excel's objects."""
        self._cells = None

    def _attach(self) -> Any:
        sheets = list(self._book().sheets)
        wanted = self._plan.sheet.casefold()
        for sheet in sheets:
            if sheet.name.casefold() == wanted:
                return sheet.range(self._plan.cells)
        names = ", ".join(sheet.name for sheet in sheets)
        raise SheetMissing(f"{self._plan.file.name} has no sheet {self._plan.sheet}: EXCEL_SHEET_NAME may be {names}")

    def _book(self) -> Any:
        path = self._plan.file
        named = self._open_under(path.name)
        exact = [book for book in named if _is_same(book.fullname, path)]
        if found := exact or named:
            if len(found) > 1:
                raise SheetMissing(f"{path.name} is open in {len(found)} instances of Excel: close all but one")
            if not exact:
                log.warning("reading %s, which is open under the name of %s", found[0].fullname, path)
            return found[0]
        if self._plan.require_open:
            raise ExcelLost(f"{path.name} is not open in Excel: open it, or set EXCEL_LIVE_REQUIRE_OPEN=0")
        if not path.exists():
            raise SheetMissing(f"there is no file {path}: save the workbook there, or set EXCEL_DATA_FILE")
        return self._xlwings.Book(str(path))

    def _open_under(self, name: str) -> list[Any]:
        found, trouble = [], None
        for app in self._xlwings.apps:
            try:
                found += [book for book in app.books if book.name.casefold() == name.casefold()]
            except Exception as error:  # Another instance, which hangs in a dialog or ends, is no reason to stop.
                trouble = error
        if trouble is not None and not found:
            raise trouble
        return found


def _bound_retries(xlwings: Any) -> None:
    # xlwings repeats a call that a busy Excel refuses for ever and without a pause; here it is told at once.
    if (windows := getattr(xlwings, "_xlwindows", None)) is not None:
        windows.N_COM_ATTEMPTS = 1


def _rows(value: object) -> Rows:
    # One cell comes bare, and one row or column as a flat list on some engines.
    if not isinstance(value, tuple | list):
        return [[value]]
    return [list(row) if isinstance(row, tuple | list) else [row] for row in value]


def _is_same(fullname: str, path: Path) -> bool:
    return fullname.replace("\\", "/").casefold() == str(path).replace("\\", "/").casefold()


def _classified(error: Exception) -> ExcelBusy | ExcelLost:
    if type(error).__name__ == "ExcelBusyError" or _BUSY_CODES & set(_codes(error)):
        return ExcelBusy(BUSY)
    return ExcelLost(f"Excel is gone or was restarted ({type(error).__name__}): {str(error)[:160]}")


def _codes(error: Exception) -> list[object]:
    details = getattr(error, "excepinfo", None)
    inner = details[-1] if isinstance(details, tuple) and details else None
    return [getattr(error, "hresult", None), inner]

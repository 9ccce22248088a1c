"""The sheet as its file was last saved, read without Excel."""

import io
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from python_calamine import CalamineError, CalamineWorkbook

from app.collectors.excel.area import Rows, parse_area
from app.collectors.excel.plan import ExcelPlan
from app.collectors.excel.readers import ExcelLost, SheetMissing

# File systems stamp in steps of milliseconds up to two seconds: a second save within one step looks like the first.
SETTLED_S: Final = 2.5
GRACE_S: Final = 5.0
_SUFFIXES: Final = (".xlsx", ".xlsm")
# How a file begins that Excel has encrypted, or saved in the format before .xlsx.
_SEALED: Final = bytes.fromhex("d0cf11e0a1b11ae1")
_Stamp = tuple[int, int, int]


class FileReader:
    """Reads the workbook again whenever its file changed, and only as a whole.

    While it is half written, locked or away for the moment of a save, the cells stay as they were; after `GRACE_S` of
    that, or when there never were any, ExcelLost or SheetMissing. `read_bytes` is how a file's content is had.
    """

    def __init__(
        self,
        plan: ExcelPlan,
        read_bytes: Callable[[Path], bytes] = Path.read_bytes,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path, self._sheet, self._area = plan.file, plan.sheet, parse_area(plan.cells)
        self._read_bytes, self._monotonic = read_bytes, monotonic
        self._rows: Rows | None = None
        self._stamp: _Stamp | None = None
        self._stamped_at = self._good_at = 0.0
        if plan.file.suffix.lower() not in _SUFFIXES:
            raise SheetMissing(f"{plan.file.name} is no .xlsx or .xlsm: save the workbook as one of these")

    def read(self) -> Rows:
        """The cells of the last save; the same object while nothing was saved."""
        try:
            self._refresh()
        except (OSError, CalamineError) as error:
            if self._rows is None or self._monotonic() - self._good_at > GRACE_S:
                raise self._told(error) from error
        else:
            self._good_at = self._monotonic()
        if self._rows is None:
            raise ExcelLost(f"{self._path.name} is being written")
        return self._rows

    def close(self) -> None:
        """Nothing is open between two reads."""

    def _refresh(self) -> None:
        before, now = _stamp(self._path), self._monotonic()
        if self._rows is not None and before == self._stamp and now - self._stamped_at > SETTLED_S:
            return
        content = self._read_bytes(self._path)
        if _stamp(self._path) != before:
            raise BlockingIOError(f"{self._path.name} changed while it was read")
        rows = self._parsed(content)
        if before != self._stamp or rows != self._rows:
            self._stamp, self._stamped_at = before, now
        self._rows = self._rows if rows == self._rows else rows

    def _parsed(self, content: bytes) -> Rows:
        if content.startswith(_SEALED):
            raise SheetMissing(
                f"{self._path.name} needs a password, or is an .xls: save it as .xlsx without a password"
            )
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        name = next((name for name in book.sheet_names if name.casefold() == self._sheet.casefold()), None)
        if name is None:
            known = ", ".join(book.sheet_names)
            raise SheetMissing(f"{self._path.name} has no sheet {self._sheet}: EXCEL_SHEET_NAME may be {known}")
        sheet = book.get_sheet_by_name(name)
        return self._area.cut(sheet.to_python(skip_empty_area=False, nrows=self._area.bottom))

    def _told(self, error: OSError | CalamineError) -> ExcelLost | SheetMissing:
        if isinstance(error, FileNotFoundError):
            return SheetMissing(f"there is no file {self._path}: save the workbook there, or set EXCEL_DATA_FILE")
        if isinstance(error, BlockingIOError):
            return ExcelLost(f"{self._path.name} is being written")
        if isinstance(error, OSError):
            return ExcelLost(f"{self._path.name} cannot be read ({os.strerror(error.errno or 0)}): it may be locked")
        return ExcelLost(f"{self._path.name} is half written or no workbook: save it again as .xlsx or .xlsm")


def _stamp(path: Path) -> _Stamp:
    found = path.stat()
    return found.st_mtime_ns, found.st_size, found.st_ino

"""What reads a sheet, and the three ways in which that fails."""

from collections.abc import Callable
from typing import Protocol

from app.collectors.excel.area import Rows
from app.errors import NotFound, Unavailable


class ExcelBusy(Unavailable):
    """It is there and does not answer now: go on reading."""


class ExcelLost(Unavailable):
    """What was read from is gone: close the reader and make another."""


class SheetMissing(NotFound):
    """There is no such file or sheet, or no way to read it here: a person must mend what the text names."""


class SheetReader(Protocol):
    """Reads a range of cells. It is made, used and closed in one thread, because COM objects belong to theirs."""

    def read(self) -> Rows:
        """The cells of the range as they are now, row by row; ExcelBusy, ExcelLost or SheetMissing."""

    def close(self) -> None:
        """Let go of what is open; the workbook stays as it is."""


MakeReader = Callable[[], SheetReader]

"""Sheets of quotes as Excel and thinkorswim hand them out, and workbooks that hold them."""

from collections.abc import Sequence
from pathlib import Path

from openpyxl import Workbook

HEADERS = (
    "Symbol",
    "Last",
    "Bid",
    "Ask",
    "Last Size",
    "Bid Size",
    "Ask Size",
    "Volume",
    "Open",
    "High",
    "Low",
    "Close",
    "Net Change",
)
ES = ("/ES:XCME", 6879.5, 6879.25, 6879.5, 2.0, 11.0, 4.0, 812345.0, 6868.5, 6895.75, 6840.0, 6870.25, 9.25)
ZB = (
    "/ZB:XCBT",
    "118'16",
    "118'15",
    "118'16",
    1.0,
    120.0,
    98.0,
    40211.0,
    "118'02",
    "118'20",
    "117'30",
    "118'00",
    "0'16",
)
CLOSED = ("/CL:XNYM", *["loading"] * 12)
LAST, BID, ASK, LAST_SIZE, VOLUME = 1, 2, 3, 4, 7


def row(known: Sequence[object] = ES, **changed: object) -> list[object]:
    """A row with some cells replaced, by the names of columns above."""
    cells = list(known)
    for name, value in changed.items():
        cells[HEADERS.index(name.replace("_", " ").title())] = value
    return cells


def loading(rows: Sequence[Sequence[object]]) -> list[list[object]]:
    """A sheet as it is before thinkorswim has answered: headers and symbols alone."""
    return [list(rows[0]), *([name, *[None] * len(figures)] for name, *figures in rows[1:])]


def sheet(*rows: Sequence[object], headers: Sequence[object] = HEADERS, height: int = 20) -> list[list[object]]:
    """The range A1:M20 as one read gives it, filled up with empty cells."""
    filled = [list(headers), *map(list, rows)]
    return [*filled, *([None] * len(headers) for _ in range(height - len(filled)))]


def save_workbook(path: Path, *rows: Sequence[object], title: str = "Futures") -> None:
    """Write a workbook with these rows, in place as openpyxl does it."""
    book = Workbook()
    page = book.worksheets[0]
    page.title = title
    for cells in rows:
        page.append(list(cells))
    book.save(path)

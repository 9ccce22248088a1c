"""A workbook whose formulas have thinkorswim fill in the quotes of chosen symbols."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final
from uuid import uuid4

from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.worksheet.worksheet import Worksheet

from app.collectors.excel.area import column_name
from app.errors import Conflict, Rejected
from app.instruments.catalogue import CATALOGUE
from app.quotes import parse_symbol

# Headers that the reader knows, each with the topic of thinkorswim's RTD server.
COLUMNS: Final = (
    ("Last", "LAST"),
    ("Bid", "BID"),
    ("Ask", "ASK"),
    ("Last Size", "LAST_SIZE"),
    ("Bid Size", "BID_SIZE"),
    ("Ask Size", "ASK_SIZE"),
    ("Volume", "VOLUME"),
    ("Open", "OPEN"),
    ("High", "HIGH"),
    ("Low", "LOW"),
    ("Close", "CLOSE"),
    ("Net Change", "NET_CHANGE"),
)
MOST_ROWS: Final = 500
_ROWS: Final = 19
_TITLE: Final = 31
_BOLD: Final = Font(bold=True)


def write_template(path: Path, symbols: Sequence[str], sheet: str, *, overwrite: bool = False) -> str:
    """Write the workbook as .xlsx, and tell the cells that are to be read, such as A1:M20.

    A symbol of the catalogue gets thinkorswim's name of it (/ES:XCME), another stands as it is. Rejected for a path of
    another kind, a name that no sheet may have, no symbol or too many; Conflict where there is a file already, unless
    it may be overwritten.
    """
    if path.suffix.lower() != ".xlsx":
        raise Rejected(f"{path.name} must end in .xlsx: Excel saves it as .xlsm itself where it gets macros")
    if not 0 < len(symbols) <= MOST_ROWS:
        raise Rejected(f"{len(symbols)} symbols: a sheet takes 1 to {MOST_ROWS}")
    if not 0 < len(sheet) <= _TITLE or set(sheet) & set("[]:*?/\\"):
        raise Rejected(
            f"{sheet[:40]!r} cannot be a sheet's name: EXCEL_SHEET_NAME takes {_TITLE} letters, none of []:*?/\\"
        )
    if path.exists() and not overwrite:
        raise Conflict(f"{path} is there already: --force overwrites it, and what was changed in it is lost")
    if not path.parent.is_dir():
        raise Rejected(f"there is no folder {path.parent}: make it, or choose another")
    cells = f"A1:{column_name(len(COLUMNS) + 1)}{1 + max(_ROWS, len(symbols))}"
    book = Workbook()
    first = book.worksheets[0]
    _fill(first, [CATALOGUE[name].tos_symbol if name in CATALOGUE else parse_symbol(name) for name in symbols], sheet)
    _explain(book.create_sheet("How to"), sheet, cells)
    _save(book, path)
    return cells


def _fill(page: Worksheet, names: Sequence[str], sheet: str) -> None:
    page.title = sheet
    page.append(["Symbol", *(header for header, _ in COLUMNS)])
    for row, name in enumerate(names, start=2):
        page.append([name, *(f'=RTD("tos.rtd",,"{topic}",$A{row})' for _, topic in COLUMNS)])
    for cell in page[1]:
        cell.font = _BOLD
    page.freeze_panes = "B2"
    for column in range(1, len(COLUMNS) + 2):
        page.column_dimensions[column_name(column)].width = 12


def _explain(page: Worksheet, sheet: str, cells: str) -> None:
    for line in (
        "What to do with this workbook",
        "1. Start thinkorswim on this computer and log in. Open the workbook in Excel: the cells fill within seconds.",
        "2. Excel takes new values every 2 seconds. For every quarter of a second press Alt+F11, then Ctrl+G,",
        "    type Application.RTD.ThrottleInterval = 250 and press Enter. Excel keeps it for all workbooks.",
        "3. For another symbol copy a whole row and change column A, such as /NQ:XCME. Futures need the exchange.",
        "    Columns may be moved, added or left out: the headers tell what they are.",
        "4. In the .env of Thor set EXCEL_DATA_FILE to where this workbook is saved, and then:",
        f"    EXCEL_SHEET_NAME={sheet}",
        f"    EXCEL_LIVE_RANGE={cells}",
        "5. flask excel-check says what Thor reads here, and what it would publish.",
    ):
        page.append([line])
    page["A1"].font = _BOLD
    page.column_dimensions["A"].width = 110


def _save(book: Workbook, path: Path) -> None:
    part = path.with_name(f"{path.stem}.{uuid4().hex[:8]}.part")
    try:
        book.save(part)
        part.replace(path)
    except OSError as error:
        raise Conflict(f"{path} cannot be written ({error.strerror}): close it in Excel, or choose another") from error
    finally:
        part.unlink(missing_ok=True)

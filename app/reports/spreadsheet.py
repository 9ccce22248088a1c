"""The figures of a document as a workbook: a summary, all figures, levels."""

import io
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font

from app.analysis.findings import is_figure
from app.reports.csv_rows import COLUMNS, figure_rows
from app.reports.overview import overview_of
from app.reports.picking import level_rows, mapping
from app.reports.wording import is_number

_CELL_LIMIT: Final = 32_767
# Control characters that a workbook cannot hold.
_UNWRITABLE: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_SUMMARY: Final = ("symbol", "action", "reason", "about", "figure", "value", "label", "n", "status")
_LEVELS: Final = ("symbol", "side", "price", "strength", "n", "status")


def xlsx_export(document: Mapping[str, Any]) -> bytes:
    """A workbook with the sheets Summary, Figures and Levels; numbers have 15 digits, and no text is a formula."""
    book = Workbook(write_only=True)
    _fill(book, "Summary", _SUMMARY, _summary(document))
    _fill(book, "Figures", COLUMNS, figure_rows(document))
    _fill(book, "Levels", _LEVELS, _levels(document))
    sink = io.BytesIO()
    book.save(sink)
    return sink.getvalue()


def _fill(book: Workbook, name: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    sheet = book.create_sheet(name)
    sheet.freeze_panes = "A2"
    for letter in "ABCDE":
        sheet.column_dimensions[letter].width = 24
    sheet.append([_cell(sheet, title, bold=True) for title in header])
    for row in rows:
        sheet.append([_cell(sheet, value) for value in row])


def _cell(sheet: Any, value: Any, *, bold: bool = False) -> Any:
    if value is None:
        return None
    made = WriteOnlyCell(sheet)
    if is_number(value) or isinstance(value, bool):
        made.value = value
    else:
        made.value = _UNWRITABLE.sub("", str(value))[:_CELL_LIMIT]
        # A text that begins with = would be a formula.
        made.data_type = "s"
    if bold:
        made.font = Font(bold=True)
    return made


def _summary(document: Mapping[str, Any]) -> Iterable[list[Any]]:
    for symbol in mapping(document, "symbols"):
        told = overview_of(symbol, document)
        for row in told.rows:
            for entry in row.entries:
                figure = entry.figure or {"value": _plain(entry.fact)}
                shown = [figure.get(name) for name in ("value", "label", "n", "status")]
                yield [symbol, told.action, told.reason, row.name, entry.name, *shown]


def _levels(document: Mapping[str, Any]) -> Iterable[list[Any]]:
    for symbol, tree in mapping(document, "symbols").items():
        for side, path, row in level_rows(tree):
            strength = next((row[name] for name in ("strength", "pattern_strength") if name in row), None)
            told = [strength.get(name) for name in ("n", "status")] if is_figure(strength) else [None, None]
            yield [symbol, side, _value(row[path[-1]]), _value(strength), *told]


def _value(node: Any) -> Any:
    return node.get("value") if is_figure(node) else _plain(node)


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return "; ".join(str(one) for one in value)
    return value if is_number(value) or value is None else str(value)

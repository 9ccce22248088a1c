"""The figures of a document as CSV, one row per figure."""

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any, Final

from app.analysis.findings import figures
from app.reports.wording import is_number

COLUMNS: Final = (
    "path", "value", "n", "status", "unit", "label", "p_value", "stderr", "ci_low", "ci_high", "method", "window",
    "asof", "reason",
)  # fmt: skip
# A spreadsheet takes a text that begins with one of these for a formula.
_RISKY: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\x00")


def csv_export(document: Mapping[str, Any]) -> str:
    """Every figure of the document with a header; what a figure lacks is an empty cell.

    Numbers are exact. A text that a spreadsheet would take for a formula has an apostrophe in front.
    """
    sink = io.StringIO()
    # Only what is in the end of a line is put in quotes by the writer.
    writer = csv.writer(sink, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows([harmless(value) for value in row] for row in figure_rows(document))
    return sink.getvalue()


def figure_rows(document: Mapping[str, Any]) -> Iterator[list[Any]]:
    """Every figure as a list of values in the order of COLUMNS, None where it has nothing; steps of a path have slashes
    between."""
    for path, figure in figures(document):
        low, high = figure.get("ci") or (None, None)
        told = {**figure, "path": "/".join(path), "ci_low": low, "ci_high": high}
        yield [told.get(name) for name in COLUMNS]


def harmless(value: Any) -> Any:
    """A cell that no spreadsheet takes for a formula: numbers as they are, None as empty text."""
    if value is None:
        return ""
    if is_number(value):
        return repr(value)
    text = str(value)
    return f"'{text}" if text.startswith(_RISKY) else text

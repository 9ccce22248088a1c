"""Documents of several analyses as files."""

import io
import zipfile
from collections.abc import Mapping
from typing import Any

from app.reports.csv_rows import csv_export
from app.reports.spreadsheet import xlsx_export


def as_csv(documents: Mapping[str, Mapping[str, Any]]) -> bytes:
    """The figures of all documents, the name of the document before each path; one alone goes without its name."""
    if len(documents) == 1:
        return csv_export(next(iter(documents.values()))).encode()
    return csv_export(dict(documents)).encode()


def as_workbooks(documents: Mapping[str, Mapping[str, Any]]) -> bytes:
    """A workbook; several documents become an archive with a workbook for each."""
    if len(documents) == 1:
        return xlsx_export(next(iter(documents.values())))
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, document in documents.items():
            archive.writestr(f"{name}.xlsx", xlsx_export(document))
    return sink.getvalue()

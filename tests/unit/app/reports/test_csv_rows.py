import csv
import io

import pytest

from app.analysis.findings import figures
from app.reports.csv_rows import COLUMNS, csv_export
from tests.documents import FORMULA, document, figure


def test_every_figure_is_a_row_with_its_exact_numbers():
    told = document()

    rows = read(csv_export(told))

    assert [row["path"] for row in rows] == ["/".join(path) for path, _ in figures(told)]
    for row, (_, one) in zip(rows, figures(told), strict=True):
        low, high = one.get("ci", (None, None))
        exact = {"value": one["value"], "n": one["n"], "stderr": one.get("stderr"), "ci_low": low, "ci_high": high}
        assert {name: row[name] for name in exact} == {name: cell(value) for name, value in exact.items()}
        assert row["reason"] == one.get("reason", "")


@pytest.mark.parametrize("text", [FORMULA, "+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"])
def test_a_text_that_a_spreadsheet_would_run_has_an_apostrophe_in_front(text):
    told = {text: figure(text, label=text, reason=text)}

    (row,) = read(csv_export(told))

    assert [row[name] for name in ("path", "value", "label", "reason")] == [f"'{text}"] * 4


def test_a_negative_number_stays_a_number():
    (row,) = read(csv_export({"a": figure(-12.5)}))

    assert row["value"] == "-12.5"


def test_a_document_without_figures_is_a_header():
    assert csv_export({}) == ",".join(COLUMNS) + "\r\n"


def cell(value):
    return "" if value is None else str(value)


def read(text):
    return list(csv.DictReader(io.StringIO(text, newline="")))

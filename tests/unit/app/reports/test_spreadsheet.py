import io

import pytest
from openpyxl import load_workbook

from app.analysis.findings import figures
from app.reports.spreadsheet import xlsx_export
from tests.documents import FORMULA, document, figure


def test_the_sheet_of_figures_has_every_figure_with_its_value():
    told = document()

    rows = sheet(xlsx_export(told), "Figures")

    assert [row[0] for row in rows[1:]] == ["/".join(path) for path, _ in figures(told)]
    for row, (_, one) in zip(rows[1:], figures(told), strict=True):
        assert row[1] == (pytest.approx(one["value"], rel=1e-15) if isinstance(one["value"], float) else one["value"])


def test_the_summary_tells_of_each_symbol_what_the_report_has_on_top():
    rows = sheet(xlsx_export(document()), "Summary")

    assert {row[0] for row in rows[1:]} == {"ES", "CL"}
    assert ("ES", "HOLD", "Volatility", "Realised", 0.1587, "Elevated") in [(*row[:2], *row[3:7]) for row in rows]


def test_levels_have_a_sheet_of_their_own():
    rows = sheet(xlsx_export(document()), "Levels")

    assert [row[:4] for row in rows[1:3]] == [
        ("ES", "support", 6008.75, 0.9),
        ("ES", "resistance", 6033.0, None),
    ]


@pytest.mark.parametrize("text", [FORMULA, "+cmd", "-1+1", "@SUM", "{=1+1}", "\t=1"])
def test_a_text_stays_a_text(text):
    told = {text: figure(text)}

    book = load_workbook(io.BytesIO(xlsx_export(told)))

    cells = [cell for row in book["Figures"].iter_rows(min_row=2) for cell in row if cell.column <= 2]
    assert [(cell.data_type, cell.value) for cell in cells] == [("s", text), ("s", text)]


def test_characters_that_a_workbook_cannot_hold_are_left_out():
    rows = sheet(xlsx_export({"a": figure("x\x00y\x1bz")}), "Figures")

    assert rows[1][1] == "xyz"


def sheet(content, name):
    return list(load_workbook(io.BytesIO(content))[name].iter_rows(values_only=True))

"""`flask excel-template` and `flask excel-check`, which need no server."""

import json
import sys

import openpyxl
import pytest

from app.factory import create_app
from app.settings import load_settings
from tests.fakes import FixedClock, RecordingDispatch
from tests.hours import at
from tests.sheets import CLOSED, ES, HEADERS, ZB, row, save_workbook, sheet

NOW = at("2025-10-09T15:30:00Z")


@pytest.mark.parametrize(
    ("arguments", "symbols"),
    [([], ["/YM:XCBT", "/ES:XCME"]), (["--symbols", "zb,es"], ["/ZB:XCBT", "/ES:XCME"])],
)
def test_a_template_is_written_for_the_symbols(run, folder, arguments, symbols):
    result = run("excel-template", "Desk.xlsx", *arguments)

    page = openpyxl.load_workbook(folder / "Desk.xlsx")["Futures"]
    assert [page["A2"].value, page["A3"].value] == symbols
    assert f"EXCEL_DATA_FILE={folder / 'Desk.xlsx'} EXCEL_LIVE_RANGE=A1:M20" in result.stdout
    assert (result.stderr, result.exit_code) == ("", 0)


def test_a_template_without_a_path_is_in_this_folder(run, folder):
    assert run("excel-template").exit_code == 0
    assert [path.name for path in folder.iterdir()] == ["Thor.xlsx"]


def test_a_template_is_not_overwritten_by_accident(run, folder):
    run("excel-template")

    again = run("excel-template", "--symbols=ES")
    assert (again.exit_code, again.stdout) == (3, "")
    assert again.stderr.count("\n") == 1
    assert "--force" in again.stderr

    assert run("excel-template", "--symbols=ES", "--force").exit_code == 0


def test_a_template_that_nobody_has_filled_has_nothing_to_publish(run):
    run("excel-template")

    result = run("excel-check", "--file=Thor.xlsx")

    assert "0 of 11 symbols would be published" in result.stdout
    assert result.stderr == "error: no row has a last, bid or ask price: nothing would be published\n"
    assert result.exit_code == 1


def test_a_check_says_cell_by_cell_what_is_read(run, folder):
    note = [*HEADERS, "Note"]
    save_workbook(folder / "a.xlsm", note, row(bid="loading", last_size=1.5), ZB, CLOSED, row(symbol="!!"))

    result = run("excel-check", "--file=a.xlsm", cells="A1:N20")

    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert "H Volume is volume" in lines
    assert "C2 bid: 'loading' is not read: the source has no value yet (waiting)" in lines
    assert "E2 last_size: '1.5' is not read: a size must be whole and not negative (size)" in lines
    assert "ignored: N 'Note': no known header" in lines
    assert "ignored: row 5: '!!' is no symbol: write it like /ES:XCME, /ESZ25 or ES" in lines
    assert "2 of 3 symbols would be published; 14 cells without a value" in lines
    table = [line.split("│") for line in result.stdout.splitlines() if "│" in line]
    assert [cells[4].strip() for cells in table] == ["6879.50", "118.50000", ""]
    assert (result.stderr, result.exit_code) == ("", 0)


def test_a_check_whose_output_knows_few_letters_escapes_the_others(run, folder):
    save_workbook(folder / "a.xlsx", HEADERS, row(bid="価格"))

    result = run("excel-check", "--file=a.xlsx", charset="cp1252")

    assert "C2 bid: '\\u4fa1\\u683c' is not read" in result.stdout
    assert result.exit_code == 0


def test_a_check_for_programs_is_json(run, folder):
    save_workbook(folder / "a.xlsx", HEADERS, ES)

    told = json.loads(run("excel-check", "--file=a.xlsx", "--json").stdout)

    assert told["provider"] == "excel_file"
    assert told["rows"][0]["publishes"]["last"] == "6879.50"
    assert told["rows"][0]["publishes"]["ts"] == "2025-10-09T15:30:00.000000Z"


def test_a_check_reads_a_recording(run, folder):
    (folder / "a.jsonl").write_text(json.dumps({"at": 0, "rows": sheet(ES)}))

    told = json.loads(run("excel-check", "--file=a.jsonl", "--json").stdout)

    assert (told["provider"], told["rows"][0]["symbol"]) == ("excel_recorded", "ES")


def test_a_check_reads_what_the_settings_say(run, folder):
    save_workbook(folder / "a.xlsx", HEADERS, ES, title="Quotes")

    told = {"data_provider": "excel_file", "excel_data_file": folder / "a.xlsx", "excel_sheet_name": "Quotes"}
    result = run("excel-check", "--json", **told)

    assert json.loads(result.stdout)["file"] == str(folder / "a.xlsx")
    assert result.exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["excel-check"], 2, "no workbook is set: set EXCEL_DATA_FILE, or name a file with --file"),
        (["excel-check", "--file=none.xlsx"], 2, "there is no file"),
        (["excel-check", "--file=a.csv"], 2, "is no .xlsx or .xlsm"),
        (["excel-check", "--file=wrong.xlsx"], 2, "no header is Symbol"),
        (["excel-check", "--file=other.xlsx"], 2, "has no sheet Futures: EXCEL_SHEET_NAME may be Other"),
        (["excel-check", "--file=broken.xlsx"], 1, "half written or no workbook: save it again"),
        (["excel-check", "--what"], 2, "No such option"),
        (["excel-template", "a.xls"], 2, "must end in .xlsx"),
        (["excel-template", "--symbols=,"], 2, "no symbol is named"),
        (["excel-template", "--symbols==1+1"], 2, "a symbol is 1 to 16 of"),
        (["excel-template", "none/a.xlsx"], 2, "there is no folder"),
    ],
)
def test_bad_input_is_one_line_with_its_exit_code(run, folder, arguments, code, words):
    save_workbook(folder / "wrong.xlsx", HEADERS[1:], ES[1:])
    save_workbook(folder / "other.xlsx", HEADERS, ES, title="Other")
    (folder / "broken.xlsx").write_bytes(b"PK")

    result = run(*arguments)

    assert (result.exit_code, result.stdout) == (code, "")
    assert words in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="there may be an Excel")
def test_a_live_check_where_there_can_be_no_excel_names_the_way_out(run, folder):
    result = run("excel-check", data_provider="excel_live", excel_data_file=folder / "a.xlsx")

    assert (result.exit_code, result.stdout) == (2, "")
    assert "set DATA_PROVIDER=excel_file" in result.stderr


@pytest.fixture
def folder(tmp_path, monkeypatch):
    path = tmp_path / "desk"
    path.mkdir()
    monkeypatch.chdir(path)
    return path


@pytest.fixture
def run(tmp_path, folder):
    def invoke(*arguments, cells="A1:M20", charset="utf-8", **settings):
        known = load_settings(_env_file=None, state_dir=tmp_path / "none", excel_live_range=cells, **settings)
        app = create_app(known, RecordingDispatch(), FixedClock(NOW))
        return app.test_cli_runner(charset=charset).invoke(args=list(arguments))

    return invoke

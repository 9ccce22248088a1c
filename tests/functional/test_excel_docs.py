import json
import re
import shlex
from pathlib import PureWindowsPath

import pytest

from app.collectors.excel.headers import ALIASES
from app.collectors.excel.plan import ExcelPlan, Provider
from app.factory import create_app
from app.settings import Settings, load_settings
from tests.fakes import FixedClock, RecordingDispatch
from tests.hours import at
from tests.sheets import ES, HEADERS, save_workbook
from tests.tree import ROOT

TEXT = (ROOT / "docs/excel.md").read_text()
COMMANDS = re.search(r"```sh\n(.*?)```", TEXT, re.DOTALL)[1].splitlines()
FRAME = re.search(r"```json\n(.*?)```", TEXT, re.DOTALL)[1]
TROUBLES = re.findall(r"^\| ([^|]+) \|", TEXT.partition("## When")[2], re.MULTILINE)
FILES = [path for path in (ROOT / "app").glob("c*/**/*.py") if "excel" in str(path)]
SOURCES = "\n".join(path.read_text() for path in (*FILES, ROOT / "app/operations/agent_places.py"))


def test_the_commands_of_the_document_work_one_after_the_other(app, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "frames.jsonl").write_text(FRAME)
    results = {}

    for line in COMMANDS:
        _, *words = shlex.split(line)
        if words == ["excel-check", "--file=desk.xlsx"]:
            save_workbook(tmp_path / "desk.xlsx", HEADERS, ES)  # As Excel fills it.
        results[line] = app.test_cli_runner().invoke(args=words)

    assert {line: result.exit_code for line, result in results.items()} == dict.fromkeys(COMMANDS, 0)
    [checked] = json.loads(results[COMMANDS[-1]].stdout)["rows"]
    assert checked["publishes"]["last"] == "6879.25"


def test_the_headers_of_the_document_are_those_that_are_known():
    rows = dict(re.findall(r"^\| `([a-z_]+)` \| (.*) \|$", TEXT, re.MULTILINE))

    told = {field: tuple(re.split(", ", names.partition(";")[0])) for field, names in rows.items() if field in ALIASES}
    assert told == dict(ALIASES)


def test_the_settings_of_the_document_exist():
    named = set(re.findall(r"`(EXCEL_[A-Z_]+|DATA_PROVIDER)", TEXT))

    assert named
    assert {name.lower() for name in named} <= set(Settings.model_fields)


def test_the_environment_of_the_document_is_a_plan(monkeypatch):
    for name, value in re.findall(r"\$env:([A-Z_]+) = '([^']*)'", TEXT):
        monkeypatch.setenv(name, value)

    plan = load_settings(_env_file=None).excel

    assert PureWindowsPath(plan.file).name == "CleanData.xlsm"
    assert plan == ExcelPlan("excel_live", plan.file, "Futures", "A1:M20", require_open=False, poll_s=0.5)


def test_the_ways_to_read_are_those_that_are_known():
    assert set(re.findall(r"^\| `(excel_\w+)` \|", TEXT, re.MULTILINE)) == set(Provider.__args__)


@pytest.mark.parametrize("words", TROUBLES[2:])
def test_what_goes_wrong_is_said_in_these_words(words):
    assert words in re.sub(r"\{[^}]*\}", "2", SOURCES)


@pytest.fixture
def app(tmp_path):
    settings = load_settings(_env_file=None, state_dir=tmp_path / "none")
    return create_app(settings, RecordingDispatch(), FixedClock(at("2025-10-09T15:30:00Z")))

import re
import shlex
from datetime import timedelta
from typing import get_args

import pytest

from app.alerts.rules import RULES
from app.market.markets import PROFILES
from app.premarket.definition import REPORT_TAKES, STAGES, USUAL_MIN, VERIFYING_TAKES, Anchor
from app.premarket.ladders_file import parse_ladders
from app.premarket.reports import Verdict
from app.settings import Settings
from tests.fakes import FixedClock
from tests.premarket_days import OPENS, climbed
from tests.tree import ROOT

TEXT = (ROOT / "docs/premarket.md").read_text()
LINES = re.search(r"```sh\n(.*?)```", TEXT, re.DOTALL)[1].splitlines()
ADDRESS = "http://127.0.0.1:8000"


@pytest.fixture
def clock():
    return FixedClock(OPENS - timedelta(minutes=20))


def test_the_commands_of_the_document_work(app, rt, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("app.cli.premarket.climb_by_hand", lambda *_asked: climbed(rt, _asked[2].climb.day) and "READY")
    # What is left to do can only be told of a ladder without a report.
    dry = [line for line in LINES if "--dry-run" in line]
    before = {line: ended_of(app, line) for line in dry}
    climbed(rt)

    after = {line: ended_of(app, line) for line in LINES if line not in dry}

    assert {line: code for line, code in (before | after).items() if code not in (0, 200)} == {}
    assert (tmp_path / "open.html").read_text().startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("head", "known"),
    [("| stage |", STAGES), ("| verdict |", get_args(Verdict))],
    ids=["stages", "verdicts"],
)
def test_a_table_of_the_document_has_what_the_code_has_in_its_order(head, known):
    assert tuple(cells[0].strip("`") for cells in table(head)) == known


def test_the_stages_begin_when_the_document_says():
    told = {cells[0].strip("`"): cells[1:3] for cells in table("| stage |")}

    assert {stage: begins for stage, (begins, _) in told.items() if stage != "verify"} == {
        stage: f"{minutes} min before" for stage, minutes in USUAL_MIN.items()
    }
    assert told["report"][1] == f"{REPORT_TAKES.seconds // 60} min later"
    assert told["verify"][1] == f"{VERIFYING_TAKES.seconds // 60} min later"


def test_every_alert_and_verdict_of_the_document_exists():
    rows = table("| what goes wrong |")

    assert set(re.findall(r"`(\w+)`", " ".join(alert for *_, alert in rows))) <= set(RULES)
    assert {verdict.strip("`") for _, verdict, _ in rows} == {*get_args(Verdict), "as before"}


def test_the_file_of_the_document_is_read_as_it_says():
    text = re.search(r"```yaml\n(.*?)```", TEXT, re.DOTALL)[1]

    ladders = {ladder.market: ladder for ladder in parse_ladders(text, PROFILES)}

    assert ladders["CME_Futures"].minutes_before == USUAL_MIN
    assert ladders["US_Equity"].minutes_before == {**USUAL_MIN, "comprehensive": 150, "composite": 45}
    assert ladders["CME_Energy_Metals"].anchor == "session_open"
    assert set(get_args(Anchor)) <= set(re.findall(r"`(\w+)`", TEXT))


def test_the_settings_of_the_document_exist():
    named = {name.lower() for name in re.findall(r"`(PREMARKET_[A-Z_]+)`", TEXT)}

    assert named == {name for name in Settings.model_fields if name.startswith("premarket_")}


def ended_of(app, line):
    """How a command ended, or the status of the answer."""
    words = shlex.split(line, comments=True)
    if words[0] == "flask":
        return app.test_cli_runner().invoke(args=words[1:]).exit_code
    with app.test_client().open(next(one for one in words if one.startswith(ADDRESS)).removeprefix(ADDRESS)) as answer:
        return answer.status_code


def table(head):
    """The rows of the table that begins so, each as its cells."""
    place = TEXT.index(f"\n{head}") + 1
    rows = TEXT[place:].partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]

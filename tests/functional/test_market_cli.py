"""`flask session` and `flask calendar`, which need no server."""

import json
import os
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest

from app.factory import create_app
from app.market.markets import PROFILES
from app.settings import load_settings
from tests.fakes import FixedClock, RecordingDispatch
from tests.hours import at, example_rows, needs_shared_data, worked_answer
from tests.tree import ROOT

MONTHS = Path(__file__).parent / "months"
NOW = at("2025-11-27T15:30:00Z")


def test_a_session_is_told_in_words(run):
    result = run("session")

    assert result.stdout == (
        "CME_Futures is OPEN\n"
        "  now            Thu 2025-11-27 09:30:00 CST = 2025-11-27T15:30:00Z\n"
        "  next           closes Thu 2025-11-27 12:00 CST = 2025-11-27T18:00:00Z, in 2 h 30 min\n"
        "  today          Thu 2025-11-27, trading day, holiday: Thanksgiving Day\n"
        "  trading day    Thu 2025-11-27\n"
        "    opens        Wed 2025-11-26 17:00 CST = 2025-11-26T23:00:00Z\n"
        "    closes       Thu 2025-11-27 12:00 CST = 2025-11-27T18:00:00Z, early, Thanksgiving Day\n"
        "  regular hours  none on this day\n"
        "  CME trade date Fri 2025-11-28\n"
    )
    assert result.exit_code == 0


@pytest.mark.parametrize(
    ("market", "instant", "words"),
    [
        (
            "US_Equity",
            "2025-10-09T08:00:00Z",
            ("US_Equity is PRE_MARKET", "opens Thu 2025-10-09 09:30 EDT", "in 5 h 30"),
        ),
        ("US_Equity", "2025-10-09T20:00:00Z", ("US_Equity is POST_MARKET", "post-market ends")),
        ("US_Equity", "2025-12-25T15:00:00Z", ("pre-market begins", "no session, holiday: Christmas")),
        ("CME_Futures", "2025-10-11T17:00:00Z", ("is CLOSED", "Sat 2025-10-11, weekend", "in 1 d 5 h")),
        ("CME_Futures", "2025-10-09T15:30:00Z", ("08:30 to Thu 2025-10-09 15:00 CDT", ", open")),
        ("CME_Futures", "2025-11-28T18:15:00Z", ("trading day, Day after Thanksgiving", "early, Day after")),
    ],
)
def test_a_session_says_what_is_special(run, market, instant, words):
    told = run("session", "--market", market, "--at", instant).stdout

    assert all(word in told for word in words)
    assert ("CME trade date" in told) == (market == "CME_Futures")


@pytest.mark.parametrize("market", PROFILES)
def test_json_has_the_fields_of_the_endpoint(run, app, market):
    told = json.loads(run("session", "--market", market, "--at", "2025-07-04T17:00:00Z", "--json").stdout)
    month = json.loads(run("calendar", "--market", market, "--month=2025-07", "--json").stdout)

    client = app.test_client()
    assert told == client.get(f"/api/session?market={market}&at=2025-07-04T17:00:00Z").json
    assert list(told) == list(client.get("/api/session").json)
    assert month == client.get(f"/api/sessions?market={market}&start=2025-07-01&end=2025-07-31").json


@needs_shared_data
@pytest.mark.parametrize("market", sorted({row["market"] for row in example_rows()}))
def test_every_worked_answer_is_given_for_lines_of_input(run, market):
    rows = [row for row in example_rows() if row["market"] == market]
    asked = "\n".join(row["at_utc"] for row in rows)

    result = run("session", "--market", market, "--at=-", input=asked)

    answers = [json.loads(line) for line in result.stdout.splitlines()]
    promised = [worked_answer(row) for row in rows]
    assert [{name: answer[name] for name in row} for answer, row in zip(answers, promised, strict=True)] == promised
    assert (result.stderr, result.exit_code) == ("", 0)


def test_each_line_of_input_has_its_line_of_output_also_a_wrong_one(run):
    lines = [b"2025-10-09T15:30:00Z", b"", b"tomorrow", b"  2025-10-09T10:30:00-05:00\r", b"2025-10-09T15:30:00"]
    lines += [b"\xff\xfe", b"1999-01-01T00:00:00Z", b"2016-12-31T23:59:60Z", b"\xef\xbb\xbf2025-10-09T15:30:00Z"]

    result = run("session", "--at=-", input=b"\n".join(lines))

    answers = [json.loads(line) for line in result.stdout.splitlines()]
    assert [answer.get("line", answer.get("current_time")) for answer in answers] == [
        "2025-10-09T15:30:00Z",
        3,
        "2025-10-09T15:30:00Z",
        5,
        6,
        7,
        8,
        "2025-10-09T15:30:00Z",
    ]
    assert [set(answer) for answer in answers if "line" in answer] == [{"line", "error"}] * 5
    assert "no offset" in answers[3]["error"]
    assert "outside the calendar" in answers[5]["error"]
    assert (result.stderr, result.exit_code) == ("error: 5 of 8 lines could not be answered\n", 2)


def test_no_input_has_no_answers(run):
    result = run("session", "--at=-", input="")

    assert (result.stdout, result.stderr, result.exit_code) == ("", "", 0)


def test_thousands_of_lines_are_answered_in_a_moment(run):
    asked = "\n".join((NOW + timedelta(minutes=7 * i)).isoformat() for i in range(3000))
    run("session", "--at=-", input="2025-10-09T15:30:00Z")

    began = time.process_time()
    result = run("session", "--at=-", input=asked)

    assert len(result.stdout.splitlines()) == 3000
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["session", "--market=Moon"], "no market is called 'Moon': known are CME_Futures"),
        (["session", "--market=';--"], "no market is called"),
        (["session", "--at="], "'' is not an ISO 8601 time"),
        (["session", "--at=2025-10-09T15:30:00"], "no offset"),
        (["session", "--at=0001-01-01T00:00:00Z"], "outside the calendar"),
        (["session", "--at=9999-12-31T23:59:59Z"], "outside the calendar"),
        (["session", "--when=now"], "No such option"),
        (["calendar", "--market=Moon"], "no market is called"),
        (["calendar", "--month="], "'' is not a month of the form YYYY-MM"),
        (["calendar", "--month=2025-13"], "not a month"),
        (["calendar", "--month=2025-00"], "not a month"),
        (["calendar", "--month=2025-1"], "not a month"),
        (["calendar", "--month=July"], "not a month"),
        (["calendar", "--month=0000-01"], "not a month"),
        (["calendar", "--month=0001-01"], "outside the calendar of CME_Futures, 2000-01-01 to"),
        (["calendar", "--month=9999-12"], "outside the calendar"),
        (["calendar", "--at=2025-10-09"], "no offset"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(run, arguments, reason):
    result = run(*arguments)

    assert (result.stdout, result.exit_code) == ("", 2)
    assert result.stderr.startswith("error: ")
    assert reason in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("month", ["2025-07", "2025-11", "2026-03"])
def test_a_month_is_shown_as_it_should_be(run, month):
    told = run("calendar", "--month", month, "--at=2026-06-01T00:00:00Z").stdout

    assert [line.rstrip() for line in told.splitlines()] == (MONTHS / f"{month}.txt").read_text().splitlines()


def test_the_present_month_is_that_of_the_markets_zone_and_today_is_marked(run):
    here = run("calendar")
    there = run("calendar", "--at=2025-12-01T03:00:00Z")

    assert "CME_Futures, November 2025, America/Chicago" in here.stdout
    assert [line.split()[4] for line in here.stdout.splitlines() if "→" in line] == ["2025-11-27"]
    assert "November 2025" in there.stdout


def test_a_month_of_stocks_has_the_hours_around_the_session(run):
    told = run("calendar", "--market=US_Equity", "--month=2025-12").stdout

    assert "Thu 2025-12-25 │ closed" in told
    assert "Pre-market trading from 04:00, post-market for 4 h after the close." in told
    assert "trade date" not in told
    assert "regular hours" not in told


def test_a_month_that_nobody_has_checked_says_so(run, app):
    checked_until = app.extensions["thor"].market.checked_until
    told = run("calendar", f"--month={checked_until.year + 1}-03").stdout

    assert f"Holidays after {checked_until} follow from rules" in told
    assert "follow from rules" not in run("calendar", "--month=2025-03").stdout


def test_both_commands_work_where_nothing_runs_and_nothing_was_ever_made(tmp_path):
    answer = run_elsewhere(tmp_path, "session", "--json")

    assert (answer.returncode, answer.stderr) == (0, "")
    assert json.loads(answer.stdout)["market"] == "CME_Futures"
    assert list(tmp_path.iterdir()) == []


def test_a_closed_standard_input_is_told_in_one_line(tmp_path):
    answer = run_elsewhere(tmp_path, "session", "--at=-", preexec_fn=lambda: os.close(0))

    assert (answer.stdout, answer.returncode) == ("", 2)
    assert answer.stderr == "error: standard input is closed: --at=- reads instants from it\n"


def run_elsewhere(folder, *arguments, **options):
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "STATE_DIR": str(folder / "none")}
    command = [sys.executable, "-m", "flask", "--app", "wsgi", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False, **options)


@pytest.fixture
def app(tmp_path):
    settings = load_settings(_env_file=None, state_dir=tmp_path / "none")
    return create_app(settings, RecordingDispatch(), FixedClock(NOW))


@pytest.fixture
def run(app):
    return lambda *arguments, **given: app.test_cli_runner().invoke(args=list(arguments), **given)

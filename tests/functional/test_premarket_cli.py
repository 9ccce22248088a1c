import json
from datetime import timedelta

import pytest

from app.premarket.reports import report_text
from tests.fakes import FixedClock
from tests.premarket_days import DAY, MARKET, OPENS, climbed


@pytest.fixture
def clock():
    return FixedClock(OPENS - timedelta(minutes=20))


@pytest.fixture
def premarket(runner):
    """Calls `flask premarket`."""
    return lambda *words: runner.invoke(args=["premarket", *words])


def test_the_ladder_is_shown_with_verdict_reasons_and_stages(rt, premarket):
    climbed(rt, ended=("comprehensive", "patterns"), verdict="DEGRADED", reasons=["ES lacks 2025-10-08"])

    answer = premarket("status")

    assert answer.exit_code == 0
    assert "open of 2025-10-09 at 08:30 America/Chicago (13:30 UTC, in 20 min)" in answer.output
    assert answer.output.index("DEGRADED") < answer.output.index("- ES lacks 2025-10-08")
    assert "05:30:00" in answer.output


@pytest.mark.parametrize(("verdict", "code"), [(None, 0), ("READY", 0), ("DEGRADED", 0), ("LATE", 3), ("MISSING", 3)])
def test_the_status_ends_with_3_where_the_report_cannot_be_used(rt, premarket, verdict, code):
    climbed(rt, verdict=verdict, reasons=["why"] if verdict else [])

    assert premarket("status", "--date=2025-10-09").exit_code == code


def test_the_status_is_json_for_programs(rt, premarket, client):
    climbed(rt)

    assert json.loads(premarket("status", "--json").output) == client.get("/api/premarket/latest").json


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("status", "--date=2025-10-11"), 2, "2025-10-11 has no ladder: CME_Futures does not trade on it (a weekend)"),
        (("report",), 2, "no ladder of CME_Futures has been planned yet"),
        (("run", "--date=2025-10-11"), 2, "a weekend"),
        (("run", "--date=2025-10-10", "--dry-run"), 2, "cannot be worked before"),
        (("status", "--market=Moon"), 2, "no market is called 'Moon'"),
        (("report", "--output=x.txt"), 2, "tables are for the terminal"),
        (("report", "--format=html", "--output=/nowhere/x.html"), 2, "there is no folder /nowhere"),
        (("status", "--colour"), 2, "No such option"),
    ],
)
def test_what_cannot_be_told_is_explained_in_one_line(premarket, words, code, said):
    answer = premarket(*words)

    assert (answer.exit_code, answer.output.count("\n")) == (code, 1), answer.output
    assert said in answer.output


def test_a_dry_run_says_what_would_be_done_and_changes_nothing(premarket, client):
    answer = premarket("run", "--dry-run")

    assert answer.exit_code == 0
    assert [line.split(":")[0].strip() for line in answer.output.splitlines()[1:]] == [
        "comprehensive",
        "patterns",
        "predictions",
        "composite",
        "report",
        "judge",
    ]
    assert client.get("/api/premarket/latest").status_code == 404


def test_a_report_that_is_made_is_not_made_again(rt, premarket):
    climbed(rt)

    answer = premarket("run", "--date=2025-10-09")

    assert answer.exit_code == 3
    assert "see `flask premarket report --date=2025-10-09 --market=CME_Futures`" in answer.output


def test_a_run_tells_each_stage_and_ends_with_the_verdict(rt, premarket, monkeypatch):
    def climb(_rt, _policy, plan, _doing, tell):
        tell("comprehensive: done")
        climbed(rt, plan.climb.day, verdict="LATE", reasons=["the report was made 5 min after its time"])
        return "LATE"

    monkeypatch.setattr("app.cli.premarket.climb_by_hand", climb)

    answer = premarket("run")

    assert (answer.exit_code, answer.output.splitlines()) == (
        3,
        ["comprehensive: done", f"{MARKET} on {DAY}: LATE", "  the report was made 5 min after its time"],
    )


def test_the_report_is_shown_as_tables(rt, premarket):
    climbed(rt, verdict="DEGRADED", reasons=["[bold]ES[/bold] lacks a day"])

    answer = premarket("report")

    assert answer.exit_code == 0
    assert "- [bold]ES[/bold] lacks a day" in answer.output
    assert "BUY 1h" in answer.output
    assert "0.012 (n = 600, p 0.001)" in answer.output
    assert "without credit for diversification" in answer.output


@pytest.mark.parametrize(("form", "begins"), [("html", "<!doctype html>"), ("csv", "path,value"), ("json", '{"asof"')])
def test_the_report_is_written_in_every_form(rt, premarket, tmp_path, form, begins):
    document, file = climbed(rt), tmp_path / f"open.{form}"

    answer = premarket("report", f"--format={form}", f"--output={file}")

    assert answer.exit_code == 0
    assert answer.output == f"Report: {file}\n"
    assert file.read_text().startswith(begins)
    assert form != "json" or file.read_text() == report_text(document)

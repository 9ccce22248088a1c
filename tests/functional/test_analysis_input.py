import re
from datetime import timedelta

import pytest

from app.export.bars import generate_bars
from app.jobs.models import Signal
from app.jobs.running import run_job
from app.jobs.service import find_job
from app.jobs.watching import RunLimits
from tests.analyses import NOW
from tests.bar_files import damage
from tests.fakes import FixedClock
from tests.lake_days import export_quotes
from tests.tick_days import sessions, steady

LIMITS = RunLimits(beat_s=0.05)
FIRST, SECOND, THIRD, FOURTH = sessions((NOW - timedelta(days=7)).date(), 4)
RANGE = {"start_date": str(FIRST.day), "end_date": str(FOURTH.day)}
BRIEF = {"permutations": 99, "horizons": ["1h"]}


@pytest.fixture
def clock():
    return FixedClock(NOW)


@pytest.fixture
def lake(rt):
    """Three sessions of ES and two of NQ, a tick every quarter of an hour."""
    for symbol, days in {"ES": (FIRST, SECOND, FOURTH), "NQ": (FIRST, SECOND)}.items():
        for place, hours in enumerate(days):
            prices = [6_700 + 0.25 * ((7 * at + place) % 23) for at in range(92)]
            quotes = steady(hours, prices, every_s=900, symbol=symbol, source="SCHWAB", contract=f"{symbol}Z25")
            export_quotes(rt.sessions, rt.lake, quotes, hours.close)
    return rt.lake


@pytest.fixture
def ask(client):
    """Asks for an analysis by HTTP."""

    def post(*symbols, **parts):
        body = {"symbols": symbols or ["ES"], "parameters": BRIEF, "kind": "single", **RANGE, **parts}
        return client.post("/api/jobs", json=body)

    return post


@pytest.fixture
def run(rt, client):
    """Runs a job that was asked for and tells what the API then says of it."""

    def on(answer):
        number = answer.json["job"]["id"]
        run_job(rt, number, LIMITS, worker="test")
        return client.get(f"/api/jobs/{number}").json

    return on


@pytest.fixture
def command(runner):
    return lambda *options: runner.invoke(args=["run-analysis", *options])


@pytest.mark.parametrize(
    ("symbols", "parts", "options", "words"),
    [
        (["ZZZ"], {}, [], "no instrument ZZZ"),
        (["ES"], {"start_date": "2025-10-08", "end_date": "2025-10-07"}, [], "the range is empty"),
        (["ES"], {"start_date": "2025-12-01", "end_date": "2025-12-02"}, [], "in the future"),
        (["ES"], {"parameters": {"permutations": 5}}, ["--param=permutations=5"], "permutations"),
        (["ES"], {"parameters": {"equity": "much"}}, ["--param=equity=much"], "equity"),
        (["ES"], {"parameters": {"speed": 5}}, ["--param=speed=5"], "speed"),
        (["ES"], {"parameters": {"fallback": "maybe"}}, ["--param=fallback=maybe"], "fallback"),
    ],
)
def test_what_cannot_be_asked_is_refused_at_once_by_both_ways(ask, command, dispatch, symbols, parts, options, words):
    told = {**RANGE, **parts}

    answer = ask(*symbols, **parts)
    result = command(
        f"--symbols={symbols[0]}", f"--start-date={told['start_date']}", f"--end-date={told['end_date']}", *options
    )

    assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")
    assert words in answer.json["detail"]
    assert (result.exit_code, result.stdout) == (2, "")
    assert words in result.stderr
    assert dispatch.sent == []


def test_a_range_without_any_file_fails_and_says_what_to_do(ask, run, command, lake):
    job = run(ask("CL"))
    result = command("--symbols=CL", "--kind=single", f"--start-date={FIRST.day}", f"--end-date={FOURTH.day}")

    assert (job["status"], job["progress"] < 1) == ("failed", True)
    assert f"no ticks of CL from {FIRST.day} to {FOURTH.day}" in job["error"]
    assert "flask backfill-parquet" in job["error"]
    assert result.exit_code == 1
    assert "Analysis failed (the lake has no ticks of CL" in result.stdout


def test_a_source_without_ticks_fails_and_names_those_there_are(ask, run, lake):
    job = run(ask(parameters={**BRIEF, "source": "EXCEL"}))

    assert job["status"] == "failed"
    assert job["error"] == "EXCEL has no ticks of ES in that range: there are those of SCHWAB"


def test_a_day_without_a_file_is_named_in_the_quality(ask, run, client, lake):
    job = run(ask())

    document = client.get(f"/api/jobs/{job['id']}/results").json
    quality = document["symbols"]["ES"]["quality"]
    assert job["status"] == "done"
    assert any(str(THIRD.day) in reason for reason in quality["reasons"])
    assert [row["day"] for row in quality["by_session"] if not row["rows"]] == [str(THIRD.day)]


def test_a_damaged_file_fails_its_job_by_symbol_and_day_and_no_other(ask, run, lake):
    path = lake.ticks_file(SECOND.day, "ES")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)

    broken, other = run(ask()), run(ask("NQ"))

    assert (broken["status"], other["status"]) == ("failed", "done")
    assert f"the ticks of ES on {SECOND.day} is" in broken["error"]
    assert str(lake.root) not in broken["error"]


@pytest.mark.parametrize("kind", ["single", "multi", "series", "prediction", "full"])
def test_every_kind_is_done_and_has_its_results_in_every_form(ask, run, client, rt, lake, kind):
    job = run(ask("ES", "NQ", kind=kind))

    answers = [client.get(f"/api/jobs/{job['id']}/results?format={form}") for form in ("json", "csv", "xlsx", "html")]
    with rt.sessions() as session:
        signals = session.query(Signal).count()
        resources = find_job(session, job["id"]).resources
    assert (job["status"], job["error"]) == ("done", None)
    assert [answer.status_code for answer in answers] == [200] * 4
    assert signals == (2 if kind in ("prediction", "full") else 0)
    assert resources["ticks"] == 92 * 5


def test_the_command_says_of_a_kind_that_predicts_nothing_no_recommendation(command, lake):
    result = command("--symbols=ES", "--kind=single", f"--start-date={FIRST.day}", f"--end-date={FOURTH.day}")

    assert result.exit_code == 0, result.output
    assert "Recommendation" not in result.stdout
    assert "Data quality: reject" in result.stdout


def test_a_damaged_day_ends_an_analysis_unless_its_bars_may_stand_in(ask, run, rt, client, lake):
    generate_bars(rt.sessions, lake, rt.markets, SECOND.day, NOW)
    damage(lake.ticks_file(SECOND.day, "ES"))

    refused = run(ask(parameters=BRIEF))
    done = run(ask(parameters={**BRIEF, "fallback": True}))

    found = client.get(f"/api/jobs/{done['id']}/results").json
    assert (refused["status"], done["status"]) == ("failed", "done")
    assert f"ES on {SECOND.day} is not the one that was recorded" in refused["error"]
    assert (found["inputs"]["ES"]["from_bars"], found["inputs"]["ES"]["left_out"]) == ([str(SECOND.day)], [])
    assert found["inputs"]["ES"]["ticks"] == 3 * 92


def test_a_day_whose_bars_are_damaged_too_is_left_out_and_named_in_the_report(rt, command, lake, tmp_path):
    generate_bars(rt.sessions, lake, rt.markets, SECOND.day, NOW)
    damage(lake.ticks_file(SECOND.day, "ES"))
    damage(lake.bars_file(SECOND.day, "ES", "1m"))
    report = tmp_path / "es.html"

    result = command(
        "--symbols=ES", "--kind=single", f"--start-date={FIRST.day}", f"--end-date={FOURTH.day}",
        "--param=permutations=99", "--param=fallback=true", f"--report={report}",
    )  # fmt: skip

    assert result.exit_code == 0, result.output
    assert f"were damaged or lost and left out: {SECOND.day}" in result.output
    assert re.search(rf"Left out</th><td[^>]*>{SECOND.day}<", report.read_text())

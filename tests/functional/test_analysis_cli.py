"""`flask run-analysis` on a small made lake: once with the analysis itself, else with one that goes through steps."""

import random
import re
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from app.errors import Conflict
from app.jobs.claims import LOST_AFTER, claim_job
from app.jobs.models import AnalysisJob, AnalysisResult
from app.jobs.service import find_job
from app.jobs.watching import Ending, Stopped
from tests.analyses import NOW, SteppedAnalysis, ask
from tests.fakes import FixedClock
from tests.lake_days import export_quotes
from tests.tick_days import sessions as session_hours
from tests.tick_days import steady

RANGE = ["--symbols=ES", "--start-date=2025-10-06", "--end-date=2025-10-08"]
FIRST = date(2025, 10, 6)
MINUTES = 1_380


@pytest.fixture
def clock():
    return FixedClock(NOW)


@pytest.fixture
def run(runner):
    return lambda *arguments: runner.invoke(args=["run-analysis", *arguments])


@pytest.fixture
def lake_days(rt):
    """Two sessions of ES with a trade a minute at a price that moves by chance; the one between has no file."""
    draw, price = random.Random(3), 6_700.0
    for hours in session_hours(FIRST, 3)[::2]:
        prices = [price := price + 0.25 * draw.choice((-2, -1, 1, 2)) for _ in range(MINUTES)]
        export_quotes(rt.sessions, rt.lake, steady(hours, prices))


@pytest.fixture
def stepped(monkeypatch):
    """Puts an analysis in the place of the real one; `at` is called in each of its steps."""

    def put(at=lambda _step: None):
        monkeypatch.setattr("app.analysis.engine.analyse", SteppedAnalysis(at))

    put()
    return put


def test_an_analysis_tells_its_stages_its_figures_and_what_they_rest_on(run, rt, lake_days, tmp_path):
    report = tmp_path / "es.html"

    result = run(*RANGE, f"--report={report}")

    lines = result.output.splitlines()
    assert (result.exit_code, result.stderr) == (0, "")
    assert lines[:4] == [
        f"Starting analysis for ES (full, 2025-10-06 to 2025-10-08), job {number(rt)}...",
        "Loading data: 2,760 ticks from 2025-10-06 to 2025-10-08",
        "Data processing: Converting to 1-minute bars",
        "Data quality: Checking sessions, prices and gaps",
    ]
    told = "\n".join(lines)
    assert "Pattern analysis: Detecting trends and support/resistance levels\nStatistical analysis: " in told
    assert re.search(r"^  Trend Score: -?\d\.\d\d \(\w+( \w+)?, n = \d+, p = \d\.\d{3}", told, re.MULTILINE)
    assert "  Volatility: n/a (n = 2, insufficient data, 2 usable sessions of 3 that are over, 5 are needed)" in lines
    assert re.search(r"^  Pattern Strength: n/a \(n = \d+, insufficient data, ", told, re.MULTILINE)
    assert re.search(r"^  Recommendation: HOLD \(Confidence: 0\.50, n = 0\): .+", told, re.MULTILINE)
    assert re.search(r"^  Data quality: \w+ \(1 of 3 sessions have no ticks of REPLAY: 2025-10-07", told, re.MULTILINE)
    assert re.fullmatch(rf"Analysis completed in \d+\.\d seconds, job {number(rt)}", lines[-1])
    assert "HOLD" in report.read_text()
    assert count(rt, AnalysisResult) == 2


def test_a_dry_run_tells_what_there_is_and_stores_nothing(run, rt, lake_days):
    result = run(*RANGE, "--dry-run")

    assert result.exit_code == 0
    assert result.output.splitlines() == [
        "Dry run: ES (full, 2025-10-06 to 2025-10-08)",
        "  ES: 2,760 ticks in 2 of 3 sessions, 2025-10-06 to 2025-10-08",
        "    no ticks in the lake: 2025-10-07",
        "  time: unknown, as no such analysis of about as many ticks has run here yet",
        "Nothing was run or stored.",
    ]
    assert count(rt, AnalysisJob) == 0


def test_a_dry_run_knows_how_long_it_takes_once_the_like_was_done(run, rt, lake_days, stepped):
    run(*RANGE)
    with rt.sessions.begin() as session:
        session.scalars(select(AnalysisJob)).one().resources = {"ticks": 5_000, "wall_s": 20.0}

    result = run(*RANGE, "--dry-run")

    assert "  time: about 11 s" in result.output.splitlines()


def test_a_job_that_waits_is_run_by_its_number_once(run, rt, stepped):
    waiting = ask(rt, "ES", "NQ")

    described = run(f"--job-id={waiting}", "--dry-run")
    done = run(f"--job-id={waiting}")
    again = run(f"--job-id={waiting}")

    assert (described.exit_code, done.exit_code, again.exit_code) == (0, 0, 3)
    assert described.output.startswith(f"Dry run: job {waiting}, ES, NQ (full, 2025-09-09 to 2025-10-09), now pending")
    assert done.output.splitlines()[1] == "Loading data: 0 ticks (there is no file in the range)"
    assert again.output == f"error: job {waiting} is done: it is run once; ask anew with --symbols\n"


def test_without_anything_all_that_wait_are_run_and_one_that_fails_is_told(run, rt, stepped):
    first, second, third = ask(rt, "ES"), ask(rt, "NQ"), ask(rt, "CL")
    steps = iter(range(100))

    def fail_in_the_second(_step):
        if next(steps) == 4:
            raise Conflict("the file of NQ on 2025-10-08 is damaged")

    stepped(fail_in_the_second)

    result = run()

    assert result.exit_code == 1
    assert [line for line in result.stdout.splitlines() if line.startswith("Starting")] == [
        f"Starting analysis for {symbol} (full, 2025-09-09 to 2025-10-09), job {job}..."
        for symbol, job in (("ES", first), ("NQ", second), ("CL", third))
    ]
    assert f"Analysis failed (the file of NQ on 2025-10-08 is damaged), job {second}" in result.stdout
    assert result.stderr == f"error: 1 of 3 analyses failed: job {second}\n"
    assert [status(rt, job) for job in (first, second, third)] == ["done", "failed", "done"]


def test_all_that_wait_may_be_none_or_only_described(run, rt):
    none = run()
    waiting = ask(rt, "ES")

    described = run("--dry-run")

    assert (none.exit_code, none.output) == (
        0,
        "No analysis is waiting. Ask for one with --symbols=ES, in the admin, or by POST /api/jobs.\n",
    )
    assert described.output.startswith(f"Dry run: job {waiting}, ES ")
    assert status(rt, waiting) == "pending"


def test_an_empty_range_fails_with_advice(run, rt):
    result = run("--symbols=ES")

    assert result.exit_code == 1
    assert "Analysis failed (the lake has no ticks of ES from 2025-09-09 to 2025-10-09: see `flask lake`" in (
        result.output
    )
    assert status(rt, number(rt)) == "failed"


def test_a_question_that_a_worker_is_at_is_refused(run, rt, stepped):
    job_id = taken(rt)

    by_question, by_number = run("--symbols=ES"), run(f"--job-id={job_id}")

    for result in (by_question, by_number):
        assert result.exit_code == 3
        assert result.output == f"error: job {job_id} cannot be run here: it is running (0%) by worker@desk\n"
    assert count(rt, AnalysisJob) == 1


def test_a_job_whose_worker_is_lost_is_taken_up(run, rt, clock, stepped):
    job_id = taken(rt)
    clock.advance(LOST_AFTER + timedelta(seconds=1))

    result = run("--symbols=ES")

    assert (result.exit_code, status(rt, job_id)) == (0, "done")
    assert count(rt, AnalysisJob) == 1


def test_a_job_that_is_cancelled_on_the_way_has_no_findings(run, rt, stepped):
    def end(_step):
        raise Stopped(Ending("cancelled"))

    stepped(end)
    waiting = ask(rt, "ES")

    result = run(f"--job-id={waiting}")

    assert (result.exit_code, result.output.splitlines()[-1]) == (1, f"Analysis cancelled, job {waiting}")
    assert count(rt, AnalysisResult) == 0


@pytest.mark.parametrize("ours", [True, False], ids=["asked for here", "asked for by somebody else"])
def test_who_interrupts_takes_back_what_was_asked_for_here(run, rt, stepped, ours):
    def interrupt(_step):
        raise KeyboardInterrupt

    stepped(interrupt)
    if not ours:
        ask(rt, "ES")

    result = run("--symbols=ES")

    with rt.sessions() as session:
        job = session.scalars(select(AnalysisJob)).one()
    assert (result.exit_code, job.cancel_asked_at is not None) == (130, ours)
    assert (f"Interrupted: job {job.id} is cancelled" in result.output) == ours


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--symbols="], "symbols"),
        (["--symbols=AAPL"], "there is no instrument AAPL"),
        (["--symbols=ES", "--timeframe=soon"], "'soon' is no length of time"),
        (["--symbols=ES", "--timeframe=30days", "--start-date=2025-10-01"], "not both"),
        (["--symbols=ES", "--start-date=2025-10-09", "--end-date=2025-10-01"], "the range is empty"),
        (["--symbols=ES", "--start-date=9.10.2025"], "is not a date"),
        (["--symbols=ES", "--at=2025-10-09"], "'2025-10-09' has no offset"),
        (["--symbols=ES", "--at=2035-10-09T12:00:00Z"], "in the future"),
        (["--symbols=ES", "--kind=deep"], "'deep' is not one of 'full', 'single', 'multi', 'series', 'prediction'"),
        (["--symbols=ES", "--param=equity"], "'equity' is no parameter"),
        (["--symbols=ES", "--param=equity=-1"], "parameters.equity: Input should be greater than 0"),
        (["--symbols=ES", "--param=luck=1"], "parameters.luck"),
        (["--symbols=ES", "--param=horizons=5m,2h"], "parameters.horizons.1"),
        (["--symbols=ES", "--job-id=1"], "either a job's number or symbols"),
        (["--timeframe=30days"], "name the symbols"),
        (["--job-id=1", "--kind=single"], "name the symbols"),
        (["--job-id=0"], "0 is not in the range"),
        (["--job-id=4711"], "there is no job 4711"),
        (["--job-id=4711", "--dry-run"], "there is no job 4711"),
        (["--symbols=ES", "--report=missing/es.html"], "there is no folder"),
        (["--symbols=ES", "--report=es.html", "--dry-run"], "a dry run finds nothing to report"),
        (["--report=es.html"], "a report is written of one job"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_a_line_and_nothing_is_stored(run, rt, options, words):
    result = run(*options)

    assert (result.exit_code, result.stdout) == (2, "")
    assert (words in result.stderr, result.stderr.count("\n")) == (True, 1)
    assert count(rt, AnalysisJob) == 0


def taken(rt):
    """The number of a job that a worker is at."""
    job_id = ask(rt, "ES")
    with rt.sessions.begin() as session:
        claim_job(session, job_id, "worker@desk", rt.clock.now())
    return job_id


def number(rt):
    """The number of the only job."""
    with rt.sessions() as session:
        return session.scalars(select(AnalysisJob.id)).one()


def status(rt, job_id):
    """How a job stands."""
    with rt.sessions() as session:
        return find_job(session, job_id).status


def count(rt, table):
    """How many rows there are."""
    with rt.sessions() as session:
        return session.scalar(select(func.count()).select_from(table))

"""Analyses as the command line runs them: a line for each stage, and what came of it in the end."""

import os
import socket
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from app.analysis.inputs import SymbolInput
from app.analysis.question import Question
from app.cli.analysis_text import portfolio_lines, symbol_lines
from app.cli.console import EXIT_FAILED, console, fail
from app.errors import Conflict, Rejected, Unavailable
from app.instruments.store import list_instruments
from app.jobs.estimating import Estimate, SymbolPlan, estimate, plan_of
from app.jobs.inputs import find_inputs
from app.jobs.models import AnalysisJob
from app.jobs.preferences import filled_in
from app.jobs.requests import JobRequest, understand
from app.jobs.running import question_of, run_job
from app.jobs.service import FINISHED, UNFINISHED, cancel, document_of, find_job, list_jobs, submit
from app.local import background
from app.runtime import Runtime

Say = Callable[[str, float], None]
_STAGES: Mapping[str, str] = {
    "Loading data": "Data processing: Converting to 1-minute bars",
    "Data quality": "Data quality: Checking sessions, prices and gaps",
    "Pattern analysis": "Pattern analysis: Detecting trends and support/resistance levels",
    "Statistical analysis": "Statistical analysis: Computing volatility and correlation metrics",
    "Prediction": "Prediction: Learning and testing directions out of sample",
    "Portfolio": "Portfolio: Comparing symbols",
}


def run_request(rt: Runtime, asked: Mapping[str, Any], report: Path | None) -> None:
    """Make a job of a request, run it here and print what it found, as `run_number` does.

    The unfinished job for the same question is run instead where there is one; Conflict when another process is at it.
    """
    request = parse_request(asked)
    with rt.sessions.begin() as session:
        found = submit(session, rt.market, request, rt.clock.now(), requested_by="cli")
    try:
        run_number(rt, found.job.id, report)
    except KeyboardInterrupt:
        if found.created:
            _take_back(rt, found.job.id)
        raise


def run_number(rt: Runtime, job_id: int, report: Path | None) -> None:
    """Run a job that waits, or whose worker is lost, and print what it found; exits with 1 when it fails.

    NotFound when there is no such job, Conflict when it is finished or another process is at it.
    """
    if not _run(rt, job_id, report):
        sys.exit(EXIT_FAILED)


def run_waiting(rt: Runtime, report: Path | None, *, dry_run: bool) -> None:
    """Run all jobs that wait, the oldest first; one that fails keeps no other from being run. Exits with 1 then."""
    if report is not None:
        raise Rejected("a report is written of one job: name it with --job-id, or ask with --symbols")
    with rt.sessions() as session:
        waiting = sorted(job.id for job in list_jobs(session, status="pending", limit=1_000))
    if not waiting:
        _say("No analysis is waiting. Ask for one with --symbols=ES, in the admin, or by POST /api/jobs.")
        return
    if dry_run:
        for job_id in waiting:
            describe_job(rt, job_id)
        return
    if failed := [job_id for job_id in waiting if not _run(rt, job_id, None)]:
        fail(f"{len(failed)} of {len(waiting)} analyses failed: job {', '.join(map(str, failed))}", EXIT_FAILED)


def describe_request(rt: Runtime, asked: Mapping[str, Any]) -> None:
    """Check a request and print what it would read; nothing is stored."""
    request, now = parse_request(asked), rt.clock.now()
    with rt.sessions() as session:
        known = {row.symbol for row in list_instruments(session)}
        question = understand(request, filled_in(session, request.parameters), known, rt.market, now).question
        plan = estimate(session, find_inputs(session, rt, question, request.asof or now), question.kind)
    _say(f"Dry run: {_title(question)}")
    _describe(plan)


def describe_job(rt: Runtime, job_id: int) -> None:
    """Print what a job would read."""
    with rt.sessions() as session:
        job = find_job(session, job_id)
        question = question_of(job)
        plan = estimate(session, find_inputs(session, rt, question, job.asof or rt.clock.now()), question.kind)
    _say(f"Dry run: job {job.id}, {_title(question)}, now {job.status}")
    _describe(plan)


def parse_request(asked: Mapping[str, Any]) -> JobRequest:
    """The request, within its bounds; Rejected with every problem in one line."""
    try:
        return JobRequest.model_validate(asked)
    except ValidationError as error:
        problems = (f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors(include_input=False))
        raise Rejected("; ".join(problems)) from None


def _run(rt: Runtime, job_id: int, report: Path | None) -> bool:
    began = time.monotonic()
    with rt.sessions() as session:
        if (job := find_job(session, job_id)).status in FINISHED:
            raise Conflict(f"job {job_id} is {job.status}{_because(job)}: it is run once; ask anew with --symbols")
    background.go_to_background()
    worker = f"run-analysis {os.getpid()}@{socket.gethostname()}"
    outcome = run_job(
        rt, job_id, rt.run_limits, worker=worker, cache=rt.analysis_cache, analyse=partial(_analyse, job_id)
    )
    if outcome == "left":
        raise Unavailable(f"PostgreSQL went away: job {job_id} is run again by the workers")
    with rt.sessions() as session:
        job = find_job(session, job_id)
        if outcome in ("not taken", "lost"):
            raise Conflict(f"job {job.id} cannot be run here: it is {job.status}{_because(job)}")
        if outcome != "done":
            _say(f"Analysis {job.status}{_because(job)}, job {job.id}")
            return False
        document = document_of(session, job_id)
    _print(document)
    if report is not None:
        _write(report, document)
    _say(f"Analysis completed in {time.monotonic() - began:.1f} seconds, job {job.id}")
    return True


def _take_back(rt: Runtime, job_id: int) -> None:
    # Nobody shows life for it any more, so that the next tick ends it.
    with rt.sessions.begin() as session:
        if find_job(session, job_id).status in UNFINISHED:
            cancel(session, job_id, rt.clock.now())
    _say(f"Interrupted: job {job_id} is cancelled")


class _Stages:
    """Prints each stage when it begins, once for all symbols."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    def hear(self, stage: str) -> None:
        """Print the line of a stage that has not been printed yet."""
        name = stage.partition(":")[0]
        if name not in self._told and name in _STAGES:
            self._told.add(name)
            _say(_STAGES[name])


def _analyse(job_id: int, question: Question, inputs: Sequence[SymbolInput], *args: Any, say: Say, **told: Any) -> Any:
    _say(f"Starting analysis for {_title(question)}, job {job_id}...")
    plans = [plan_of(wanted) for wanted in inputs]
    _say(f"Loading data: {sum(plan.rows for plan in plans):,} ticks {_span(plans)}")
    from app.analysis.engine import analyse

    stages = _Stages()

    def both(stage: str, fraction: float) -> None:
        say(stage, fraction)
        stages.hear(stage)

    return analyse(question, inputs, *args, say=both, **told)


def _print(document: Mapping[str, Any]) -> None:
    for symbol, tree in document["symbols"].items():
        _say(*symbol_lines(symbol, tree))
    if len(document["symbols"]) > 1:
        _say(*portfolio_lines(document["portfolio"]))


def _write(report: Path, document: Mapping[str, Any]) -> None:
    from app.reports.html import html_report

    try:
        report.write_text(html_report(document), encoding="utf-8")
    except OSError as error:
        raise Unavailable(f"the report cannot be written to {report}: {error.strerror}") from None
    _say(f"Report: {report}")


def _describe(plan: Estimate) -> None:
    for one in plan.symbols:
        span = f", {one.first} to {one.last}" if one.first else ""
        _say(f"  {one.symbol}: {one.rows:,} ticks in {one.files} of {one.sessions} sessions{span}")
        if one.holes:
            more = f" and {len(one.holes) - 5} more" if len(one.holes) > 5 else ""
            _say(f"    no ticks in the lake: {', '.join(map(str, one.holes[:5]))}{more}")
    unknown = "unknown, as no such analysis of about as many ticks has run here yet"
    took = unknown if plan.seconds is None else f"about {max(plan.seconds, 1):.0f} s"
    _say(f"  time: {took}", "Nothing was run or stored.")


def _title(question: Question) -> str:
    return f"{', '.join(question.symbols)} ({question.kind}, {question.start} to {question.end})"


def _span(plans: Sequence[SymbolPlan]) -> str:
    days = [day for one in plans for day in (one.first, one.last) if day is not None]
    return f"from {min(days)} to {max(days)}" if days else "(there is no file in the range)"


def _because(job: AnalysisJob) -> str:
    if job.status == "running":
        return f" ({job.progress:.0%}) by {job.worker}"
    return f" ({job.error})" if job.error else ""


def _say(*lines: str) -> None:
    for line in lines:
        console.print(line, markup=False)

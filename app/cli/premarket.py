"""The commands about the ladder before the open: how it stands, working it by hand, and its report."""

import json
import os
import socket
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

import click

from app.cli.console import EXIT_REFUSED, command, console
from app.cli.dead_letters import OneLineGroup
from app.clock import parse_day
from app.errors import Conflict, NotFound, Rejected, Unavailable
from app.jobs.service import document_of
from app.operations.premarket.by_hand import Doing, climb_by_hand
from app.operations.premarket.hand_plan import describe_steps, plan_by_hand
from app.operations.premarket.looking import KeptReport, kept_report, ladder_record, market_meant
from app.runtime import Runtime, runtime

# A report that cannot be relied on at the open: whoever waits for it in a script wants to know.
_UNUSABLE = ("LATE", "MISSING")

market_option = click.option("--market", "name", metavar="NAME", help="A market with a ladder (default: the desk's).")
day_option = click.option("--date", "day", metavar="YYYY-MM-DD", help="A trading day (default: the ladder at hand).")


@command("status")
@day_option
@market_option
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def status(day: str | None, name: str | None, as_json: bool) -> None:
    """Show the ladder at hand: its verdict with the reasons, and what became of each stage.

    The ladder at hand is the one that began last, until the next one begins. Ends with 3 when the verdict is LATE or
    MISSING, with 2 when the day has no ladder, and says why.

    \b
    flask premarket status
    flask premarket status --date=2026-11-25 --json
    """
    from app.cli.premarket_text import ladder_lines

    rt = runtime()
    told = ladder_record(rt, rt.premarket_policy, market_meant(rt, rt.premarket_policy, name), _day(day))
    if as_json:
        click.echo(json.dumps(told, indent=2))
    else:
        for line in ladder_lines(told, rt.markets.named(told["market"]).timezone):
            console.print(line)
    sys.exit(EXIT_REFUSED if told["verdict"] in _UNUSABLE else 0)


@command("run")
@day_option
@market_option
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
def run(day: str | None, name: str | None, dry_run: bool) -> None:
    """Work the rest of a day's ladder now, in this process, stage by stage.

    By default that of the day whose session runs or was the last. Of a day that is past each stage sees what was known
    when it was planned. The workers leave the ladder alone meanwhile; what was begun is gone on with. Ends with 3 when
    the report is made already, and when the verdict is LATE or MISSING.

    \b
    flask premarket run --dry-run
    flask premarket run --date=2026-11-25
    """
    rt, market = runtime(), market_meant(runtime(), runtime().premarket_policy, name)
    plan = plan_by_hand(rt, rt.premarket_policy, market, _day(day))
    if dry_run:
        console.print(f"Dry run: {market}, before the open of {plan.climb.day} at {plan.climb.opens_at:%H:%M} UTC")
        for line in describe_steps(plan):
            console.print(f"  {line}", markup=False)
        return
    verdict = climb_by_hand(rt, rt.premarket_policy, plan, Doing(run=run_here(rt, "premarket-run")), _tell)
    told = ladder_record(rt, rt.premarket_policy, market, plan.climb.day)
    _tell(f"{market} on {plan.climb.day}: {verdict or 'no verdict yet'}")
    for reason in told["reasons"]:
        _tell(f"  {reason}")
    sys.exit(EXIT_REFUSED if verdict in _UNUSABLE else 0)


@command("report")
@day_option
@market_option
@click.option("--format", "form", type=click.Choice(("text", "html", "csv", "json")), default="text", show_default=True)
@click.option("--output", metavar="FILE", type=click.Path(path_type=Path), help="Write it to a file.")
def report(day: str | None, name: str | None, form: str, output: Path | None) -> None:
    """Show the report before the open, as tables or in a form to keep.

    Ends with 2 when it is not made, and says why.

    \b
    flask premarket report
    flask premarket report --date=2026-11-25 --format=html --output=open.html
    """
    rt = runtime()
    _check_output(form, output)
    kept = kept_report(rt, rt.premarket_policy, market_meant(rt, rt.premarket_policy, name), _day(day))
    if form == "text":
        from app.cli.premarket_text import report_lines

        for line in report_lines(kept.document, kept.standing):
            console.print(line)
    else:
        _hand_out(_written(rt, form, kept), output)


def run_here(rt: Runtime, name: str) -> Callable[[int], str]:
    """Works on an analysis in this process, under a name and the process's number."""

    def run_one(job_id: int) -> str:
        # The numeric libraries take two seconds to load, which everything else does without.
        from app.jobs.running import run_job

        worker = f"{name} {os.getpid()}@{socket.gethostname()}"
        return run_job(rt, job_id, rt.run_limits, worker=worker, cache=rt.analysis_cache)

    return run_one


def _day(text: str | None) -> date | None:
    return None if text is None else parse_day(text)


def _tell(text: str) -> None:
    console.print(text, markup=False)


def _check_output(form: str, output: Path | None) -> None:
    if output is None:
        return
    if form == "text":
        raise Rejected("tables are for the terminal: give --format=html, csv or json with --output")
    if not output.absolute().parent.is_dir():
        raise Rejected(f"there is no folder {output.absolute().parent} for the report")


def _written(rt: Runtime, form: str, kept: KeptReport) -> str:
    if form == "json":
        return kept.text
    from app.reports.premarket import premarket_csv
    from app.reports.premarket_page import premarket_html

    if form == "csv":
        return premarket_csv(kept.document)
    try:
        with rt.sessions() as session:
            analysis = None if kept.job_id is None else document_of(session, kept.job_id)
    except (NotFound, Conflict):
        analysis = None
    return premarket_html(kept.document, analysis, kept.standing)


def _hand_out(text: str, output: Path | None) -> None:
    if output is None:
        click.echo(text)
        return
    try:
        # The ends of lines are those of the form, on every system.
        output.write_bytes(text.encode())
    except OSError as error:
        raise Unavailable(f"the report cannot be written to {output}: {error.strerror}") from None
    _tell(f"Report: {output}")


@click.group("premarket", cls=OneLineGroup, commands=(status, run, report))
def premarket() -> None:
    """What leads up to the open: how it stands, its report, and working it by hand.

    \b
    flask premarket status
    flask premarket report
    flask premarket run --dry-run
    """


COMMANDS = (premarket,)

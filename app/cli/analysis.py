"""The command that runs analyses: a job by number, a question of its own, or whatever waits."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import click
from pydantic import TypeAdapter, ValidationError

from app.analysis.question import KINDS, Parameters
from app.cli.console import command
from app.clock import parse_day, parse_instant
from app.errors import Rejected
from app.runtime import runtime


@command("run-analysis")
@click.option("--job-id", type=click.IntRange(1), metavar="NUMBER", help="Run this job, which waits or was lost.")
@click.option("--symbols", metavar="ES,NQ", help="Ask about these symbols and run it.")
@click.option("--timeframe", metavar="30days", help="How far back, such as 6weeks or 1year (default: 30days).")
@click.option("--start-date", metavar="YYYY-MM-DD", help="First trading day, instead of a timeframe.")
@click.option("--end-date", metavar="YYYY-MM-DD", help="Last trading day, included (default: the present one).")
@click.option("--kind", type=click.Choice(KINDS), help="Which parts to work out (default: full).")
@click.option("--param", "parameters", multiple=True, metavar="NAME=VALUE", help="A parameter, such as equity=50000.")
@click.option(
    "--at", "asof", metavar="INSTANT", help="Use what was known at this instant, such as 2025-10-09T12:30:00Z."
)
@click.option("--report", metavar="FILE.html", type=click.Path(path_type=Path), help="Also write the report.")
@click.option("--dry-run", is_flag=True, help="Say what would be read and for how long; run and store nothing.")
def run_analysis(job_id: int | None, report: Path | None, dry_run: bool, **asked: Any) -> None:
    """Run analyses in this process and print what they found.

    With --symbols a job is made and run; with --job-id one that waits; without both all that wait, one after the other.
    Every figure comes with the n behind it. Where there is too little data there is no figure, and the reason; a
    recommendation is HOLD unless a prediction proved itself out of sample and covers its cost.

    \b
    flask run-analysis --symbols=ES,YM,NQ --timeframe=30days
    flask run-analysis --symbols=ES --start-date=2025-10-01 --end-date=2025-10-09 --report=es.html
    flask run-analysis --job-id=123 --dry-run
    flask run-analysis
    """
    # The numeric libraries take two seconds to load, which --help does without.
    from app.cli.analysis_run import describe_job, describe_request, run_number, run_request, run_waiting

    rt, given = runtime(), {name: value for name, value in asked.items() if value not in (None, ())}
    _check_report(report, dry_run)
    if "symbols" in given:
        if job_id is not None:
            raise Rejected("give either a job's number or symbols, not both")
        request = {name: _READERS.get(name, str)(value) for name, value in given.items()}
        if dry_run:
            describe_request(rt, request)
        else:
            run_request(rt, request, report)
    elif given:
        raise Rejected("name the symbols that are asked about, such as --symbols=ES,NQ; a job runs as it was asked for")
    elif job_id is None:
        run_waiting(rt, report, dry_run=dry_run)
    elif dry_run:
        describe_job(rt, job_id)
    else:
        run_number(rt, job_id, report)


def _check_report(report: Path | None, dry_run: bool) -> None:
    # Before minutes of work, not after them.
    if report is not None and dry_run:
        raise Rejected("a dry run finds nothing to report: leave out --report")
    if report is not None and not report.absolute().parent.is_dir():
        raise Rejected(f"there is no folder {report.absolute().parent} for the report")


def _parameter(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise Rejected(f"{text[:40]!r} is no parameter: write it as NAME=VALUE, such as equity=50000")
    parts = [part.strip() for part in value.split(",")]
    return name.strip(), parts if name.strip() == "horizons" else _read_value(name.strip(), value.strip())


def _read_value(name: str, text: str) -> Any:
    # Parameters take no text for a number, since JSON has numbers; a command line has text alone.
    field = Parameters.model_fields.get(name)
    try:
        return TypeAdapter(field.annotation).validate_python(text) if field and field.annotation else text
    except ValidationError:
        return text


_READERS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "symbols": lambda text: tuple(part.strip() for part in text.split(",") if part.strip()),
    "start_date": parse_day,
    "end_date": parse_day,
    "asof": parse_instant,
    "parameters": lambda texts: dict(_parameter(text) for text in texts),
}


COMMANDS = (run_analysis,)

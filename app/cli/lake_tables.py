"""The lake as tables and lines of the command line."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

import click
from rich.table import Table
from rich.text import Text

from app.cli.console import EXIT_FAILED, EXIT_REFUSED, console, progress
from app.cli.wording import counted, size_text
from app.operations.lake_catalog import Page, Partition
from app.operations.lake_checks import PROBLEMS, Finding

if TYPE_CHECKING:
    from app.export.purging import DayPurge

_HASH_SHOWN: Final = 12


def print_page(page: Page) -> None:
    """A line for each partition, and the totals."""
    if page.partitions:
        table = Table("day", "symbol", "kind", "rows", "first", "last", "size", "sha256", "state", "detail")
        for partition in page.partitions:
            table.add_row(*map(Text, _cells(partition)))
        console.print(table)
    totals = page.totals
    _say(
        f"{counted(totals.files, 'file')} of {counted(totals.days, 'day')}, {totals.rows:,} rows, "
        f"{size_text(totals.bytes)}; {totals.missing:,} missing"
    )
    if page.after:
        _say("There are more: ask for fewer days, or give a higher --limit")


def finding_form(findings: Sequence[Finding], files: int) -> dict[str, object]:
    """What a verification found, as plain values."""
    counts = Counter(finding.problem for finding in findings)
    problems = [
        {"path": finding.path, "problem": finding.problem, "detail": finding.detail}
        for finding in findings
        if finding.problem
    ]
    return {"files": files, "sound": counts[None], **{name: counts[name] for name in PROBLEMS}, "problems": problems}


def print_findings(findings: Sequence[Finding], files: int) -> None:
    """A line on standard error for each problem, and what came of it all."""
    counts = Counter(finding.problem for finding in findings)
    for finding in findings:
        if finding.problem:
            click.echo(f"{finding.problem.upper()} {finding.path}: {finding.detail}", err=True)
    size = sum(finding.bytes for finding in findings if not finding.problem)
    found = ", ".join(f"{counts[name]:,} {name}" for name in PROBLEMS)
    _say(f"Verified {counted(files, 'file')}: {counts[None]:,} sound ({size_text(size)} read), {found}")


def print_purges(purges: Iterable["DayPurge"], days: int, *, dry_run: bool) -> int:
    """A line for each day as it ends, and what came of it all; the exit code that belongs to it."""
    done = []
    for purge in progress(purges, "Purging", total=days):
        done.append(purge)
        line = f"{purge.day}: {_outcome(purge, dry_run=dry_run)}"
        click.echo(line, err=True) if purge.reason else _say(line)
    counts = Counter(purge.state.value for purge in done)
    ticks = sum(purge.ticks for purge in done if not purge.reason)
    verb = "Would drop" if dry_run else "Dropped"
    gone = counts["purged"] + counts["merged"]
    left = "".join(f", {counts[name]:,} {name}" for name in ("refused", "failed") if counts[name])
    _say(f"{verb} {counted(ticks, 'tick')} of {counted(gone, 'day')}{left}")
    return EXIT_FAILED if counts["failed"] else EXIT_REFUSED if counts["refused"] else 0


def _outcome(purge: "DayPurge", *, dry_run: bool) -> str:
    what = f"{counted(purge.ticks, 'tick')} of {counted(purge.symbols, 'symbol')}"
    would = "would be " if dry_run else ""
    match purge.state.value:
        case "purged":
            return f"{would}purged, {what}, proved equal to the lake"
        case "merged":
            return f"{would}merged into its files and purged again, {what} that came late"
        case "absent":
            return "nothing to purge, PostgreSQL has no ticks of it"
    return f"{purge.state.value.upper()}, {purge.reason}"


def _cells(partition: Partition) -> tuple[str, ...]:
    file = partition.file
    return (
        partition.day.isoformat(),
        partition.symbol,
        f"{partition.kind} {partition.timeframe}".strip(),
        f"{partition.rows:,}",
        f"{file.min_ts:%m-%d %H:%M:%S}" if file else "",
        f"{file.max_ts:%m-%d %H:%M:%S}" if file else "",
        size_text(file.bytes) if file else "",
        file.sha256[:_HASH_SHOWN] if file else "",
        partition.state.value,
        partition.detail or "",
    )


def _say(line: str) -> None:
    console.print(line, markup=False)

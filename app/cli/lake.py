"""Commands that look after the lake: the catalog, the verification, the retention."""

import json
import sys
from contextlib import nullcontext
from datetime import date, timedelta

import click

from app.cli.actor import note_command
from app.cli.console import EXIT_REFUSED, command, counting
from app.cli.export import at_option
from app.cli.lake_tables import finding_form, print_findings, print_page, print_purges
from app.cli.trading_days import parse_days, require_begun
from app.clock import parse_day, parse_instant
from app.errors import Rejected
from app.operations.lake_catalog import KINDS, Wanted, read_catalog
from app.operations.lake_checks import Scope, find_stale, find_strays, recorded_files, verify_files
from app.operations.lake_forms import page_form
from app.operations.retention import RetentionPolicy, days_past, purge_days
from app.quotes import parse_symbols
from app.runtime import runtime

start_option = click.option("--start", metavar="YYYY-MM-DD", help="First trading day (default: the first there is).")
end_option = click.option("--end", metavar="YYYY-MM-DD", help="Last trading day, included (default: the last).")
symbols_option = click.option("--symbols", metavar="ES,NQ", help="Only these symbols (default: all).")
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@command("lake")
@start_option
@end_option
@symbols_option
@click.option("--kind", type=click.Choice(KINDS), help="Only ticks or only bars (default: both).")
@click.option("--limit", type=click.IntRange(1, 100_000), default=200, show_default=True, help="At most so many lines.")
@json_option
def show_lake(
    start: str | None, end: str | None, symbols: str | None, kind: str | None, limit: int, as_json: bool
) -> None:
    """List the partitions of the lake, newest day first, with rows, times, size, hash and state.

    Also listed are days and symbols whose ticks are stored and not yet exported (missing,
    or running while the session is not over).

    \b
    flask lake --start=2025-10-01 --end=2025-10-09 --symbols=ES
    """
    first, after = parse_range(start, end)
    wanted = Wanted(first, after, parse_symbols(symbols) if symbols is not None else None, kind)
    page = read_catalog(runtime(), wanted, limit)
    if as_json:
        click.echo(json.dumps(page_form(page), indent=2))
    else:
        print_page(page)


@command("verify-lake")
@start_option
@end_option
@symbols_option
@json_option
def verify_lake(start: str | None, end: str | None, symbols: str | None, as_json: bool) -> None:
    """Read every file of the lake whole: size, hash, page checksums, rows, order and place.

    Lists files that are damaged, missing, unrecorded or stale (ticks came since, or bars are older than their ticks or
    than the session's close), and ends with 3 when there are any.
    The catalog remembers what was found; a damaged file is written again by the next export of its day, as long as
    PostgreSQL has its ticks.

    \b
    flask verify-lake --start=2025-10-01 --end=2025-10-09
    """
    rt = runtime()
    first, after = parse_range(start, end)
    chosen = parse_symbols(symbols) if symbols is not None else None
    scope = Scope(first or date.min, after or date.max, chosen)
    files, findings = recorded_files(rt, scope), []
    with nullcontext(lambda _more: None) if as_json else counting("Verifying", len(files)) as count:
        for finding in verify_files(rt, files):
            findings.append(finding)
            count(1)
    findings += [*find_strays(rt, scope), *find_stale(rt, scope)]
    if as_json:
        click.echo(json.dumps(finding_form(findings, len(files)), indent=2))
    else:
        print_findings(findings, len(files))
    sys.exit(EXIT_REFUSED if any(finding.problem for finding in findings) else 0)


@command("purge-ticks")
@click.option("--date", "day", metavar="YYYY-MM-DD", help="One trading day.")
@click.option(
    "--older-than-days", type=click.IntRange(1, 36_600), metavar="N", help="All days older [TICK_RETENTION_DAYS]."
)
@click.option("--dry-run", is_flag=True, help="Prove and tell, and drop nothing.")
@at_option
def purge_ticks(day: str | None, older_than_days: int | None, dry_run: bool, at: str | None) -> None:
    """Drop the ticks of past days from PostgreSQL, once the lake is proved to hold every cell of them.

    Every file of the day is read whole and compared with the database. A day that is not recorded, damaged, different
    or being written stays, with the reason; the other days go on, and the command ends with 3. Days are calendar days
    before the present trading day.

    \b
    flask purge-ticks --older-than-days=60 --dry-run
    flask purge-ticks --date=2025-10-09
    """
    if day is not None and older_than_days is not None:
        raise Rejected("--date and --older-than-days exclude each other: give one of them")
    rt = runtime()
    now = parse_instant(at) if at is not None else rt.clock.now()
    policy = RetentionPolicy(older_than_days or rt.settings.tick_retention_days)
    days = parse_days(day, None, None) if day is not None else days_past(rt, policy, now)
    if day is not None:
        require_begun(rt.market, days, now)
        rt.market.session(days[0])  # Rejected for a day that no calendar knows.
    if not dry_run:
        note_command(
            rt, "purge-ticks", f"{len(days)} days", first=str(min(days, default="")), last=str(max(days, default=""))
        )
    sys.exit(print_purges(purge_days(rt, days, now, dry_run=dry_run), len(days), dry_run=dry_run))


def parse_range(start: str | None, end: str | None) -> tuple[date | None, date | None]:
    """`--start` and `--end` as the half-open range of days that they name; None where one is not given."""
    first, last = (parse_day(text) if text is not None else None for text in (start, end))
    if first and last and first > last:
        raise Rejected(f"--start {first} is after --end {last}: exchange them")
    return first, last + timedelta(days=1) if last is not None and last < date.max else None


COMMANDS = (show_lake, verify_lake, purge_ticks)

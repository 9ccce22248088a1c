"""Commands that tell what became of published events: balances, losses, gaps."""

import json
import sys
from collections.abc import Sequence
from typing import Any

import click
from rich.table import Table

from app.cli.console import EXIT_REFUSED, command, console
from app.cli.wording import counted
from app.clock import parse_day
from app.ledger.balance import Balance
from app.ledger.gaps import KINDS, STATES, GapFilter, read_gaps
from app.ledger.totals import COUNTS, LOSS_KINDS, LossFilter, read_losses, sum_losses
from app.operations.accounting import balance_form, gap_form, loss_form
from app.operations.reconciling import reconcile
from app.quotes import known_source, parse_symbol
from app.runtime import runtime

AT_REST = "Nothing is under way"
AT_WORK = "Work goes on, or no ingestor has run: what is in flight may still arrive"

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
source_option = click.option("--source", help="Only of this source.")
date_option = click.option("--date", "day", metavar="YYYY-MM-DD", help="Only of this trading day.")
limit_option = click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)


@command("reconcile")
@json_option
def reconcile_now(as_json: bool) -> None:
    """Balance what was published against what became of it, now.

    published = stored + dead + duplicates + lost + in flight, by source, symbol and trading day. Days whose figures
    have not changed since they were balanced are left out. What is missing for certain is recorded as lost. Ends with
    3 when events are missing that nothing explains: they are listed by `flask losses --kind=unexplained`.
    """
    found = reconcile(runtime())
    if as_json:
        days = [day.isoformat() for day in found.days]
        shown = {"at": found.at.isoformat(), "at_rest": found.at_rest, "days": days}
        click.echo(json.dumps({**shown, "balances": [balance_form(one) for one in found.balances]}, indent=2))
    else:
        _print_balances(found.balances)
        console.print(AT_REST if found.at_rest else AT_WORK)
    sys.exit(EXIT_REFUSED if found.unexplained else 0)


@command("losses")
@click.option("--kind", type=click.Choice(LOSS_KINDS), help="Only of this kind.")
@source_option
@click.option("--symbol", help="Only of this symbol.")
@date_option
@limit_option
@json_option
def list_losses(
    kind: str | None, source: str | None, symbol: str | None, day: str | None, limit: int, as_json: bool
) -> None:
    """List events that are gone, newest first, with the evidence, and the sums by kind.

    \b
    flask losses --date=2025-10-09
    flask losses --kind=unexplained --json
    """
    wanted = LossFilter(
        kind,
        known_source(source) if source is not None else None,
        parse_symbol(symbol) if symbol is not None else None,
        parse_day(day) if day is not None else None,
    )
    with runtime().sessions() as session:
        losses, totals = [loss_form(loss) for loss in read_losses(session, wanted, limit)], sum_losses(session)
    if as_json:
        click.echo(json.dumps({"totals": totals, "losses": losses}, indent=2))
        return
    columns = ("id", "kind", "count", "source", "symbol", "session_date", "parent_id", "observed_at", "ref")
    _print_table(losses, columns, "No losses")
    for name, count in totals.items():
        if count:
            console.print(f"Ever lost, {name.replace('_', ' ')}: {counted(count, 'event')}")


@command("gaps")
@click.option("--kind", type=click.Choice(KINDS), help="Only of this kind.")
@source_option
@click.option("--symbol", help="Only what may lack this symbol: known to, or not known not to.")
@date_option
@click.option("--state", type=click.Choice(STATES), help="Only in this state.")
@limit_option
@json_option
def list_gaps(
    kind: str | None,
    source: str | None,
    symbol: str | None,
    day: str | None,
    state: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """List what storage lacks, newest found first: numbers that were given and are not stored, and silent feeds.

    \b
    flask gaps --source=SCHWAB --symbol=ES --date=2025-10-09
    flask gaps --state=open --json
    """
    wanted = GapFilter(
        kind,
        known_source(source) if source is not None else None,
        parse_day(day) if day is not None else None,
        state,
        parse_symbol(symbol) if symbol is not None else None,
    )
    with runtime().sessions() as session:
        gaps = [gap_form(gap) for gap in read_gaps(session, wanted, limit)]
    if as_json:
        click.echo(json.dumps({"gaps": gaps}, indent=2))
        return
    columns = ("id", "kind", "source", "session_date", "from_seq", "to_seq", "missing", "from_ts", "to_ts")
    _print_table(gaps, (*columns, "symbols", "cause", "state"), "No gaps")


def _print_balances(balances: Sequence[Balance]) -> None:
    rows = [balance_form(balance) for balance in balances]
    columns = ("session_date", "source", "symbol", *COUNTS, "verdict")
    _print_table(rows, columns, "No day has changed since it was balanced: `flask status` shows the last balances")


def _print_table(rows: Sequence[dict[str, Any]], columns: Sequence[str], nothing: str) -> None:
    if not rows:
        console.print(nothing)
        return
    table = Table(*(column.removeprefix("session_").replace("_", " ") for column in columns))
    for row in rows:
        table.add_row(*(_cell(column, row[column]) for column in columns))
    console.print(table)


def _cell(column: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, dict):
        return ", ".join(f"{name} {count:,}" for name, count in value.items())
    is_amount = isinstance(value, int) and column in (*COUNTS, "count", "missing")
    return f"{value:,}" if is_amount else str(value)


COMMANDS = (reconcile_now, list_losses, list_gaps)

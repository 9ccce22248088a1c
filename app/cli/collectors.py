"""Commands that collect a source in a process of their own, and that tell, or order, how the sources are collected."""

import json
from collections.abc import Mapping
from threading import Event
from typing import Final

import click
from rich.table import Table

from app.cli.console import command, console
from app.cli.stopping import at_work
from app.cli.wording import span_text
from app.clock import instant_text
from app.errors import Rejected
from app.operations.agents import run_agent
from app.operations.collector_forms import collector_form
from app.operations.collector_orders import automate_source, restart_source, start_source, stop_source
from app.operations.collector_states import CollectorState, collector_states
from app.runtime import Runtime, runtime

_NO_EXCEL: Final = (
    "no workbook is named: set EXCEL_DATA_FILE to the workbook with the quotes, and where needed EXCEL_SHEET_NAME, "
    "EXCEL_LIVE_RANGE and DATA_PROVIDER"
)
_NO_SCHWAB: Final = (
    "Schwab's application is not named: set SCHWAB_CLIENT_ID and SCHWAB_CLIENT_SECRET, and log in with "
    "`flask schwab-login`"
)


@command("excel-to-redis")
def excel_to_redis() -> None:
    """Publish the quotes of an Excel sheet, until Ctrl-C.

    It reads the workbook EXCEL_DATA_FILE, publishes what changes as source EXCEL, and needs nothing but Redis: run it
    on the machine with Excel, with REDIS_URL naming the server. While it runs the workers leave EXCEL to it. It makes
    EXCEL wanted unless that was decided by hand, and obeys starts, stops and restarts of /api/collectors/EXCEL. While
    Redis is away quotes wait on the disk, under STATE_DIR. A second one is refused with exit code 3.

    \b
    EXCEL_DATA_FILE=quotes.xlsm REDIS_URL=redis://:password@10.0.0.5:6379/0 flask excel-to-redis
    """
    if runtime().settings.excel is None:
        raise Rejected(_NO_EXCEL)
    _collect("EXCEL")


@command("schwab-to-redis")
def schwab_to_redis() -> None:
    """Publish the quotes of Schwab's streamer, until Ctrl-C.

    It collects SCHWAB_SYMBOLS, or the watchlist, as source SCHWAB, under the application SCHWAB_CLIENT_ID and the login
    that `flask schwab-login` made. While it runs the workers leave SCHWAB to it. It makes SCHWAB wanted unless that was
    decided by hand, and obeys starts, stops and restarts of /api/collectors/SCHWAB. While Redis is away quotes wait on
    the disk, under STATE_DIR. A second one is refused with exit code 3.

    \b
    flask schwab-login
    SCHWAB_SYMBOLS=ES,NQ flask schwab-to-redis
    """
    if runtime().settings.schwab is None:
        raise Rejected(_NO_SCHWAB)
    _collect("SCHWAB")


@command("collectors")
@click.option("--start", "start", metavar="SOURCE", help="First have it collected, whatever the hours.")
@click.option("--stop", "stop", metavar="SOURCE", help="First have it collected no more, whatever the hours.")
@click.option("--restart", "restart", metavar="SOURCE", help="First have its feed begin anew.")
@click.option(
    "--auto", "auto", metavar="SOURCE", help="First take back a start or stop by hand: the hours decide again."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def collectors(start: str | None, stop: str | None, restart: str | None, auto: str | None, as_json: bool) -> None:
    """Tell how the sources are collected: who wants and holds each, how much it brings, and what is wrong.

    With an order it is given first, and what is told is how things stand just after; a collector takes seconds to obey.

    \b
    flask collectors
    flask collectors --stop=SCHWAB
    flask collectors --auto=SCHWAB
    flask collectors --json
    """
    rt = runtime()
    _give_order(rt, {"start": start, "stop": stop, "restart": restart, "auto": auto})
    now = rt.clock.now()
    states = collector_states(rt.redis, now, rt.collector_plan.sources)
    if as_json:
        forms = [collector_form(one, now) for one in states]
        click.echo(json.dumps({"as_of": instant_text(now), "collectors": forms}, indent=2))
        return
    table = Table("source", "state", "wanted", "holder", "per s", "published", "spooled", "last change", "reconnects")
    for one in states:
        age_s = one.age_s("event_ms", now)
        changed = "" if age_s is None else f"{span_text(max(0, int(age_s)))} ago"
        counts = [f"{one.count(name):,}" for name in ("published", "spooled")]
        table.add_row(
            *(one.source, one.state, _wish(one), _holder(one), f"{one.rate_per_s:.1f}", *counts, changed),
            str(one.count("reconnects")),
        )
    console.print(table)
    for one in states:
        if one.detail and one.wanted:
            console.print(f"{one.source}: {one.detail}", markup=False)


def _give_order(rt: Runtime, asked: Mapping[str, str | None]) -> None:
    orders = {name: source for name, source in asked.items() if source is not None}
    if len(orders) > 1:
        raise Rejected(f"one order at a time: {' or '.join(f'--{name}' for name in orders)}")
    configured = rt.collector_plan.sources
    for order, source in orders.items():
        match order:
            case "start":
                start_source(rt, source, configured)
            case "stop":
                stop_source(rt, source)
            case "restart":
                restart_source(rt, source, configured)
            case _:
                automate_source(rt, source, configured, rt.settings.collected_sources)


def _collect(source: str) -> None:
    rt, stop = runtime(), Event()
    with at_work(stop):
        published = run_agent(rt, source, rt.collector_plan, stop, lambda line: console.print(line, markup=False))
    console.print(f"Stopped collecting {source}: {published:,} quotes published")


def _wish(one: CollectorState) -> str:
    said = f" by {one.by}" if one.by else ""
    return f"{'yes' if one.wanted else 'no'}{said}"


def _holder(one: CollectorState) -> str:
    return f"{one.holder.kind} {one.holder.pid}@{one.holder.host}" if one.holder else ""


COMMANDS = (excel_to_redis, schwab_to_redis, collectors)

"""The command that shows Thor at work on simulated data."""

import json
import sys
from threading import Event

import click
from rich.table import Table

from app.cli.console import EXIT_FAILED, command, console
from app.cli.premarket import run_here
from app.cli.stack import run_stack, say_where, urls_of
from app.errors import Conflict
from app.instruments.catalogue import DEFAULT_WATCHLIST
from app.local.status import read_processes
from app.market.sessions import Status
from app.operations.demo import DemoPlan, run_demo
from app.operations.demo_checks import StopCheck, check_stops
from app.operations.premarket.by_hand import Doing
from app.quotes import LIVE_SOURCES
from app.runtime import Runtime, runtime


@command("demo")
@click.option("--once", is_flag=True, help="Check every stop, print a table, stop everything and end with 0 or 1.")
@click.option("--json", "as_json", is_flag=True, help="Print the table as JSON on standard output, the rest elsewhere.")
@click.option("--sessions", type=click.IntRange(1, 20), default=3, show_default=True, help="Past sessions to simulate.")
@click.option("--ticks-per-symbol", type=click.IntRange(100, 200_000), default=2000, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=7, show_default=True, help="Another seed, other prices.")
def demo(once: bool, as_json: bool, sessions: int, ticks_per_symbol: int, seed: int) -> None:
    """Run all of Thor on simulated quotes: a few past sessions taken into the lake, then a live feed.

    Every quote of it has the source SIMULATED. A second run finds the past sessions there and adds nothing.
    """
    rt = runtime()
    if live := LIVE_SOURCES.intersection(rt.settings.collected_sources):
        raise Conflict(
            f"SESSION_SOURCES names {', '.join(sorted(live))}, and the demo never mixes simulated with real data: run "
            "it elsewhere with SESSION_SOURCES=SIMULATED STATE_DIR=var-demo flask demo"
        )
    plan = DemoPlan(DEFAULT_WATCHLIST, sessions, ticks_per_symbol, seed)
    stop, checks = Event(), list[StopCheck]()

    def show() -> None:
        checks.extend(_run(rt, plan, stop))
        _print(checks, as_json)
        if once:
            stop.set()
        else:
            _say_market(rt)
            say_where(rt)

    run_stack(rt, stop, show, sys.stderr if as_json else sys.stdout)
    if not checks or not all(check.ok for check in checks):
        sys.exit(EXIT_FAILED)


def _run(rt: Runtime, plan: DemoPlan, stop: Event) -> list[StopCheck]:
    days = run_demo(rt, plan, lambda text: click.echo(f"demo       | {text}", err=True), stop)
    web = urls_of(read_processes(rt.settings.state_dir))["web"]
    published = f"{days.total:,} quotes of {len(plan.symbols)} symbols in {len(days.published)} sessions"
    feed = StopCheck("feed", days.total > 0, published, "source SIMULATED")
    return [feed, *check_stops(rt, days, plan.symbols, web, rt.premarket_policy, Doing(run=run_here(rt, "demo")))]


def _print(checks: list[StopCheck], as_json: bool) -> None:
    if as_json:
        report = {"ok": all(check.ok for check in checks), "stops": [vars(check) for check in checks]}
        click.echo(json.dumps(report, indent=2))
        return
    table = Table("stop", "", "found", "where", title="A tick's way", title_justify="left")
    for check in checks:
        table.add_row(check.stop, "ok" if check.ok else "FAILED", check.found, check.where)
    console.print(table)


def _say_market(rt: Runtime) -> None:
    now = rt.clock.now()
    state = rt.market.state_at(now)
    coming = state.next_transition
    local = f"{coming.at.astimezone(rt.market.timezone):%H:%M} {rt.market.timezone.key}"
    named = f", {state.today.holiday}" if state.today.holiday else ""
    console.print(
        f"Market state by the real clock, {now:%Y-%m-%d %H:%M} UTC: {rt.market.name} is {state.status}{named}; "
        f"{coming.type} {coming.at:%a %Y-%m-%d %H:%M} UTC ({local})."
    )
    if state.status is Status.OPEN:
        console.print("The quotes are simulated, and stamped with the real clock.")
    else:
        console.print(
            "The quotes are simulated, and stamped with the real clock: the feed runs all the same, they show the "
            "state `closed` and stay out of the bars."
        )


COMMANDS = (demo,)

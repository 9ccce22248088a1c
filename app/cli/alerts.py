"""Alerts on the command line."""

import json
import sys

import click

from app.alerts.forms import alert_form
from app.alerts.models import Alert
from app.alerts.rules import SEVERITIES
from app.alerts.store import acknowledge_alert, list_alerts, resolve_alert
from app.cli.actor import actor
from app.cli.alert_tables import print_alerts
from app.cli.console import EXIT_FAILED, EXIT_REFUSED, command, console
from app.errors import Rejected
from app.operations.alerting.trials import TRIABLE, Trial, try_channels
from app.runtime import Runtime, runtime

ALL = "all"
NUMBER = click.IntRange(1, 2**63 - 1)


@command("alerts")
@click.option("--all", "everything", is_flag=True, help="Also those that are over.")
@click.option("--severity", type=click.Choice(SEVERITIES), help="Only those of this severity.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True, help="At most so many.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--acknowledge", type=NUMBER, metavar="ID", help="Say that you see to it.")
@click.option("--resolve", type=NUMBER, metavar="ID", help="End it by hand; it comes back if it is still so.")
@click.option("--note", default="", help="A note with either.")
@click.option("--test", type=click.Choice([*TRIABLE, ALL]), help="Send a message through a channel at once.")
def alerts(
    everything: bool,
    severity: str | None,
    limit: int,
    as_json: bool,
    acknowledge: int | None,
    resolve: int | None,
    note: str,
    test: str | None,
) -> None:
    """What is wrong, since when, and who sees to it, newest first; acknowledge, resolve, or test the channels.

    A test ends with 1 when a channel failed, and with 3 when the one asked for is not set up.

    \b
    flask alerts
    flask alerts --all --severity=critical --json
    flask alerts --acknowledge=17 --note="restarting the feed"
    flask alerts --test=mail
    """
    rt = runtime()
    if sum(given is not None for given in (acknowledge, resolve, test)) > 1:
        raise Rejected("--acknowledge, --resolve and --test do not go together: one at a time")
    if note and acknowledge is None and resolve is None:
        raise Rejected("--note goes with --acknowledge or --resolve")
    if test is not None:
        _test(rt, test, as_json)
    elif acknowledge is not None or resolve is not None:
        _show(rt, [_change(rt, acknowledge, resolve, note)], as_json)
    else:
        with rt.sessions() as session:
            found = list_alerts(session, unresolved=None if everything else True, severity=severity, limit=limit)
        _show(rt, found, as_json)


def _change(rt: Runtime, acknowledge: int | None, resolve: int | None, note: str) -> Alert:
    with rt.sessions.begin() as session:
        if acknowledge is not None:
            return acknowledge_alert(session, acknowledge, rt.clock.now(), by=actor(), note=note)
        return resolve_alert(session, resolve or 0, rt.clock.now(), by=actor(), note=note)


def _show(rt: Runtime, found: list[Alert], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"alerts": [alert_form(alert) for alert in found]}, indent=2))
    else:
        print_alerts(found, rt.clock.now())


def _test(rt: Runtime, wanted: str, as_json: bool) -> None:
    names = TRIABLE if wanted == ALL else (wanted,)
    done = list(try_channels(rt, rt.alert_channels, names, actor()))
    if as_json:
        click.echo(json.dumps({"channels": [vars(trial) for trial in done]}, indent=2))
    else:
        for trial in done:
            console.print(f"{trial.channel}: {trial.outcome}: {trial.detail}", markup=False)
    if code := _code(done, wanted):
        sys.exit(code)


def _code(done: list[Trial], wanted: str) -> int:
    if any(trial.outcome == "failed" for trial in done):
        return EXIT_FAILED
    return EXIT_REFUSED if wanted != ALL and done[0].outcome == "not set up" else 0


COMMANDS = (alerts,)

"""The command that shows what was done by hand or by key."""

import json

import click
from rich.table import Table

from app.access.audit import read_audit
from app.cli.console import command, console
from app.clock import instant_text
from app.runtime import runtime


@command("audit")
@click.option("--actor", "who", metavar="NAME", help="Of one only, such as 'user anna' or 'key grafana'.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="At most so many.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def audit(who: str | None, limit: int, as_json: bool) -> None:
    """Show who did what, newest first: logins, changes, what was refused, users and keys.

    \b
    flask audit --actor='user anna'
    """
    with runtime().sessions() as session:
        found = read_audit(session, actor=who, limit=limit)
    if as_json:
        names = ("actor", "action", "subject", "outcome", "address", "request_id", "facts")
        told = [{"at": instant_text(one.at), **{name: getattr(one, name) for name in names}} for one in found]
        click.echo(json.dumps(told, indent=2))
        return
    table = Table("at", "who", "what", "of what", "outcome", "from", title="What was done", title_justify="left")
    for one in found:
        table.add_row(instant_text(one.at), one.actor, one.action, one.subject, one.outcome, one.address)
    console.print(table if found else "Nothing is on record")


COMMANDS = (audit,)

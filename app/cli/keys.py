"""The commands about API keys: making, listing and revoking them."""

import json
from datetime import datetime, timedelta

import click
from rich.table import Table

from app.access.audit import record
from app.access.keys import LONGEST, add_key, find_key, list_keys, revoke_key
from app.access.models import ApiKey
from app.access.roles import Role
from app.cli.actor import actor
from app.cli.console import command, console
from app.cli.dead_letters import OneLineGroup
from app.cli.users import role_option
from app.clock import instant_text
from app.runtime import runtime


@command("add")
@click.argument("name")
@role_option
@click.option(
    "--days", type=click.IntRange(1, LONGEST.days), default=365, show_default=True, help="It opens nothing after these."
)
@click.option("--no-end", is_flag=True, help="It opens until it is revoked.")
def add(name: str, role: Role, days: int, no_end: bool) -> None:
    """Make a key for a program and print it: once, as it is kept nowhere.

    NAME says what it is for. Send it as `Authorization: Bearer <key>`.

    \b
    flask key add grafana
    flask key add notebook --role=operator --days=90
    """
    rt = runtime()
    lasts = None if no_end else timedelta(days=days)
    with rt.sessions.begin() as session:
        key, token = add_key(session, name, role, rt.clock.now(), actor(), lasts)
        told = {"role": key.role, "expires_at": instant_text(key.expires_at) if key.expires_at else None}
        record(session, rt.clock.now(), actor(), "add key", f"{key.id} {key.name}", facts=told)
    click.echo(token.text)
    until = "until it is revoked" if no_end else f"for {days} days"
    click.echo(
        f"A key of {key.name}, {role}, {until}. It is shown this once: keep it where others cannot read it.", err=True
    )


@command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(as_json: bool) -> None:
    """List the keys by their ids, without the secret part."""
    rt = runtime()
    now = rt.clock.now()
    with rt.sessions() as session:
        rows = [_row(key) for key in list_keys(session)]
        states = [_state(key, now) for key in list_keys(session)]
    if as_json:
        click.echo(json.dumps([{**row, "state": state} for row, state in zip(rows, states, strict=True)], indent=2))
        return
    table = Table("id", "name", "role", "expires", "last used", "state", title="API keys", title_justify="left")
    for row, state in zip(rows, states, strict=True):
        table.add_row(
            row["id"], row["name"], row["role"], row["expires_at"] or "never", row["last_used_at"] or "never", state
        )
    console.print(table if rows else "There are no keys: `flask key add NAME --role=operator` makes one")


@command("revoke")
@click.argument("key", metavar="ID|NAME")
def revoke(key: str) -> None:
    """Have a key open nothing any more, within seconds and for good.

    By its id, or by its name where no other key that still opens something has it.

    \b
    flask key revoke 3f9a0c1b2d4e
    flask key revoke notebook
    """
    rt = runtime()
    with rt.sessions.begin() as session:
        revoked = revoke_key(session, find_key(session, key, rt.clock.now()), rt.clock.now())
        record(session, rt.clock.now(), actor(), "revoke key", f"{revoked.id} {revoked.name}")
    console.print(f"The key {revoked.id} of {revoked.name} opens nothing any more")


def _row(key: ApiKey) -> dict[str, str | None]:
    return {
        "id": key.id,
        "name": key.name,
        "role": key.role,
        "created_at": instant_text(key.created_at),
        "created_by": key.created_by,
        "expires_at": instant_text(key.expires_at) if key.expires_at else None,
        "revoked_at": instant_text(key.revoked_at) if key.revoked_at else None,
        "last_used_at": instant_text(key.last_used_at) if key.last_used_at else None,
    }


def _state(key: ApiKey, now: datetime) -> str:
    if key.revoked_at is not None:
        return "revoked"
    return "over" if key.expires_at is not None and key.expires_at <= now else "good"


@click.group("key", cls=OneLineGroup, commands=(add, show, revoke))
def key() -> None:
    """The keys with which programs ask.

    \b
    flask key add grafana
    flask key list
    flask key revoke 3f9a0c1b2d4e
    """


COMMANDS = (key,)

"""The commands about who logs in: users, their roles and passwords, and links that log in once."""

import json
from typing import Any

import click
from rich.table import Table

from app.access.audit import record
from app.access.logins import LINK_LASTS, make_link
from app.access.models import User
from app.access.passwords import generate_password
from app.access.roles import Role
from app.access.users import (
    add_user,
    disable_user,
    enable_user,
    known_user,
    list_users,
    set_password,
    set_role,
)
from app.cli.actor import actor
from app.cli.console import command, console
from app.cli.dead_letters import OneLineGroup
from app.cli.web_address import web_address
from app.clock import instant_text
from app.errors import Conflict
from app.runtime import runtime

role_option = click.option(
    "--role",
    type=click.Choice([role.value for role in Role]),
    default=Role.VIEWER.value,
    show_default=True,
    callback=lambda *told: Role(told[2]),
)
generate_option = click.option("--generate", is_flag=True, help="Make a password and print it once.")
name_argument = click.argument("name")


@command("add")
@name_argument
@role_option
@generate_option
def add(name: str, role: Role, generate: bool) -> None:
    """Add somebody who logs in; asks for the password twice.

    A viewer looks, an operator also runs the desk (analyses, collectors, letters, alerts, the watchlist), an admin also
    has the tables at /admin.

    \b
    flask user add anna --role=admin
    flask user add ben --role=operator --generate
    """
    rt = runtime()
    password = _password(generate)
    with rt.sessions.begin() as session:
        add_user(session, name, role, rt.clock.now(), password)
        record(session, rt.clock.now(), actor(), "add user", name, facts={"role": role.value})
    _tell(f"{name} logs in as {role} at {web_address(rt)}login", password if generate else None)


@command("password")
@name_argument
@generate_option
def password(name: str, generate: bool) -> None:
    """Set another password, which ends every login of the user.

    \b
    flask user password anna
    """
    rt = runtime()
    chosen = _password(generate)
    with rt.sessions.begin() as session:
        set_password(session, name, chosen, rt.clock.now())
        record(session, rt.clock.now(), actor(), "set password", name)
    _tell(f"{name} has another password, and logs in anew", chosen if generate else None)


@command("role")
@name_argument
@click.argument("role", type=click.Choice([role.value for role in Role]))
def role(name: str, role: str) -> None:
    """Give a user another role, which ends every login of theirs.

    \b
    flask user role ben admin
    """
    rt = runtime()
    with rt.sessions.begin() as session:
        set_role(session, name, Role(role))
        record(session, rt.clock.now(), actor(), "set role", name, facts={"role": role})
    console.print(f"{name} is {role} now, and logs in anew")


@command("disable")
@name_argument
def disable(name: str) -> None:
    """Shut a user out, within seconds, until `flask user enable`."""
    rt = runtime()
    with rt.sessions.begin() as session:
        disable_user(session, name, rt.clock.now())
        record(session, rt.clock.now(), actor(), "disable user", name)
    console.print(f"{name} is shut out within seconds")


@command("enable")
@name_argument
def enable(name: str) -> None:
    """Let a user in again."""
    rt = runtime()
    with rt.sessions.begin() as session:
        enable_user(session, name)
        record(session, rt.clock.now(), actor(), "enable user", name)
    console.print(f"{name} may log in again")


@command("link")
@name_argument
def link(name: str) -> None:
    """Print a link with which a user logs in once, without a password.

    Whoever has it is let in, so show it to nobody else. It lasts a quarter of an hour.

    \b
    flask user link anna
    """
    rt = runtime()
    with rt.sessions.begin() as session:
        user = known_user(session, name)
        if user.disabled_at is not None:
            raise Conflict(f"{name} is shut out: `flask user enable {name}` first")
        token = make_link(session, user, rt.clock.now())
        record(session, rt.clock.now(), actor(), "make login link", name)
    click.echo(f"{web_address(rt)}login/{token.text}")
    click.echo(f"It works once, within {LINK_LASTS.seconds // 60} minutes.", err=True)


@command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(as_json: bool) -> None:
    """List the users with their roles."""
    rt = runtime()
    with rt.sessions() as session:
        found = [_row(user) for user in list_users(session)]
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    table = Table("name", "role", "password", "since", "state", title="Users", title_justify="left")
    for row in found:
        secret = "set" if row["has_password"] else "none: a link lets them in"
        table.add_row(row["name"], row["role"], secret, row["created_at"], "shut out" if row["disabled_at"] else "ok")
    console.print(table if found else "There are no users: `flask user add NAME --role=admin` adds one")


def _row(user: User) -> dict[str, Any]:
    return {
        "name": user.name,
        "role": user.role,
        "has_password": user.password_hash is not None,
        "created_at": instant_text(user.created_at),
        "disabled_at": instant_text(user.disabled_at) if user.disabled_at else None,
    }


def _password(generate: bool) -> str:
    if generate:
        return generate_password()
    asked: str = click.prompt("Password", hide_input=True, confirmation_prompt="Once more")
    return asked


def _tell(text: str, generated: str | None) -> None:
    if generated is None:
        console.print(text)
        return
    click.echo(text, err=True)
    click.echo(generated)


@click.group("user", cls=OneLineGroup, commands=(add, show, password, role, disable, enable, link))
def user() -> None:
    """Who logs in, and what they may do.

    \b
    flask user add anna --role=admin
    flask user link anna
    flask user list
    """


COMMANDS = (user,)

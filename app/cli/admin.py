"""The command about the admin's password."""

import click

from app.cli.console import command, console
from app.local.credentials import AdminPassword
from app.runtime import runtime


@command("admin-password")
@click.option("--generate", is_flag=True, help="Make a password and print it once.")
def set_password(generate: bool) -> None:
    """Set the password of the user admin at /admin; it ends all sessions there.

    Asks for it twice. It is kept as a hash in STATE_DIR, in a file that only you can read.

    \b
    flask admin-password
    flask admin-password --generate
    """
    password = AdminPassword(runtime().settings.state_dir)
    if generate:
        click.echo(password.generate())
        return
    password.set(click.prompt("Password", hide_input=True, confirmation_prompt="Once more"))
    console.print(f"The password is set: log in at /admin as admin. Its hash is in {password.path}")


COMMANDS = (set_password,)

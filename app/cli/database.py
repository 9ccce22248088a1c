"""Commands of the database: the one that brings it up to date where `flask up` does not run, and Flask-Migrate's."""

from typing import Any

import click

from app.bus.connection import check_persistence
from app.cli.console import command, console
from app.operations.migrating import migrate_database
from app.runtime import runtime


@command("prepare-database")
def prepare_database() -> None:
    """Bring DATABASE_URL up to date: tables, instruments, partitions of the days ahead; done twice it does no harm.

    `flask up` does this by itself. It says from which revision to which it went, and refuses a database of a newer
    Thor with 3. A Redis that would forget its stream at a restart is refused here, too.
    """
    rt = runtime()
    check_persistence(rt.redis)
    done = migrate_database(rt, rt.settings.partitions_ahead_days)
    went = f"went from revision {done.before or 'none'} to" if done.before != done.after else "was at revision"
    console.print(f"The database is up to date: it {went} {done.after}")


class MigrationCommands(click.Group):
    """Flask-Migrate's group of commands, which is loaded when somebody asks for one of them."""

    def make_context(self, info_name: str | None, args: list[str], *more: Any, **options: Any) -> click.Context:
        """The context of the loaded group, which then acts in place of this one."""
        from flask_migrate.cli import db

        context: click.Context = db.make_context(info_name, args, *more, **options)
        return context


migrations = MigrationCommands("db", help="Perform database migrations.")
COMMANDS = (prepare_database, migrations)

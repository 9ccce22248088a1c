"""The command that brings the database up to date where `flask up` does not run."""

from app.bus.connection import check_persistence
from app.cli.console import command, console
from app.operations.migrating import migrate_database
from app.runtime import runtime


@command("prepare-database")
def prepare_database() -> None:
    """Bring DATABASE_URL up to date: tables, instruments, partitions of the days ahead; done twice it does no harm.

    `flask up` does this by itself. A Redis that would forget its stream at a restart is refused here, too.
    """
    rt = runtime()
    check_persistence(rt.redis)
    migrate_database(rt, rt.settings.partitions_ahead_days)
    console.print("The database is up to date")


COMMANDS = (prepare_database,)

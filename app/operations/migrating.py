"""Bringing the database up to date: tables, instruments, partitions."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from flask import current_app
from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from app.desk.markets import add_markets
from app.errors import Conflict
from app.instruments.store import add_catalogue
from app.market.markets import PROFILES
from app.operations.granting import grant_rights
from app.stores import Stores
from app.ticks.partition_functions import install_partition_functions
from app.ticks.partitions import ensure_partitions

HEAD: Final = "head"
BASE: Final = "base"
# A table of this name is there while a restore is not finished; it has the name of the backup.
UNFINISHED: Final = "thor_restoring"


@dataclass(frozen=True)
class Migrated:
    """From which revision the database came, None for an empty one, and at which it is now."""

    before: str | None
    after: str


def migrate_database(stores: Stores, ahead_days: int) -> Migrated:
    """Run the migrations, add missing markets and instruments, and make partitions ahead; needs an app context.

    Each role of the database then has the rights of its process, where there are such roles. Conflict when the database
    is of a newer Thor than this one, or a restore of it was not finished: nothing changes.
    """
    with stores.sessions.begin() as session:
        require_finished(session)
        before = database_revision(session)
        require_known(before)
        move_to(session.connection(), HEAD)
        after = database_revision(session)
    with stores.sessions.begin() as session:
        grant_rights(session)
        add_catalogue(session)
        add_markets(session, PROFILES.values())
        ensure_partitions(session, days_ahead(stores, ahead_days))
    return Migrated(before, after or HEAD)


def move_to(connection: Connection, revision: str) -> None:
    """Run the migrations up to a revision, or all of them back for `base`, in the connection's own transaction.

    Needs an app context.
    """
    from alembic import command  # Nobody but whoever migrates loads Alembic.

    config = _config()
    config.attributes["connection"] = connection
    if revision == BASE:
        command.downgrade(config, revision)
        return
    command.upgrade(config, revision)
    # What partitions are made with is that of this code, whatever the revision.
    install_partition_functions(connection)


def database_revision(session: Session) -> str | None:
    """The revision that the database is at; None before the first migration."""
    if session.scalar(text("SELECT to_regclass('alembic_version')")) is None:
        return None
    found: str | None = session.scalar(text("SELECT version_num FROM alembic_version"))
    return found


def require_known(revision: str | None) -> None:
    """Conflict when a revision is none of this code's, which means that a newer Thor made it; needs an app context."""
    known = known_revisions()
    if revision is not None and revision not in known:
        raise Conflict(
            f"the database is at revision {revision}, which is newer than this Thor (its newest is {known[-1]}): "
            "run the Thor that made it, or restore a backup from before the upgrade (docs/backup.md)"
        )


def known_revisions() -> list[str]:
    """The revisions of this code, oldest first; needs an app context."""
    from alembic.script import ScriptDirectory

    return [script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()][::-1]


def require_finished(session: Session) -> None:
    """Conflict when a restore of this database was begun and not finished."""
    if session.scalar(text("SELECT to_regclass(:name)"), {"name": UNFINISHED}) is not None:
        name = session.scalar(text(f"SELECT backup FROM {UNFINISHED}"))  # noqa: S608
        raise Conflict(f"a restore of backup {name} was not finished: run `flask restore` of it again")


def days_ahead(stores: Stores, ahead_days: int) -> list[date]:
    """The trading days, from the present one on, whose partitions should exist."""
    today = stores.market.session_of(stores.clock.now())
    sessions = stores.market.sessions(today, today + timedelta(days=ahead_days))
    return [session.day for session in sessions]


def _config() -> Any:
    return current_app.extensions["migrate"].migrate.get_config()

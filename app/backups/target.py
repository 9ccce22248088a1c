"""What a restore finds where it is to restore to, and whether it may."""

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.backups.bus import is_used
from app.backups.manifest import Manifest
from app.backups.tables import driver_failures, list_tables, plain_cursor, quoted
from app.errors import Conflict
from app.lake.layout import BARS, TICKS
from app.models import TABLES
from app.operations.migrating import UNFINISHED, database_revision, known_revisions, require_known
from app.stores import Stores

LEAVING_S: Final = 5.0
_POLL_S: Final = 0.1
# What `flask prepare-database` fills in by itself.
CATALOGUE = ("trading_instruments", "markets")
_OTHERS = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
    AND application_name LIKE 'thor%'
"""


@dataclass(frozen=True)
class Target:
    """The machine as it is: `used` names what is in the way, `unfinished` the backup of a restore that was killed."""

    revision: str | None
    unfinished: str | None = None
    used: list[str] = field(default_factory=list)
    connections: int = 0


def look_at(stores: Stores, *, replace: bool = False) -> Target:
    """See what there is; Conflict when the database is of a newer Thor and not to be replaced. Needs an app context."""
    with driver_failures(), stores.sessions() as session:
        revision = database_revision(session)
        if not replace:
            require_known(revision)
        unfinished = _unfinished(session)
        used = [] if unfinished else _used_tables(session)
        connections = _others(session)
    if not unfinished and is_used(stores.raw_redis):
        used.append("the quote stream in Redis")
    return Target(revision, unfinished, used, connections)


def require_readable(manifest: Manifest) -> None:
    """Conflict when a backup was made by a newer Thor than this one; needs an app context."""
    known = known_revisions()
    if manifest.revision not in known:
        raise Conflict(
            f"backup {manifest.name} is of revision {manifest.revision} (Thor {manifest.thor}), which is newer than "
            f"this Thor's {known[-1]}: restore it with the Thor that made it"
        )


def require_empty(target: Target, manifest: Manifest, *, replace: bool) -> None:
    """Conflict unless there is nothing in the way of a restore, or it may be replaced, and nobody is at work there."""
    if target.unfinished not in (None, manifest.name) and not replace:
        raise Conflict(
            f"a restore of backup {target.unfinished} was not finished here: run that one again, or use --replace"
        )
    if target.used and not replace:
        raise Conflict(
            f"this is no empty machine ({', '.join(target.used[:4])}): restore to another one, "
            "or say --replace to lose what is here"
        )
    if target.connections:
        raise Conflict(f"{target.connections} others are connected to the database: stop everything of Thor first")


def lake_in_the_way(stores: Stores, manifest: Manifest) -> list[Path]:
    """Files of the lake here that the backup does not have in their place, or has otherwise."""
    root = stores.lake.root
    known = {part.path.removeprefix("lake/"): part for part in manifest.lake}
    found = [path for kind in (TICKS, BARS) for path in sorted((root / kind).rglob("*.parquet"))]
    return [path for path in found if path.relative_to(root).as_posix() not in known]


def _others(session: Session) -> int:
    # The server takes a while to notice that a restore was killed.
    give_up_at = time.monotonic() + LEAVING_S
    while (others := session.scalar(text(_OTHERS)) or 0) and time.monotonic() < give_up_at:
        session.rollback()  # What the server tells of others stays the same within a transaction.
        time.sleep(_POLL_S)
    return others


def _unfinished(session: Session) -> str | None:
    if session.scalar(text("SELECT to_regclass(:name)"), {"name": UNFINISHED}) is None:
        return None
    name: str | None = session.scalar(text(f"SELECT backup FROM {UNFINISHED}"))  # noqa: S608
    return name


def _used_tables(session: Session) -> list[str]:
    ours = {model.__tablename__ for model in TABLES} - set(CATALOGUE)
    cursor = plain_cursor(session)
    used = []
    for table in list_tables(cursor):
        if table.name not in ours and table.day is None:
            continue
        cursor.execute(f"SELECT EXISTS (SELECT 1 FROM {quoted(cursor, table.name)})")  # noqa: S608
        if cursor.fetchall()[0][0]:
            used.append(f"rows in {table.name}")
    return used

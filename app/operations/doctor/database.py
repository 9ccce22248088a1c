"""PostgreSQL: whether it answers, its version, and whether its tables are those of this code."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.errors import Unavailable
from app.operations.doctor.findings import Finding
from app.operations.doctor.installation import Installation

TESTED: Final = 18
SUPPORTED: Final = 15  # The oldest that its makers still mend.
# By major version the first release without CVE-2026-6460 and CVE-2026-120141, by which whoever may log in can run
# programs as the server's user. https://www.postgresql.org/support/security/ tells of later ones.
MENDED: Final = {15: 20, 16: 16, 17: 12, 18: 7}


def look_at_database(installation: Installation) -> Iterator[Finding]:
    """Whether the database can do its work."""
    try:
        with installation.stores.sessions() as session:
            number = int(session.scalars(text("SHOW server_version_num")).one())
            applied = _applied(session)
    except Unavailable as error:
        yield Finding("postgres", "unknown", str(error), "`make up`, or set DATABASE_URL")
        return
    except DBAPIError as error:
        told = str(error.orig).strip().partition("\n")[0][:200]
        fix = "see that it runs and that DATABASE_URL is right" if installation.database_url else "`flask status`"
        yield Finding("postgres", "wrong", f"PostgreSQL does not answer: {told}", fix)
        return
    yield check_version(number)
    yield check_migrations(applied, *known_revisions(installation.project / "migrations"))


def check_version(number: int) -> Finding:
    """PostgreSQL is the version that Thor is tested with, without known holes; `number` as its `server_version_num`."""
    major, minor = divmod(number, 10_000)
    told, mended = f"PostgreSQL {major}.{minor}", MENDED.get(major, 0)
    if major < SUPPORTED:
        return Finding("postgres", "wrong", f"{told} is too old", f"move to PostgreSQL {TESTED}")
    if minor < mended:
        holes = f"{told}: whoever has a login of it can run programs as its user (CVE-2026-6460, CVE-2026-120141)"
        fix = f"move to {major}.{mended} or newer: your system's update, a newer image, or THOR_PG_BIN for `flask up`"
        return Finding("postgres", "warning", holes, fix)
    if major != TESTED:
        return Finding("postgres", "warning", f"{told}: Thor is tested with {TESTED}", f"move to PostgreSQL {TESTED}")
    return Finding("postgres", "ok", told)


def check_migrations(applied: str | None, head: str | None, known: set[str]) -> Finding:
    """The tables are those of this code; `applied` is the database's revision, None before the first."""
    if applied == head:
        return Finding("migrations", "ok", f"at {head}")
    if applied is None:
        return Finding("migrations", "wrong", "the database has no tables of Thor", "`flask prepare-database`")
    if applied not in known:
        told = f"the database is at {applied}, which this code does not know: a newer Thor was here"
        return Finding("migrations", "wrong", told, "run the newer version again, or go back to an older backup")
    told = f"the database is at {applied}, the code at {head}"
    return Finding("migrations", "wrong", told, "`flask prepare-database`, or start Thor anew")


def known_revisions(folder: Path) -> tuple[str | None, set[str]]:
    """The newest revision of the migrations in a folder, and all of them."""
    from alembic.script import ScriptDirectory  # Which no other command needs.

    scripts = ScriptDirectory(str(folder))
    return scripts.get_current_head(), {script.revision for script in scripts.walk_revisions()}


def _applied(session: Session) -> str | None:
    if session.scalars(text("SELECT to_regclass('alembic_version')")).one() is None:
        return None
    found: str | None = session.scalars(text("SELECT version_num FROM alembic_version")).first()
    return found

"""Giving the roles of the database their rights, as often as the tables change."""

from collections.abc import Iterator, Mapping
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.operations.database_rights import BACKUP, CALLERS, PREFIX, PRIVATE, READERS, RIGHTS

_WORDS: Final = {"I": "INSERT", "U": "UPDATE", "D": "DELETE"}
_ROLES: Final = "SELECT rolname FROM pg_roles WHERE rolname = ANY(:names)"
# Of a column that takes its numbers from a sequence of its own by default; an identity column asks for no right.
_SEQUENCES: Final = """
SELECT t.relname, s.relname FROM pg_depend d
JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S' JOIN pg_class t ON t.oid = d.refobjid
WHERE d.deptype = 'a' AND s.relnamespace = 'public'::regnamespace
"""
# Every table that is read by all has them; Alembic's tells which code the tables are for.
_REVISION: Final = "alembic_version"
# Partitions that are made later are read, too. The server's own role of readers would read the hashes of passwords.
_READ_ALL: Final = (
    f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {PREFIX}{BACKUP}",
    f"GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO {PREFIX}{BACKUP}",
    f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO {PREFIX}{BACKUP}",
    f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON SEQUENCES TO {PREFIX}{BACKUP}",
)


def grant_rights(session: Session) -> set[str]:
    """Give each role that the server has exactly the rights of its process, and return their names; none where there
    are no such roles, as in a database that one user has to himself.

    The session's user owns the tables. Until the commit everybody has the rights of before.
    """
    names = [PREFIX + role for role in (*READERS, BACKUP)]
    there = set(session.scalars(text(_ROLES), {"names": names}))
    sequences = {str(table): str(name) for table, name in session.execute(text(_SEQUENCES))}
    for role in (role for role in READERS if PREFIX + role in there):
        for statement in _statements(role, sequences):
            session.execute(text(statement))
    if PREFIX + BACKUP in there:
        for statement in _READ_ALL:
            session.execute(text(statement))
    return there


def _statements(role: str, sequences: Mapping[str, str]) -> Iterator[str]:
    name = PREFIX + role
    for kind in ("TABLES", "FUNCTIONS", "SEQUENCES"):
        yield f"REVOKE ALL ON ALL {kind} IN SCHEMA public FROM {name}"
    yield f"GRANT SELECT ON {_REVISION} TO {name}"
    for table, rights in RIGHTS.items():
        if role in rights or table not in PRIVATE:
            words = ["SELECT", *(_WORDS[letter] for letter in rights.get(role, ""))]
            yield f"GRANT {', '.join(words)} ON {table} TO {name}"
        if "I" in rights.get(role, "") and table in sequences:
            yield f"GRANT USAGE ON SEQUENCE {sequences[table]} TO {name}"
    for function, callers in CALLERS.items():
        if role in callers:
            yield f"GRANT EXECUTE ON FUNCTION {function}(date) TO {name}"

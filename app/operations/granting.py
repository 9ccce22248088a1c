"""Giving the roles of the database their rights, as often as the tables change."""

from collections.abc import Iterator
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.operations.database_rights import CALLERS, PREFIX, PRIVATE, READERS, RIGHTS

_WORDS: Final = {"I": "INSERT", "U": "UPDATE", "D": "DELETE"}
_ROLES: Final = "SELECT rolname FROM pg_roles WHERE rolname = ANY(:names)"
# Every table that is read by all has them; Alembic's tells which code the tables are for.
_REVISION: Final = "alembic_version"


def grant_rights(session: Session) -> set[str]:
    """Give each role that the server has exactly the rights of its process, and return their names; none where there
    are no such roles, as in a database that one user has to himself.

    The session's user owns the tables. Until the commit everybody has the rights of before.
    """
    names = [PREFIX + role for role in READERS]
    there = set(session.scalars(text(_ROLES), {"names": names}))
    for role in READERS:
        if PREFIX + role in there:
            for statement in _statements(role):
                session.execute(text(statement))
    return there


def _statements(role: str) -> Iterator[str]:
    name = PREFIX + role
    for kind in ("TABLES", "FUNCTIONS", "SEQUENCES"):
        yield f"REVOKE ALL ON ALL {kind} IN SCHEMA public FROM {name}"
    yield f"GRANT SELECT ON {_REVISION} TO {name}"
    for table, rights in RIGHTS.items():
        if role in rights or table not in PRIVATE:
            words = ["SELECT", *(_WORDS[letter] for letter in rights.get(role, ""))]
            yield f"GRANT {', '.join(words)} ON {table} TO {name}"
    for function, callers in CALLERS.items():
        if role in callers:
            yield f"GRANT EXECUTE ON FUNCTION {function}(date) TO {name}"

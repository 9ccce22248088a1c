import pytest
from sqlalchemy import text

from app.errors import Conflict
from app.operations.sole_rights import sole_right
from app.runtime import Runtime

GROUP = 9_999
END = "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE locktype = 'advisory' AND classid = :group"


def test_a_right_is_held_by_one_until_he_is_done(rt: Runtime) -> None:
    with sole_right(rt, GROUP, "a", "somebody is at it"):
        with pytest.raises(Conflict, match="somebody is at it"), sole_right(rt, GROUP, "a", "somebody is at it"):
            pass
        with sole_right(rt, GROUP, "b", "busy"), sole_right(rt, GROUP + 1, "a", "busy"):
            pass
    with sole_right(rt, GROUP, "a", "busy"):
        pass


def test_a_right_ends_with_an_error(rt: Runtime) -> None:
    with pytest.raises(ZeroDivisionError), sole_right(rt, GROUP, "a", "busy"):
        raise ZeroDivisionError

    with sole_right(rt, GROUP, "a", "busy"):
        pass


def test_a_right_ends_with_its_connection(rt: Runtime) -> None:
    with sole_right(rt, GROUP, "a", "busy"):
        with rt.sessions.begin() as session:
            session.execute(text(END), {"group": GROUP})
        with sole_right(rt, GROUP, "a", "busy"):
            pass

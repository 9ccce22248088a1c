"""Users of the gate's tests."""

from collections.abc import Callable

import pytest
from argon2 import PasswordHasher
from sqlalchemy.orm import Session, sessionmaker

from app.access.audit import read_audit
from app.access.roles import Role
from app.access.users import add_user
from app.clock import SystemClock
from tests.fakes import FixedClock

PASSWORD = "correct horse battery"
QUICK_HASH = PasswordHasher(1, 8, 1).hash(PASSWORD)


@pytest.fixture
def clock() -> FixedClock:
    """A clock that begins with the present."""
    return FixedClock(SystemClock().now())


@pytest.fixture
def anna(sessions: sessionmaker[Session]) -> str:
    """The name of an admin with a password."""
    with sessions.begin() as session:
        add_user(session, "anna", Role.ADMIN, SystemClock().now()).password_hash = QUICK_HASH
    return "anna"


@pytest.fixture
def audit(sessions: sessionmaker[Session]) -> Callable[[], list[tuple[str, str, str, str]]]:
    """What is on record, oldest first."""

    def read() -> list[tuple[str, str, str, str]]:
        with sessions() as session:
            return [(one.actor, one.action, one.subject, one.outcome) for one in reversed(read_audit(session))]

    return read

"""The admin as somebody with a browser meets it."""

from collections.abc import Callable
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.access.roles import Role
from app.access.users import add_user
from app.clock import SystemClock
from app.jobs.models import AdminChange
from tests.admin_rows import fill
from tests.fakes import FixedClock
from tests.functional.admin.browsing import PASSWORD, Browser

# A real one takes longer to make and to check.
QUICK_HASH = PasswordHasher(1, 8, 1).hash(PASSWORD)


@pytest.fixture
def clock() -> FixedClock:
    """A clock that begins with the present."""
    return FixedClock(SystemClock().now())


@pytest.fixture
def password(sessions: sessionmaker[Session]) -> None:
    """Adds an admin whose password is quickly checked."""
    with sessions.begin() as session:
        add_user(session, "admin", Role.ADMIN, SystemClock().now()).password_hash = QUICK_HASH


@pytest.fixture
def rows(sessions: sessionmaker[Session]) -> int:
    """Rows in every table; the number of the job that is done."""
    with sessions.begin() as session:
        return fill(session)


@pytest.fixture
def browser(client: FlaskClient, password: None) -> Browser:
    """Somebody before the login page."""
    return Browser(client)


@pytest.fixture
def admin(browser: Browser) -> Browser:
    """Somebody who is logged in."""
    assert browser.log_in().status_code == 303
    return browser


@pytest.fixture
def changes(sessions: sessionmaker[Session]) -> Callable[[], list[tuple[str, str, str, Any]]]:
    """What was recorded as changed by hand, in order."""

    def read() -> list[tuple[str, str, str, Any]]:
        with sessions() as session:
            found = session.scalars(select(AdminChange).order_by(AdminChange.id))
            return [(one.entity, one.key, one.action, one.changes) for one in found]

    return read


@pytest.fixture
def read(sessions: sessionmaker[Session]) -> Callable[[type, Any], Any]:
    """One row as it is in the database."""

    def find(table: type, key: Any) -> Any:
        with sessions() as session:
            return session.get(table, key)

    return find

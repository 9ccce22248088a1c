"""The admin as somebody with a browser meets it."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker
from werkzeug.security import generate_password_hash

from app.clock import SystemClock
from app.jobs.models import AdminChange
from app.local.credentials import HASH_FILE
from app.local.state import StateDirectory
from app.settings import Settings
from tests.admin_rows import fill
from tests.fakes import FixedClock
from tests.functional.admin.browsing import PASSWORD, Browser

# A real one takes a tenth of a second to make and another one to check.
QUICK_HASH = generate_password_hash(PASSWORD, "scrypt:512:8:1")


@pytest.fixture
def clock() -> FixedClock:
    """A clock that begins with the present."""
    return FixedClock(SystemClock().now())


@pytest.fixture
def password(settings: Settings) -> None:
    """Sets the password, by a hash that is quickly checked."""
    StateDirectory(settings.state_dir).write(HASH_FILE, {"scrypt": QUICK_HASH})


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
    assert browser.log_in().status_code == 302
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

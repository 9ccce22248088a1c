from datetime import UTC, datetime, timedelta

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select

from app.access.logins import IDLE, LINK_LASTS, LONGEST, make_link, start_login, use_link, user_with_password
from app.access.models import Login, LoginLink
from app.access.passwords import is_outdated
from app.access.roles import Role
from app.access.users import add_user, disable_user

NOW = datetime(2025, 10, 9, 12, tzinfo=UTC)
PASSWORD = "correct horse battery"
SECOND = timedelta(seconds=1)


@pytest.fixture
def anna(db_session):
    return add_user(db_session, "anna", Role.ADMIN, NOW, PASSWORD)


@pytest.mark.parametrize(("name", "password"), [("anna", "wrong password"), ("eve", PASSWORD), ("anna", ""), ("", "")])
def test_a_wrong_name_or_password_is_nobodys(db_session, anna, name, password):
    assert user_with_password(db_session, name, password) is None


def test_a_hash_of_old_costs_is_replaced_when_its_owner_logs_in(db_session, anna):
    anna.password_hash = PasswordHasher(1, 8, 1).hash(PASSWORD)

    assert user_with_password(db_session, "anna", PASSWORD) is anna

    assert not is_outdated(anna.password_hash)


def test_a_link_works_once(db_session, anna):
    link = make_link(db_session, anna, NOW)

    assert use_link(db_session, link.text, NOW + LINK_LASTS - SECOND) is anna
    assert use_link(db_session, link.text, NOW) is None


@pytest.mark.parametrize(
    "text", ["", "x", "thor_link_0", f"thor_link_{'0' * 12}_{'A' * 43}", f"thor_key_{'0' * 12}_{'A' * 43}"]
)
def test_what_is_no_link_lets_nobody_in_and_uses_nothing_up(db_session, anna, text):
    link = make_link(db_session, anna, NOW)

    assert use_link(db_session, text, NOW) is None
    assert use_link(db_session, link.text[:-1] + ("x" if link.text[-1] != "x" else "y"), NOW) is None
    assert use_link(db_session, link.text, NOW) is anna


def test_a_link_that_is_too_old_is_used_up_by_nobody(db_session, anna):
    link = make_link(db_session, anna, NOW)

    assert use_link(db_session, link.text, NOW + LINK_LASTS) is None


def test_a_link_of_somebody_who_was_shut_out_lets_nobody_in(db_session, anna):
    ben = add_user(db_session, "ben", Role.VIEWER, NOW)
    link = make_link(db_session, ben, NOW)
    disable_user(db_session, "ben", NOW)

    assert use_link(db_session, link.text, NOW) is None


def test_logins_and_links_that_are_over_are_swept_out_by_those_that_begin(db_session, anna):
    start_login(db_session, anna, NOW)
    make_link(db_session, anna, NOW)
    later = NOW + max(IDLE, LONGEST, LINK_LASTS)

    kept = start_login(db_session, anna, later).id, make_link(db_session, anna, later).id

    assert (list(db_session.scalars(select(Login.id))), list(db_session.scalars(select(LoginLink.id)))) == (
        [kept[0]],
        [kept[1]],
    )

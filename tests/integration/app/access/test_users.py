from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from app.access.audit import read_audit, record
from app.access.logins import make_link, start_login, user_with_password
from app.access.models import AuditEntry, Login, LoginLink
from app.access.roles import Role
from app.access.users import add_user, disable_user, enable_user, find_user, list_users, set_password, set_role
from app.errors import Conflict, NotFound, Rejected

NOW = datetime(2025, 10, 9, 12, tzinfo=UTC)
PASSWORD = "correct horse battery"


@pytest.fixture
def anna(db_session):
    return add_user(db_session, "anna", Role.ADMIN, NOW, PASSWORD)


def test_a_user_has_a_name_a_role_and_a_hash_of_the_password(db_session, anna):
    assert (anna.role, anna.created_at, anna.password_at, anna.disabled_at) == ("admin", NOW, NOW, None)
    assert PASSWORD not in anna.password_hash
    assert user_with_password(db_session, "anna", PASSWORD) is anna


@pytest.mark.parametrize("name", ["", "Anna", "1st", "a b", "a" * 33, "anna;--", "../x", "ann\n", "änna"])
def test_a_name_that_cannot_be_is_refused(db_session, name):
    with pytest.raises(Rejected):
        add_user(db_session, name, Role.VIEWER, NOW)

    assert list_users(db_session) == []


def test_a_name_belongs_to_one(db_session, anna):
    with pytest.raises(Conflict, match="already"):
        add_user(db_session, "anna", Role.VIEWER, NOW)


@pytest.mark.parametrize("change", [
    lambda session: set_password(session, "ben", "x" * 12, NOW),
    lambda session: set_role(session, "ben", Role.OPERATOR),
    lambda session: disable_user(session, "ben", NOW),
])  # fmt: skip
def test_what_changes_about_a_user_ends_their_logins_and_links(db_session, anna, change):
    ben = add_user(db_session, "ben", Role.VIEWER, NOW, PASSWORD)
    for user in (anna, ben):
        start_login(db_session, user, NOW)
        make_link(db_session, user, NOW)

    change(db_session)

    for table in (Login, LoginLink):
        assert list(db_session.scalars(select(table.user_id))) == [anna.id]


def test_who_is_shut_out_has_no_password_until_let_in_again(db_session, anna):
    add_user(db_session, "ben", Role.ADMIN, NOW, PASSWORD)

    disable_user(db_session, "ben", NOW)
    assert user_with_password(db_session, "ben", PASSWORD) is None

    enable_user(db_session, "ben")
    assert user_with_password(db_session, "ben", PASSWORD) is find_user(db_session, "ben")


def test_the_last_admin_stays(db_session, anna):
    add_user(db_session, "ben", Role.OPERATOR, NOW)

    with pytest.raises(Conflict, match="last admin"):
        disable_user(db_session, "anna", NOW)
    with pytest.raises(Conflict, match="last admin"):
        set_role(db_session, "anna", Role.VIEWER)

    set_role(db_session, "ben", Role.ADMIN)
    assert disable_user(db_session, "anna", NOW).disabled_at == NOW


def test_somebody_unknown_is_told_so(db_session):
    for change in (lambda: set_role(db_session, "eve", Role.ADMIN), lambda: disable_user(db_session, "eve", NOW)):
        with pytest.raises(NotFound, match="flask user list"):
            change()


def test_what_was_done_is_read_newest_first_and_page_by_page(db_session):
    for number in range(5):
        record(db_session, NOW, "user anna" if number % 2 else "key x", "did", str(number), facts={"n": number})
    db_session.flush()

    newest = read_audit(db_session, limit=2)
    older = read_audit(db_session, limit=2, before=newest[-1].id)

    assert [entry.subject for entry in (*newest, *older)] == ["4", "3", "2", "1"]
    assert [entry.subject for entry in read_audit(db_session, actor="user anna")] == ["3", "1"]
    assert read_audit(db_session, action="other") == []


@pytest.mark.parametrize("statement", ["UPDATE audit_entries SET actor = 'x'", "DELETE FROM audit_entries",
                                       "TRUNCATE audit_entries"])  # fmt: skip
def test_what_is_on_record_cannot_be_changed(db_session, statement):
    record(db_session, NOW, "user anna", "did")
    db_session.flush()

    with pytest.raises(DBAPIError, match="are kept as they are"), db_session.begin_nested():
        db_session.connection().exec_driver_sql(statement)

    assert db_session.scalar(select(func.count()).select_from(AuditEntry)) == 1

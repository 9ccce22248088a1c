import pytest

from app.access.roles import Role
from app.access.users import add_user
from tests.admin_rows import job_row
from tests.functional.admin.browsing import FORGED, OWN_PAGE, Browser, counted, routes
from tests.functional.admin.conftest import QUICK_HASH


def test_an_admin_sees_the_tables_and_nobody_else_does(admin, app, sessions, clock):
    with sessions.begin() as session:
        add_user(session, "ben", Role.OPERATOR, clock.now()).password_hash = QUICK_HASH
    ben = Browser(app.test_client())
    ben.client.post("/login", data={"name": "ben", "password": "correct horse battery"}, headers=OWN_PAGE)

    assert admin.get("jobs/").status_code == 200
    assert ben.get("jobs/").status_code == 403
    assert "must be admin" in ben.get("jobs/").text


def test_the_token_of_one_login_is_worth_nothing_in_the_next(admin, client):
    before = admin.token
    assert admin.log_out().status_code == 303
    admin.log_in()

    assert admin.post("markets/ajax/update/", {}, token=before).status_code == 400


def test_logging_out_is_a_change_and_ends_the_session(admin, client):
    assert client.get("/logout").status_code == 405
    assert client.post("/logout").status_code == 403
    assert admin.get("").status_code == 200
    assert admin.log_out().status_code == 303
    assert admin.get("").status_code == 302


def test_every_page_asks_who_it_is(client, password):
    answers = {path: client.get(path) for path in routes(client, "GET")}

    assert len(answers) > 50
    assert {answer.status_code for answer in answers.values()} == {302}
    assert {answer.location.partition("?")[0] for answer in answers.values()} == {"/login"}


def test_the_api_is_as_it_was(client, password):
    answer = client.get("/api/instruments")

    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers
    assert client.get("/administrator").mimetype == "application/problem+json"


@pytest.mark.parametrize("token", [None, "", FORGED])
def test_no_change_of_any_kind_is_made_without_the_token(admin, client, rows, changes, sessions, token):
    with sessions.begin() as session:
        session.add(job_row())
    before, kept = changes(), counted(sessions)
    data = {
        "list_form_pk": "CME_Futures", "automated": "", "id": "1", "action": "cancel", "rowid": "1", "name": "x",
        "note": "x", **({} if token is None else {"csrf_token": token}),
    }  # fmt: skip

    answers = {path: client.post(path, data=data, headers=OWN_PAGE).status_code for path in routes(client, "POST")}

    assert len(answers) > 50
    assert set(answers.values()) == {400}
    assert changes() == before
    assert counted(sessions) == kept


def test_a_token_in_a_header_of_another_session_is_refused(admin, app, client):
    browser = Browser(app.test_client())
    browser.log_in()
    other = browser.token

    answer = client.post("/admin/markets/ajax/update/", headers={"X-CSRFToken": other, **OWN_PAGE}, data={})

    assert answer.status_code == 400

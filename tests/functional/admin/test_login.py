from datetime import timedelta

import pytest

from app.factory import create_app
from app.local.credentials import AdminPassword
from tests.admin_rows import job_row
from tests.functional.admin.browsing import FORGED, PASSWORD, Browser, counted, routes


def test_without_a_password_nobody_gets_in_and_the_page_says_what_to_do(client):
    browser = Browser(client)

    answer = browser.log_in(password="")

    assert answer.status_code == 401
    assert "flask admin-password" in answer.text
    assert browser.get("jobs/").status_code == 302


def test_the_right_password_opens_everything_and_the_cookie_is_kept_from_scripts_and_other_sites(browser):
    answer = browser.log_in(next="/admin/jobs/?search=x")

    cookie = answer.headers["Set-Cookie"]
    assert answer.location == "/admin/jobs/?search=x"
    assert {"HttpOnly", "SameSite=Strict", "Path=/admin"} <= {part.strip() for part in cookie.split(";")}
    assert "Secure" not in cookie
    assert browser.get("jobs/").status_code == 200


def test_the_cookie_travels_by_https_alone_where_the_page_did(client, password):
    answer = client.get("/admin/login", base_url="https://localhost")

    assert "Secure" in answer.headers["Set-Cookie"]


@pytest.mark.parametrize(
    ("name", "password"), [("admin", "wrong"), ("root", PASSWORD), ("", ""), ("admin", "x" * 2000)]
)
def test_a_wrong_name_or_password_is_told_the_same(browser, name, password):
    answer = browser.log_in(name=name, password=password)

    assert answer.status_code == 401
    assert "The name or the password is wrong." in answer.text
    assert browser.get("").status_code == 302


def test_after_some_wrong_passwords_even_the_right_one_has_to_wait(browser, clock):
    for _ in range(5):
        assert browser.log_in(password="wrong").status_code == 401

    answer = browser.log_in()

    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0
    clock.advance(timedelta(seconds=int(answer.headers["Retry-After"])))
    assert browser.log_in().status_code == 302


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "https://evil.example/admin/",
        "/\\evil",
        "javascript:alert(1)",
        "/api/jobs",
        "/admin/../api",
        "",
    ],
)
def test_after_the_login_one_stays_in_the_admin(browser, target):
    assert browser.log_in(next=target).location == "/admin/"


def test_the_token_of_before_the_login_is_worth_nothing_after_it(browser):
    before = browser.token
    browser.log_in()

    assert browser.post("logout", {}, token=before).status_code == 400


def test_logging_out_is_a_change_and_ends_the_session(admin):
    assert admin.get("logout").status_code == 405
    assert admin.post("logout", {}).status_code == 302
    assert admin.get("").status_code == 302


def test_a_new_password_ends_all_sessions_and_opens_new_ones(admin, client, settings):
    AdminPassword(settings.state_dir).set("another long password")

    assert admin.get("").status_code == 302
    assert Browser(client).log_in().status_code == 401
    assert Browser(client).log_in("another long password").status_code == 302


def test_a_session_ends_after_twelve_hours(admin, clock):
    clock.advance(timedelta(hours=11, minutes=59))
    assert admin.get("").status_code == 200

    clock.advance(timedelta(minutes=2))

    assert admin.get("").status_code == 302


def test_every_page_asks_who_it_is(client, password):
    open_ones = {"/admin/login"}

    answers = {path: client.get(path).status_code for path in routes(client, "GET") if path not in open_ones}

    assert len(answers) > 50
    assert set(answers.values()) == {302}


def test_the_api_is_as_it_was(client, password):
    answer = client.get("/api/instruments")

    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers
    assert client.get("/administrator").mimetype == "application/problem+json"


@pytest.mark.parametrize(
    "told",
    [
        {"environ_base": {"REMOTE_ADDR": "192.168.1.7"}},
        {"headers": {"Host": "evil.example"}},
        {"headers": {"X-Forwarded-For": "127.0.0.1"}},
        {"headers": {"Origin": "https://evil.example"}},
    ],
)
def test_only_this_machine_is_let_in(client, password, told):
    assert client.get("/admin/login", **told).status_code == 403


def test_other_machines_are_let_in_under_the_names_that_the_settings_tell(settings, dispatch, clock, bus, sessions):
    app = create_app(settings.model_copy(update={"admin_hosts": "thor.desk.lan"}), dispatch, clock)
    far = {"environ_base": {"REMOTE_ADDR": "192.168.1.7"}}

    with app.test_client() as client:
        assert client.get("/admin/login", headers={"Host": "thor.desk.lan"}, **far).status_code == 200
        assert client.get("/admin/login", headers={"Host": "evil.example"}, **far).status_code == 403


@pytest.mark.parametrize("token", [None, "", FORGED])
def test_no_change_of_any_kind_is_made_without_the_token(admin, client, rows, changes, sessions, token):
    with sessions.begin() as session:
        session.add(job_row())
    before, kept = changes(), counted(sessions)
    data = {
        "list_form_pk": "CME_Futures", "automated": "", "id": "1", "action": "cancel", "rowid": "1", "name": "x",
        "note": "x", **({} if token is None else {"csrf_token": token}),
    }  # fmt: skip

    answers = {path: client.post(path, data=data).status_code for path in routes(client, "POST")}

    assert len(answers) > 50
    assert set(answers.values()) == {400}
    assert changes() == before
    assert counted(sessions) == kept


def test_a_token_in_a_header_of_another_session_is_refused(admin, app, client):
    other = Browser(app.test_client()).token

    answer = client.post("/admin/markets/ajax/update/", headers={"X-CSRFToken": other}, data={})

    assert answer.status_code == 400

import re
from datetime import timedelta

import pytest

from app.access.attempts import FREE
from app.access.logins import IDLE, LONGEST, make_link
from app.access.users import find_user, set_password
from app.factory import create_app
from tests.functional.admin.browsing import OWN_PAGE
from tests.functional.gate.conftest import PASSWORD

MINUTE = timedelta(minutes=1)
FAR = {"REMOTE_ADDR": "192.168.1.7"}


@pytest.fixture
def log_in(client, anna):
    def send(password=PASSWORD, name="anna", headers=OWN_PAGE, **told):
        return client.post("/login", data={"name": name, "password": password, **told}, headers=headers)

    return send


@pytest.fixture
def link(rt, anna):
    def make():
        with rt.sessions.begin() as session:
            return make_link(session, find_user(session, anna), rt.clock.now()).text

    return make


def who(client):
    return client.get("/api/me").json["name"]


def test_the_right_password_opens_everything_and_the_cookie_is_kept_from_scripts_and_other_sites(client, log_in):
    answer = log_in(next="/operations/alerts?x=1")

    cookie = answer.headers["Set-Cookie"]
    assert (answer.status_code, answer.location) == (303, "/operations/alerts?x=1")
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    assert "Secure" not in cookie
    assert "Expires" not in cookie
    assert client.get("/api/me").json == {
        "kind": "user", "name": "anna", "role": "admin", "login_path": "/login", "logout_path": "/logout",
    }  # fmt: skip


def test_the_cookie_travels_by_https_alone_where_the_page_did(client, anna):
    headers = {"Origin": "https://localhost"}

    answer = client.post(
        "/login", base_url="https://localhost", data={"name": anna, "password": PASSWORD}, headers=headers
    )

    assert answer.headers["Set-Cookie"].startswith("__Host-thor=")
    assert "Secure" in answer.headers["Set-Cookie"]


def test_two_thors_on_one_machine_have_cookies_of_their_own(client, anna):
    names = set()
    for port in ("8000", "8001"):
        base, headers = f"http://localhost:{port}", {"Origin": f"http://localhost:{port}"}
        answer = client.post("/login", base_url=base, data={"name": anna, "password": PASSWORD}, headers=headers)
        names.add(answer.headers["Set-Cookie"].partition("=")[0])

    assert names == {"thor_8000", "thor_8001"}


@pytest.mark.parametrize(
    ("name", "password"),
    [("anna", "wrong password"), ("root", PASSWORD), ("", ""), ("anna", "x" * 2000), ("anna' OR 1=1 --", PASSWORD)],
)
def test_a_wrong_name_or_password_is_told_the_same(client, log_in, name, password):
    answer = log_in(password, name)

    assert answer.status_code == 401
    assert "The name or the password is wrong." in answer.text
    assert "Set-Cookie" not in answer.headers
    assert who(client) == "anonymous"


@pytest.mark.parametrize("name", ["anna", "nobody"])
def test_after_some_wrong_passwords_every_name_has_to_wait_alike(log_in, clock, name):
    for _ in range(FREE + 1):
        assert log_in("wrong password", name).status_code == 401

    answer = log_in(name=name)

    assert answer.status_code == 429
    clock.advance(timedelta(seconds=int(answer.headers["Retry-After"])))
    assert log_in(name=name).status_code == (303 if name == "anna" else 401)


def test_a_name_is_guarded_against_many_addresses_too(client, log_in):
    codes = [
        client.post(
            "/login",
            data={"name": "anna", "password": "wrong password"},
            headers=OWN_PAGE,
            environ_base={"REMOTE_ADDR": f"127.0.0.{number}"},
        ).status_code
        for number in range(2, 40)
    ]

    assert codes[:20] == [401] * 20
    assert 429 in codes[20:]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost", "Sec-Fetch-Site": "cross-site"},
    ],
)
def test_a_form_of_another_place_logs_nobody_in_or_out(client, log_in, headers):
    assert log_in(headers=headers).status_code == 403
    assert log_in().status_code == 303

    assert client.post("/logout", headers=headers).status_code == 403
    assert who(client) == "anna"


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "same-site"}])
def test_a_login_changes_nothing_for_a_page_of_another_place(client, log_in, audit, headers):
    log_in()

    forged = client.put("/api/watchlist", json={"symbols": ["ES"]}, headers=headers)

    assert (forged.status_code, forged.mimetype) == (403, "application/problem+json")
    assert client.get("/api/watchlist").json["symbols"] != ["ES"]
    assert audit()[-1] == ("user anna", "PUT watchlist.set_watchlist", "/api/watchlist", "refused")


def test_a_login_changes_what_its_own_page_asks_for(client, log_in, audit):
    log_in()

    assert client.put("/api/watchlist", json={"symbols": ["ES"]}, headers=OWN_PAGE).status_code == 200

    assert audit()[-1] == ("user anna", "PUT watchlist.set_watchlist", "/api/watchlist", "done")


def test_logging_in_again_ends_the_login_before(client, log_in):
    log_in()
    before = client.get_cookie("thor").value
    log_in()
    after = client.get_cookie("thor").value

    assert after != before
    client.set_cookie("thor", before)
    assert who(client) == "anonymous"
    client.set_cookie("thor", after)
    assert who(client) == "anna"


def test_logging_out_ends_the_login_for_good(client, log_in, audit):
    log_in()
    before = client.get_cookie("thor").value

    assert client.get("/logout").status_code == 405
    assert client.post("/logout", headers=OWN_PAGE).location == "/login"

    client.set_cookie("thor", before)
    assert who(client) == "anonymous"
    assert audit()[-1][:2] == ("user anna", "log out")


def test_a_new_password_ends_all_logins(client, log_in, rt):
    log_in()
    with rt.sessions.begin() as session:
        set_password(session, "anna", "another long password", rt.clock.now())
    rt.ring.look_again()

    assert who(client) == "anonymous"
    assert log_in().status_code == 401
    assert log_in("another long password").status_code == 303


@pytest.mark.parametrize(("steps", "step"), [(1, IDLE), (LONGEST // (IDLE - MINUTE) + 1, IDLE - MINUTE)])
def test_a_login_ends_when_nobody_uses_it_and_when_it_lasted_for_half_a_day(client, log_in, clock, steps, step):
    log_in()

    for _ in range(steps - 1):
        clock.advance(step)
        assert who(client) == "anna"
    clock.advance(step)

    assert who(client) == "anonymous"


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "https://evil.example/", "/\\evil", "javascript:alert(1)", "\\\\evil", "evil", "/\n/evil", ""],
)
def test_after_the_login_one_stays_here(log_in, target):
    assert log_in(next=target).location == "/"


def test_a_link_logs_in_once_by_its_button(client, link, audit):
    made = link()

    for _ in range(2):
        page = client.get(f"/login/{made}?next=/chart/ES")
        assert (page.status_code, who(client)) == (200, "anonymous")
    action = re.search(r'action="([^"]+)"', page.text)[1]
    answer = client.post(action, data={"next": "/chart/ES"}, headers=OWN_PAGE)

    assert (answer.status_code, answer.location, who(client)) == (303, "/chart/ES", "anna")
    again = client.post(action, headers=OWN_PAGE)
    assert (again.status_code, "flask user link" in again.text) == (401, True)
    assert [entry[1::2] for entry in audit()] == [("log in", "done"), ("log in", "failed")]


@pytest.mark.parametrize("text", ["x", "thor_link_", "thor_key_000000000000_" + "A" * 43, "style.css%2f.."])
def test_what_is_no_link_has_no_page(client, anna, text):
    assert client.get(f"/login/{text}").status_code == 404
    assert client.post(f"/login/{text}", headers=OWN_PAGE).status_code in (401, 404)


def test_nobody_logs_in_under_a_name_that_is_not_told(settings, dispatch, clock, bus, sessions, anna):
    app = create_app(settings.model_copy(update={"web_hosts": "thor.desk.lan"}), dispatch, clock)

    with app.test_client() as client:
        told = client.get("/login", headers={"Host": "thor.desk.lan"}, environ_base=FAR)
        other = client.get("/login", headers={"Host": "evil.example"}, environ_base=FAR)

    assert (told.status_code, other.status_code) == (200, 403)


def test_the_pages_run_nothing_and_nobody_may_frame_them(client, anna, link):
    for path in ("/login", f"/login/{link()}"):
        answer = client.get(path)

        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Cache-Control"] == "no-store"
        assert "<script" not in answer.text
    assert client.get("/login/style.css").mimetype == "text/css"


def test_logins_are_on_record_with_where_they_came_from(log_in, audit):
    log_in("wrong password")
    log_in()

    assert audit() == [("nobody", "log in", "anna", "failed"), ("user anna", "log in", "anna", "done")]


def test_a_long_form_is_refused(log_in):
    assert log_in("x" * 20_000).status_code == 413

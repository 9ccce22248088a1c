import re
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from app.access.keys import revoke_key
from app.access.logins import start_login
from app.access.roles import Role
from app.access.tokens import make_token, read_token
from app.access.users import add_user
from app.clock import SystemClock
from app.gate.policy import NEEDED, OPEN, needed_by, needed_by_admin
from app.runtime import EXTENSION
from tests.fakes import FixedClock
from tests.functional.admin.browsing import OWN_PAGE
from tests.keyed_client import bearing, make_key

VALUES = {
    "day": "2025-10-09", "symbol": "ES", "source": "EXCEL", "name": "none.js", "place": "new", "section": "alerts",
    "what": "run", "export_type": "csv", "filename": "none.css", "link": "x", "market": "CME_Futures",
}  # fmt: skip
FAR = {"REMOTE_ADDR": "192.0.2.7"}
WAYS = (
    "nobody",
    "local",
    "garbage",
    "expired",
    "revoked",
    *(f"{kind} {role}" for kind in ("key", "login") for role in Role),
)


@pytest.fixture
def clock():
    return FixedClock(SystemClock().now())


@pytest.fixture
def settings(settings):
    return settings.model_copy(update={"rate_limit_per_s": 100_000.0})


@pytest.fixture
def desk(app):
    """The application with only its gate: what passes is answered 204, so that nothing is done."""
    reached = {name: lambda **_values: ("", 204) for name in app.view_functions}
    admin = app.wsgi_app.inner.admin()
    app.view_functions.update(reached)
    app.test_client_class = FlaskClient
    admin.view_functions.update({name: lambda **_values: ("", 204) for name in admin.view_functions})
    return app


@pytest.fixture
def ways(desk, clock):
    """Headers of each way to be somebody, by its name."""
    rt = desk.extensions[EXTENSION]
    revoked, expired = make_key(rt, Role.ADMIN), make_key(rt, Role.ADMIN, lasts=timedelta(minutes=1))
    found = {"nobody": {}, "local": {}, "garbage": bearing(make_token("key").text)}
    with rt.sessions.begin() as session:
        revoke_key(session, read_token(revoked, "key").id, clock.now())
        for role in Role:
            token = start_login(session, add_user(session, role.value, role, clock.now()), clock.now())
            found[f"login {role}"] = {"Cookie": f"thor={token.text}", **OWN_PAGE}
    found |= {"revoked": bearing(revoked), "expired": bearing(expired)}
    found |= {f"key {role}": bearing(make_key(rt, role)) for role in Role}
    clock.advance(timedelta(minutes=2))
    rt.ring.look_again()
    return found


def test_every_endpoint_has_a_role_and_every_role_an_endpoint(app):
    known = set(app.view_functions) - {"static"}

    assert known == set(NEEDED) | OPEN
    assert not set(NEEDED) & OPEN


def test_what_changes_something_needs_an_operator(app):
    changing = {
        rule.endpoint: needed_by(rule.endpoint)
        for rule in app.url_map.iter_rules()
        if rule.methods & {"POST", "PUT", "PATCH", "DELETE"} and rule.endpoint not in OPEN | {"me.make_stream_ticket"}
    }

    assert len(changing) >= 15
    assert all(role is not None and role.allows(Role.OPERATOR) for role in changing.values())


@pytest.mark.parametrize("way", WAYS)
def test_every_route_lets_pass_whom_it_should_and_nobody_else(desk, ways, way):
    client = desk.test_client(use_cookies=False)
    far = {} if way == "local" else {"environ_base": FAR}

    wrong, seen = [], 0
    for method, path, needed in routes(desk):
        told = ways[way] | (OWN_PAGE if needed is None else {})
        found = verdict(client.open(path, method=method, headers=told, **far))
        seen += 1
        if found != expected(way, needed):
            wrong.append((method, path, found, expected(way, needed)))

    assert wrong == []
    assert seen > 400


def test_only_pages_lead_to_the_login(desk, ways):
    client = desk.test_client(use_cookies=False)

    led = {path for method, path, _ in routes(desk) if client.open(path, method=method, environ_base=FAR).location}

    assert led
    assert not any(path.startswith(("/api/", "/metrics", "/openapi", "/admin/static")) for path in led)
    assert {"/", "/docs", "/admin/"} <= led


def test_a_refusal_is_a_problem_document_that_says_how_to_be_somebody(desk, ways):
    client = desk.test_client(use_cookies=False)

    nobody = client.get("/api/quotes", environ_base=FAR)
    viewer = client.get("/api/audit", headers=ways["key viewer"])

    assert (nobody.status_code, nobody.mimetype) == (401, "application/problem+json")
    assert nobody.headers["WWW-Authenticate"].startswith("Bearer")
    assert "Authorization: Bearer" in nobody.json["detail"]
    assert (viewer.status_code, viewer.mimetype) == (403, "application/problem+json")
    assert "must be admin" in viewer.json["detail"]


def test_an_endpoint_that_no_role_is_named_for_is_nobodys(app):
    app.add_url_rule("/api/forgotten", "forgotten", lambda: "secret")
    client = app.test_client()
    key = make_key(app.extensions[EXTENSION], Role.ADMIN)

    assert client.get("/api/forgotten", headers=bearing(key)).status_code == 403
    assert client.get("/api/forgotten").status_code == 403


def routes(desk):
    """Method, path and needed role (None: open to all) of each route, and of addresses that there are not."""
    for made, need in ((desk, needed_by), (desk.wsgi_app.inner.admin(), needed_by_admin)):
        addresses = made.url_map.bind("localhost")
        for rule in made.url_map.iter_rules():
            path = re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", lambda found: VALUES.get(found[1], "1"), rule.rule)
            for method in rule.methods if rule.endpoint != "static" else ():
                endpoint, _ = addresses.match(path, method)
                yield method, path, None if endpoint in OPEN else need(endpoint)
    for path in ("/nothing", "/api/nothing", "/api/quotes/nothing", "/.git/config"):
        yield "GET", path, Role.VIEWER


def expected(way, needed):
    if needed is None:
        return "passes"
    if way in ("garbage", "expired", "revoked", "nobody") or (way == "local" and needed is not Role.VIEWER):
        return "unknown"
    return "passes" if way == "local" or Role(way.split()[1]).allows(needed) else "forbidden"


def verdict(answer):
    """What the gate made of a request; what it let pass may still be refused behind it."""
    if answer.status_code == 401 or (answer.location or "").startswith("/login?"):
        return "unknown"
    return "forbidden" if answer.status_code == 403 else "passes"

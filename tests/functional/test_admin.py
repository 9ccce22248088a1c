import re

import pytest

from app.local.credentials import AdminPassword

PASSWORD = "correct horse battery"


def test_nobody_is_let_in_without_a_password(client):
    answer = client.get("/admin/")

    assert answer.status_code == 302
    assert answer.location == "/admin/login?next=/admin/"
    assert "flask admin-password" in client.get("/admin/login").text


@pytest.fixture
def password(settings):
    AdminPassword(settings.state_dir).set(PASSWORD)


def token_of(page):
    return re.search(r'name="csrf_token" (?:type="hidden" )?value="([^"]+)"', page)[1]


@pytest.fixture
def admin(client, password):
    page = client.get("/admin/login").text
    answer = client.post("/admin/login", data={"csrf_token": token_of(page), "name": "admin", "password": PASSWORD})
    assert answer.status_code == 302, answer.text
    return client


PLACES = (
    "jobs", "results", "signals", "predictions", "models", "watchlist", "instruments", "contract-weights",
    "signal-weights", "markets", "snapshots", "certificates", "dead-letters", "settings", "changes",
)  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
def test_every_list_is_shown(admin, place):
    answer = admin.get(f"/admin/{place}/")

    assert answer.status_code == 200, answer.text

import gzip
from pathlib import Path

import pytest

from app.dashboard.mount import POLICY, STATIC, install_dashboard
from app.factory import create_app
from app.settings import load_settings
from tests.fakes import RecordingDispatch

PLACES = ["/", "/chart", "/chart/ES", "/analysis", "/analysis/17/ES", "/analysis/new", "/premarket"]
PLACES += ["/premarket/2025-10-09", "/premarket/latest", "/operations", "/operations/alerts"]
PAGE, SCRIPT = b"<!doctype html><title>Thor</title>", b"console.log('made');" * 100
NAME = "index-B1x9_c2k.js"


@pytest.mark.parametrize("place", PLACES)
def test_every_view_of_the_dashboard_is_the_same_page(client, place):
    answer = client.get(place)

    assert (answer.status_code, answer.data, answer.mimetype) == (200, PAGE, "text/html")
    assert answer.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("place", ["/chart/ES/1m", "/operations/a/b", "/other", "/dashboard/", "/x.html"])
def test_what_is_no_view_is_not_there(client, place):
    answer = client.get(place)

    assert (answer.status_code, answer.mimetype) == (404, "application/problem+json")


def test_a_page_that_the_browser_has_is_not_sent_again_until_it_is_another(client, static):
    tag = client.get("/").headers["ETag"]

    assert client.get("/chart", headers={"If-None-Match": tag}).status_code == 304
    (static / "index.html").write_bytes(b"<!doctype html><title>Newer</title>")
    assert client.get("/", headers={"If-None-Match": tag}).status_code == 200


def test_the_page_may_load_and_frame_from_this_place_only_and_nobody_may_frame_it(client):
    told = client.get("/").headers

    policy = dict(part.split(" ", 1) for part in told["Content-Security-Policy"].split("; "))
    assert policy == {
        "default-src": "'self'",
        "style-src": "'self'",
        "script-src": "'self'",
        "img-src": "'self' data:",
        "connect-src": "'self'",
        "frame-src": "'self'",
        "object-src": "'none'",
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
    }
    assert told["Referrer-Policy"] == "same-origin"
    assert told["Cross-Origin-Opener-Policy"] == "same-origin"
    assert told["X-Content-Type-Options"] == "nosniff"


def test_the_files_of_the_page_are_kept_for_a_year(client):
    answer = client.get(f"/dashboard/assets/{NAME}")

    assert (answer.status_code, answer.data) == (200, SCRIPT)
    assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
    kept = {part.strip() for part in answer.headers["Cache-Control"].split(",")}
    assert kept == {"public", "max-age=31536000", "immutable"}
    assert answer.headers["Content-Security-Policy"] == POLICY


@pytest.mark.parametrize(
    "name",
    ["none-1.js", "../index.html", "..%2Findex.html", "%2e%2e/built.json", f"{NAME}.gz", "notes", "", "folder"],
)
def test_nothing_but_what_was_built_is_handed_out(client, name):
    answer = client.get(f"/dashboard/assets/{name}")

    assert (answer.status_code, answer.mimetype) == (404, "application/problem+json")


def test_without_a_build_the_page_says_what_to_do(client, static):
    (static / "index.html").unlink()

    answer = client.get("/chart/ES")

    assert (answer.status_code, answer.mimetype) == (503, "text/html")
    assert "make dashboard" in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Content-Security-Policy" in answer.headers


def test_a_page_that_is_taken_away_while_it_is_asked_for_is_told_as_missing(client, static, monkeypatch):
    (static / "index.html").unlink()
    monkeypatch.setattr(Path, "is_file", lambda _path: True)

    assert client.get("/").status_code == 503
    assert client.get("/dashboard/assets/none-1.js").status_code == 404


def test_a_build_shows_without_a_restart(client, static):
    (static / "index.html").unlink()
    client.get("/")

    (static / "index.html").write_bytes(b"built")

    assert client.get("/").data == b"built"


def test_nothing_is_changed_by_way_of_the_page(client):
    assert client.post("/", json={}).status_code == 405


def test_the_api_its_documentation_and_the_admin_are_where_they_were(client):
    assert client.get("/api/health/live").status_code == 200
    assert client.get("/docs").status_code == 200
    assert client.get("/admin/").status_code == 302


def test_the_built_files_belong_into_the_package():
    assert STATIC.parts[-3:] == ("app", "dashboard", "static")


@pytest.fixture
def static(tmp_path):
    """What a build leaves."""
    made = tmp_path / "static"
    (made / "assets" / "folder").mkdir(parents=True)
    (made / "index.html").write_bytes(PAGE)
    (made / "built.json").write_text("{}")
    (made / "assets" / NAME).write_bytes(SCRIPT)
    (made / "assets" / f"{NAME}.gz").write_bytes(gzip.compress(SCRIPT))
    (made / "assets" / "notes").write_text("of no known kind")
    return made


@pytest.fixture
def client(tmp_path, static, monkeypatch):
    monkeypatch.setattr(install_dashboard, "__defaults__", (static,))
    return create_app(load_settings(_env_file=None, state_dir=tmp_path / "var"), RecordingDispatch()).test_client()

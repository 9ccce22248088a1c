import gzip
from pathlib import Path

import pytest
from flask import Flask, request

from app.dashboard.files import KINDS, file_answer, page_answer

TEXT = b"body { color: #123 }" * 50


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("gzip", "gzip"),
        ("gzip, deflate, br, zstd", "gzip"),
        ("*", "gzip"),
        ("br", None),
        ("", None),
        ("gzip;q=0, *;q=0.5", None),
        (None, None),
    ],
)
@pytest.mark.parametrize("path", ["/", "/style-1.css"])
def test_a_browser_gets_what_was_packed_if_it_takes_it(client, path, accepted, encoding):
    answer = client.get(path, headers={} if accepted is None else {"Accept-Encoding": accepted})

    assert answer.headers.get("Content-Encoding") == encoding
    assert (gzip.decompress(answer.data) if encoding else answer.data) == TEXT
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert answer.mimetype == ("text/css" if "css" in path else "text/html")


@pytest.mark.parametrize("path", ["/", "/style-1.css"])
def test_both_forms_have_tags_of_their_own(client, path):
    plain = client.get(path).headers["ETag"]
    packed = client.get(path, headers={"Accept-Encoding": "gzip"}).headers["ETag"]

    assert plain != packed
    seen = client.get(path, headers={"Accept-Encoding": "gzip", "If-None-Match": packed})
    assert (seen.status_code, seen.data, seen.headers["Vary"]) == (304, b"", "Accept-Encoding")
    assert client.get(path, headers={"If-None-Match": packed}).status_code == 200


def test_a_file_that_was_not_packed_is_sent_as_it_is(client):
    answer = client.get("/font-1.woff2", headers={"Accept-Encoding": "gzip"})

    assert (answer.data, answer.headers.get("Content-Encoding")) == (b"font", None)
    assert answer.headers["Content-Type"] == KINDS[".woff2"]


@pytest.mark.parametrize("name", ["style-2.css", "style-1.css.gz", "folder.css", "../index.html", "~/x.css", ""])
def test_there_is_no_other_file(client, name):
    with client.application.test_request_context():
        assert file_answer(client.application.config["FOLDER"] / "assets", name, request) is None


@pytest.mark.parametrize("name", ["style-1.css", "style-1.css.gz"])
def test_a_file_that_a_build_takes_away_while_it_is_asked_for_is_not_there(client, monkeypatch, name):
    vanish(monkeypatch, client.application.config["FOLDER"] / "assets" / name)

    with client.application.test_request_context(headers={"Accept-Encoding": "gzip" if name.endswith("gz") else ""}):
        answer = file_answer(client.application.config["FOLDER"] / "assets", "style-1.css", request)

    assert (answer and answer.data) == (TEXT if name.endswith("gz") else None)


def test_a_page_that_a_build_takes_away_while_it_is_asked_for_is_not_there(client, monkeypatch):
    vanish(monkeypatch, client.application.config["FOLDER"] / "index.html")

    with client.application.test_request_context():
        assert page_answer(client.application.config["FOLDER"], request) is None


def vanish(monkeypatch, path):
    """Have a file vanish as soon as it was seen."""
    is_file = Path.is_file

    def see(asked):
        seen = is_file(asked)
        if asked == path:
            path.unlink(missing_ok=True)
        return seen

    monkeypatch.setattr(Path, "is_file", see)


@pytest.fixture
def client(tmp_path):
    """A server of these two functions."""
    (tmp_path / "assets" / "folder.css").mkdir(parents=True)
    for name in ("index.html", "assets/style-1.css"):
        (tmp_path / name).write_bytes(TEXT)
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress(TEXT))
    (tmp_path / "assets" / "font-1.woff2").write_bytes(b"font")
    app = Flask("made")
    app.config["FOLDER"] = tmp_path
    app.add_url_rule("/", "page", lambda: page_answer(tmp_path, request))
    app.add_url_rule("/<name>", "file", lambda name: file_answer(tmp_path / "assets", name, request))
    return app.test_client()

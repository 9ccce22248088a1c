import re

import pytest
from sqlalchemy import text

from app.access.roles import Role
from tests.factories import words
from tests.keyed_client import bearing, make_key
from tests.letters import actions_of, put_letter
from tests.tree import ROOT

TEXT = (ROOT / "docs/dead-letters.md").read_text()
CURL = re.compile(
    r"^curl -X (\w+) -H .Authorization: Bearer \$THOR_KEY. -H 'Content-Type: (\S+)' -d '(.*)' http://127.0.0.1:8000(\S+)$",
    re.MULTILINE,
)

PROBLEM = "application/problem+json"


@pytest.fixture
def put(app, sessions):
    return lambda entry, reason=None: put_letter(sessions, entry, reason)


@pytest.fixture
def ask(client):
    """Sends a body and gets the answer."""
    return lambda method, path, body, **options: client.open(
        f"/api/dead-letters{path}", method=method, json=body, **options
    )


@pytest.fixture
def seqs(sessions):
    def read():
        with sessions() as session:
            return list(session.scalars(text("SELECT seq FROM ticks ORDER BY seq")))

    return read


def test_letters_are_listed_page_by_page(client, put):
    ids = [put(words(last="x")), put(words(bid="y", symbol="NQ")), put(words(last="z"))]

    def listed(query=""):
        answer = client.get(f"/api/dead-letters?{query}")
        assert answer.status_code == 200, answer.text
        return [one["id"] for one in answer.json["dead_letters"]], answer.json["next_cursor"]

    assert listed() == (ids[::-1], None)
    assert listed("limit=2") == ([ids[2], ids[1]], str(ids[1]))
    assert listed(f"limit=2&cursor={ids[1]}") == ([ids[0]], None)
    assert listed("kind=last&state=all")[0] == [ids[2], ids[0]]
    assert listed("symbol=NQ&source=REPLAY&day=2025-10-09")[0] == [ids[1]]
    assert listed("state=redriven")[0] == []


@pytest.mark.parametrize(
    "query",
    [
        "state=lost",
        "kind=L!",
        "source=MOON",
        "symbol=E%20S",
        "symbol=",
        "day=2025-02-30",
        "day=20251009",
        "limit=0",
        "limit=1001",
        "limit=1e2",
        "cursor=0",
        "cursor=-1",
        "cursor=abc",
        "cursor=99999999999999999999",
        "cursor=%EF%BC%92",
        "offset=1",
        "kind=last&kind=bid",
    ],
)
def test_a_question_that_makes_no_sense_is_a_problem_of_the_caller(client, query):
    answer = client.get(f"/api/dead-letters?{query}")

    assert (answer.status_code, answer.content_type) == (400, PROBLEM)


def test_a_letter_is_corrected_and_redriven(ask, client, put, seqs, sessions):
    letter_id = put(words(last="x", note=b"\xff"))

    refused = ask("POST", f"/{letter_id}/redrive", {})
    corrected = ask("PATCH", f"/{letter_id}", {"fields": {"last": "5000.25", "note": None}})
    tried = ask("POST", f"/{letter_id}/redrive", {"dry_run": True})
    done = ask("POST", f"/{letter_id}/redrive", {})

    assert (refused.status_code, refused.content_type) == (409, PROBLEM)
    assert f"dead letter {letter_id} stays open: note: is not valid UTF-8" in refused.json["detail"]
    assert (corrected.status_code, corrected.json["wrong"]) == (200, None)
    assert tried.json == done.json == {"id": letter_id, "outcome": "stored", "reason": ""}
    assert seqs() == [1]
    shown = client.get(f"/api/dead-letters/{letter_id}").json
    assert (shown["state"], shown["fields"]["last"], shown["fields"]["note"]) == ("redriven", "x", {"base64": "/w=="})
    assert [(one["action"], one["actor"]) for one in shown["actions"]] == [
        ("refused", "key tests"),
        ("corrected", "key tests"),
        ("stored", "key tests"),
    ]
    assert ask("POST", f"/{letter_id}/redrive", {}).status_code == 409


def test_a_letter_is_discarded_with_a_note(ask, put, sessions):
    letter_id = put(words(last="x"))

    answer = ask("POST", f"/{letter_id}/discard", {"note": "a test"})

    assert (answer.status_code, answer.json["state"]) == (200, "discarded")
    assert actions_of(sessions, letter_id) == [("discarded", "key tests", "a test")]
    assert ask("PATCH", f"/{letter_id}", {"fields": {"last": "1"}}).status_code == 409


def test_many_are_redriven_oldest_first_in_steps(ask, put, seqs):
    ids = [put(words(seq=str(seq)), "last: was odd") for seq in range(1, 4)]
    put(words(bid="x"))

    tried = ask("POST", "/redrive", {"kind": "last", "dry_run": True}).json
    assert (tried["stored"], tried["next_after"], seqs()) == (3, None, [])
    first = ask("POST", "/redrive", {"all": True, "limit": 2}).json
    second = ask("POST", "/redrive", {"all": True, "limit": 2, "after": first["next_after"]}).json

    assert (first["stored"], first["next_after"], [one["id"] for one in first["letters"]]) == (2, ids[1], ids[:2])
    assert (second["stored"], second["refused"], second["next_after"]) == (1, 1, None)
    assert seqs() == [1, 2, 3]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", "", {}),
        ("PATCH", "", {"fields": {}}),
        ("PATCH", "", {"fields": {"last": 1}}),
        ("PATCH", "", {"fields": {"last": ["1"]}}),
        ("PATCH", "", {"fields": {"nonsense": "1"}}),
        ("PATCH", "", {"fields": {"last": "\ud800"}}),
        ("PATCH", "", {"fields": {"\ud800": None}}),
        ("PATCH", "", {"fields": {"last": "9" * 201}}),
        ("PATCH", "", {"fields": {f"f{n}": "1" for n in range(65)}}),
        ("PATCH", "", {"fields": {"last": "1"}, "state": "redriven"}),
        ("PATCH", "", {"fields": {"last": "1"}, "reset": "yes"}),
        ("PATCH", "", ["last"]),
        ("PATCH", "", 5),
        ("POST", "/discard", {}),
        ("POST", "/discard", {"note": ""}),
        ("POST", "/discard", {"note": "  "}),
        ("POST", "/discard", {"note": "a\nb"}),
        ("POST", "/discard", {"note": "x" * 501}),
        ("POST", "/discard", {"note": 7}),
        ("POST", "/redrive", {"dry_run": "no"}),
        ("POST", "/redrive", {"force": True}),
    ],
)
def test_a_body_that_makes_no_sense_changes_nothing(ask, put, sessions, method, path, body):
    letter_id = put(words(last="x"))

    answer = ask(method, f"/{letter_id}{path}", body)

    assert (answer.status_code, answer.content_type) == (400, PROBLEM), answer.text
    assert actions_of(sessions, letter_id) == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"all": False},
        {"all": True, "kind": "last"},
        {"all": 1},
        {"kind": 5},
        {"kind": "L!"},
        {"day": 20251009},
        {"day": "tomorrow"},
        {"symbol": "../x"},
        {"all": True, "limit": 0},
        {"all": True, "limit": 1001},
        {"all": True, "limit": True},
        {"all": True, "after": -1},
        {"all": True, "after": 2**63},
        {"all": True, "ids": [1]},
    ],
)
def test_a_wish_for_many_that_makes_no_sense_is_refused(ask, put, seqs, body):
    put(words(), "last: was odd")

    answer = ask("POST", "/redrive", body)

    assert (answer.status_code, answer.content_type) == (400, PROBLEM), answer.text
    assert seqs() == []


@pytest.mark.parametrize("path", ["/999999999999", f"/{2**63}", "/0", f"/{'9' * 5000}"])
def test_a_letter_that_is_not_there_is_not_found(client, ask, path):
    assert client.get(f"/api/dead-letters{path}").status_code == 404
    assert ask("POST", f"{path}/redrive", {}).status_code == 404


def test_changes_are_accepted_from_operators_wherever_they_are(ask, put, rt):
    path = f"/{put(words(), 'last: was odd')}/redrive"
    elsewhere = {"environ_base": {"REMOTE_ADDR": "192.0.2.7"}, "headers": {"Host": "thor.example"}}

    viewer = ask("POST", path, {}, headers=bearing(make_key(rt, Role.VIEWER)))

    assert (viewer.status_code, viewer.content_type) == (403, PROBLEM)
    assert ask("POST", path, {}, **elsewhere).status_code == 200


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data", None])
def test_what_a_form_can_send_is_refused(client, put, seqs, kind):
    letter_id = put(words(), "last: was odd")

    answer = client.post(f"/api/dead-letters/{letter_id}/redrive", data="{}", content_type=kind)

    assert (answer.status_code, answer.content_type, seqs()) == (415, PROBLEM, [])


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"\xff", 400),
        (b'{"dry_run": NaN}', 400),
        (b'{"dry_run": Infinity}', 400),
        (b'{"dry_run": 1e400}', 400),
        (b'{"dry_run": true, "dry_run": false}', 400),
        (b"[" * 10_000 + b"]" * 10_000, 400),
        (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, 400),
        (b'{"dry_run": ' + b"9" * 10_000 + b"}", 400),
        (b'{"x": "' + b"x" * 70_000 + b'"}', 413),
        (b"x" * 10_000_000, 413),
    ],
)
def test_a_hostile_body_is_refused(client, put, seqs, body, status):
    letter_id = put(words(), "last: was odd")

    answer = client.post(f"/api/dead-letters/{letter_id}/redrive", data=body, content_type="application/json")

    assert (answer.status_code, answer.content_type, seqs()) == (status, PROBLEM, [])


def test_the_endpoints_are_documented(client):
    paths = client.get("/openapi.json").json["paths"]

    found = {(path, method) for path, methods in paths.items() for method in methods if "dead-letters" in path}
    assert found == {
        ("/api/dead-letters", "get"),
        ("/api/dead-letters/redrive", "post"),
        ("/api/dead-letters/{letter_id}", "get"),
        ("/api/dead-letters/{letter_id}", "patch"),
        ("/api/dead-letters/{letter_id}/redrive", "post"),
        ("/api/dead-letters/{letter_id}/discard", "post"),
    }


def test_the_requests_of_the_document_work(client, put, seqs):
    letter_id = put(words(last="x"))

    for method, kind, body, path in CURL.findall(TEXT):
        answer = client.open(path.replace("17", str(letter_id)), method=method, content_type=kind, data=body)
        assert answer.status_code == 200, answer.text

    assert (len(CURL.findall(TEXT)), seqs()) == (2, [1])

import json

import pytest

from app.access.audit import read_audit
from app.access.logins import user_with_password
from app.access.roles import Caller, Role
from app.access.users import list_users

PASSWORD = "correct horse battery"


@pytest.fixture
def invoke(runner):
    def run(*words, **told):
        return runner.invoke(args=list(words), **told)

    return run


def test_a_user_is_added_with_a_password_that_is_typed_twice(invoke, rt):
    answer = invoke("user", "add", "anna", "--role=admin", input=f"{PASSWORD}\n{PASSWORD}\n")

    assert answer.exit_code == 0
    assert "anna logs in as admin at http://127.0.0.1:8000/login" in answer.output
    assert PASSWORD not in answer.output
    with rt.sessions() as session:
        assert user_with_password(session, "anna", PASSWORD).role == "admin"


def test_a_password_is_made_and_printed_alone_on_standard_output(invoke, rt):
    answer = invoke("user", "add", "ben", "--generate")
    changed = invoke("user", "password", "ben", "--generate")

    made, other = answer.stdout.strip(), changed.stdout.strip()
    assert len(made) >= 20
    with rt.sessions() as session:
        assert user_with_password(session, "ben", made) is None
        assert user_with_password(session, "ben", other).role == "viewer"


def test_roles_and_states_change_and_the_list_tells_them(invoke):
    invoke("user", "add", "anna", "--role=admin", "--generate")
    invoke("user", "add", "ben", "--generate")

    assert [invoke("user", *words).exit_code for words in (("role", "ben", "operator"), ("disable", "ben"))] == [0, 0]

    rows = json.loads(invoke("user", "list", "--json").stdout)
    assert [(row["name"], row["role"], row["disabled_at"] is None) for row in rows] == [
        ("anna", "admin", True),
        ("ben", "operator", False),
    ]
    assert "shut out" in invoke("user", "list").output
    assert invoke("user", "link", "ben").exit_code == 3
    assert invoke("user", "enable", "ben").exit_code == 0
    assert invoke("user", "disable", "anna").exit_code == 3


def test_a_link_is_an_address_that_logs_in_once(invoke, client):
    invoke("user", "add", "anna", "--role=admin", "--generate")

    address = invoke("user", "link", "anna").stdout.strip()

    assert address.startswith("http://127.0.0.1:8000/login/thor_link_")
    page = {"Origin": "http://localhost"}
    assert client.post(address.removeprefix("http://127.0.0.1:8000"), headers=page).status_code == 303
    assert client.get("/api/me").json["name"] == "anna"


def test_a_key_is_shown_once_listed_without_its_secret_and_revoked(invoke, rt):
    made = invoke("key", "add", "notebook", "--role=operator", "--days=90").stdout.strip()
    rt.ring.look_again()
    caller = rt.ring.caller_of_key(made)
    assert (caller.name, caller.role) == ("notebook", Role.OPERATOR)

    [row] = json.loads(invoke("key", "list", "--json").stdout)
    assert (row["name"], row["state"], row["id"] in made) == ("notebook", "good", True)
    assert made[-43:] not in invoke("key", "list").output
    assert invoke("key", "revoke", row["id"]).exit_code == 0
    rt.ring.look_again()

    assert rt.ring.caller_of_key(made) is None
    assert "revoked" in invoke("key", "list").output


def test_a_key_is_revoked_by_its_name_where_that_says_which(invoke, rt):
    first, other = (invoke("key", "add", name).stdout.strip() for name in ("notebook", "grafana"))
    assert invoke("key", "revoke", "notebook").exit_code == 0
    second, third = (invoke("key", "add", "notebook").stdout.strip() for _ in range(2))

    refused = invoke("key", "revoke", "notebook")

    rt.ring.look_again()
    assert refused.exit_code == 3
    assert all(made.split("_")[2] in refused.stderr for made in (second, third))
    assert first.split("_")[2] not in refused.stderr
    assert [rt.ring.caller_of_key(made) is not None for made in (first, other, second, third)] == [False, *[True] * 3]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("user", "add", "Anna", "--generate"), 2),
        (("user", "add", "anna", "--role=root", "--generate"), 2),
        (("user", "role", "eve", "admin"), 2),
        (("user", "link", "eve"), 2),
        (("user", "wrong"), 2),
        (("key", "add", "", "--role=viewer"), 2),
        (("key", "add", "x", "--days=0"), 2),
        (("key", "revoke", "nothing"), 2),
        (("audit", "--limit=0"), 2),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(invoke, words, code):
    answer = invoke(*words)

    assert answer.exit_code == code
    assert len(answer.stderr.strip().splitlines()) == 1


def test_a_short_password_adds_nobody(invoke, rt):
    assert invoke("user", "add", "anna", input="short\nshort\n").exit_code == 2

    with rt.sessions() as session:
        assert list_users(session) == []


def test_what_the_commands_did_is_on_record_and_shown(invoke, rt):
    invoke("user", "add", "anna", "--role=admin", "--generate")
    invoke("key", "add", "notebook")

    with rt.sessions() as session:
        assert [entry.action for entry in read_audit(session)] == ["add key", "add user"]
    told = json.loads(invoke("audit", "--json").stdout)
    assert [(one["action"], one["outcome"]) for one in told] == [("add key", "done"), ("add user", "done")]
    assert "add user" in invoke("audit").output
    assert "Nothing" in invoke("audit", "--actor=nobody").output


def test_a_caller_is_told_by_kind():
    assert Caller("user", "anna", Role.ADMIN, "x").label == "user anna"

import re
import shlex
from itertools import pairwise

import pytest

from app.access.keys import add_key
from app.access.logins import IDLE, LONGEST
from app.access.models import ApiKey
from app.access.passwords import SHORTEST
from app.access.ring import REFRESH_S
from app.access.roles import Role
from app.gate.policy import NEEDED, OPEN
from app.gate.tickets import LASTS_S
from tests.tree import ROOT

TEXT = (ROOT / "docs/access.md").read_text()
WORDS = " ".join(TEXT.split())
LINES = [line for block in re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL) for line in block.splitlines()]
ADDRESS = "http://127.0.0.1:8000"
PLACE = "0" * 12


@pytest.fixture
def listed_key(rt):
    """The key that the document revokes."""
    with rt.sessions.begin() as session:
        key, _ = add_key(session, "old", Role.VIEWER, rt.clock.now(), "anna")
        session.flush()
        session.query(ApiKey).filter_by(id=key.id).update({"id": PLACE})


def test_the_commands_of_the_document_work_one_after_the_other(client, runner, listed_key):
    lines = [line for line in LINES if line and not line.startswith("export ")]

    answers = {line: outcome(client, runner, shlex.split(line)) for line in lines}

    assert len(answers) >= 16
    assert {line: told for line, told in answers.items() if told not in (0, 200, 201)} == {}


def test_the_roles_of_the_document_are_those_of_the_code_in_their_order():
    table = TEXT[TEXT.index("| role |") :].partition("\n\n")[0]

    assert re.findall(r"^\| `(\w+)`", table, re.MULTILINE) == [role.value for role in Role]
    assert set(NEEDED.values()) == set(Role)


def test_what_is_open_to_all_is_what_the_document_says():
    assert {name for name in OPEN if not name.startswith("entry.")} == {"health.show_liveness"}
    assert "only `/api/health/live` and the login page answer" in WORDS


@pytest.mark.parametrize(
    ("words", "figures"),
    [
        ("A login ends after {:.0f} minutes", [IDLE.total_seconds() / 60]),
        ("after {:.0f} hours in any case", [LONGEST.total_seconds() / 3600]),
        ("it has {} letters at least", [SHORTEST]),
        ("opens nothing within {:.0f} seconds", [REFRESH_S + 2]),
    ],
)
def test_a_figure_of_the_document_is_that_of_the_code(words, figures):
    assert words.format(*figures) in WORDS
    assert LASTS_S == 30


def outcome(client, runner, words):
    """How a command ended, or the status of the answer."""
    if words[0] == "flask":
        return runner.invoke(args=words[1:]).exit_code
    url = next(word for word in words if word.startswith(ADDRESS)).removeprefix(ADDRESS)
    headers = dict(one.split(": ") for flag, one in pairwise(words) if flag == "-H")
    body = words[words.index("-d") + 1] if "-d" in words else None
    method = words[words.index("-X") + 1] if "-X" in words else "POST" if body else "GET"
    if method == "GET":
        headers.pop("Authorization")
    return client.open(url, method=method, headers=headers, data=body).status_code

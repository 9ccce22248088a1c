import ast
import re
import shlex

import pytest

from app.settings import Settings
from tests.documentation import document, shell_lines
from tests.tree import ROOT, code_files, parsed

TEXT = document("troubleshooting.md")
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in TEXT.splitlines()
    if line.startswith("| ") and not line.startswith("| symptom")
]
SAID = sorted({words for row in ROWS for words in re.findall(r'"([^"]+)"', row[0])})


def test_every_row_tells_where_to_look_and_what_to_do():
    assert len(ROWS) > 50
    assert {len(row) for row in ROWS} == {3}
    assert [row for row in ROWS if not row[2]] == []


@pytest.mark.parametrize("words", SAID)
def test_what_thor_says_is_what_the_document_says(words, spoken):
    parts = [part.strip() for part in words.split("…") if part.strip()]

    assert [part for part in parts if not any(part in line for line in spoken)] == []


@pytest.mark.parametrize("line", shell_lines(TEXT))
def test_a_command_of_the_document_answers(line, runner):
    answer = runner.invoke(args=shlex.split(line)[1:])

    # Only Thor's servers run here.
    assert answer.exit_code in ((0, 1) if "doctor" in line else (0,)), answer.output
    assert answer.output


def test_the_settings_of_the_document_exist():
    named = set(re.findall(r"`([A-Z]+_[A-Z_]+)[`=]", TEXT)) | {"LOG_LEVEL", "LOG_FORMAT"}

    assert {name.lower() for name in named} <= set(Settings.model_fields)


@pytest.fixture(scope="module")
def spoken():
    """Every text in the code, those that are put together as one, and where something is filled in as a blank."""
    texts = [
        "".join(told(part) for part in node.values) if isinstance(node, ast.JoinedStr) else str(node.value)
        for path in code_files()
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))
    ]
    pages = [path.read_text() for path in (ROOT / "app").rglob("*.html")]
    return [*texts, *pages, (ROOT / "Makefile").read_text()]


def told(part):
    return str(part.value) if isinstance(part, ast.Constant) else " "

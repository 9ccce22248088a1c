import re
import shlex

import pytest

from app.settings import Settings
from tests.documentation import document, shell_lines, unsaid

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
def test_what_thor_says_is_what_the_document_says(words):
    assert unsaid(words) == []


@pytest.mark.parametrize("line", shell_lines(TEXT))
def test_a_command_of_the_document_answers(line, runner):
    answer = runner.invoke(args=shlex.split(line)[1:])

    # Only Thor's servers run here.
    assert answer.exit_code in ((0, 1) if "doctor" in line else (0,)), answer.output
    assert answer.output


def test_the_settings_of_the_document_exist():
    named = set(re.findall(r"`([A-Z]+_[A-Z_]+)[`=]", TEXT)) | {"LOG_LEVEL", "LOG_FORMAT"}

    assert {name.lower() for name in named} <= set(Settings.model_fields)

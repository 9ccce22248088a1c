"""Every command that a document names, other than in the blocks that are run line by line, gives a proper answer."""

import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskCliRunner

from tests.documentation import commands_named, shell_lines
from tests.tree import ROOT

TEXTS = [path.read_text() for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))]
# They go on until they are stopped, and the tests of their own stop them.
ENDLESS = {"up", "demo", "excel-to-redis", "schwab-to-redis", "market-monitor", "redis-to-postgres", "schwab-login"}
# For those that read instants, and for those that ask for a password twice.
TYPED = "2025-10-09T15:30:00Z\n" * 2
# What stands for what the reader fills in, or is a line of a drawing.
BLANKS = {"NAME", "FILE", "ID", "DIR", "─────"}


def told() -> Iterator[str]:
    run = " ".join(line for text in TEXTS for line in shell_lines(text))
    for line in {line.partition("    ")[0].strip() for text in TEXTS for line in commands_named(text)}:
        words = shlex.split(line)
        is_endless = words[0] in ENDLESS and "--status" not in words
        if not is_endless and not BLANKS & set(words) and f"flask {line}" not in run:
            yield line


@pytest.mark.parametrize("line", sorted(told()))
def test_a_command_that_is_named_does_its_work_or_says_in_a_line_why_not(
    line: str, runner: FlaskCliRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    answer = runner.invoke(args=shlex.split(line), input=TYPED)

    assert answer.exception is None or isinstance(answer.exception, SystemExit)
    assert answer.exit_code in (0, 2, 3) or words_of_failure(answer.output)
    assert "No such" not in answer.output
    assert answer.output


def words_of_failure(output: str) -> bool:
    """Whether a command that failed has said of what: something is wrong with the machine, or there are no data."""
    return " wrong, " in output or "Analysis failed (" in output

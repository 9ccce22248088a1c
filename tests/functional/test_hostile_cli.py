"""What nobody should write on a command line, given to every command that takes such an option: refused in one line."""

import click
import pytest
from apiflask import APIFlask
from flask.testing import FlaskCliRunner

DAYS = [
    "2025-02-30",
    "0000-01-01",
    "9999-12-31T",
    "tomorrow",
    "2025-10-09T",
    "-1",
    "20251009",
    "2025-W41-4",
    "",
    "../x",
]
SYMBOLS = [
    "*",
    "%",
    "..",
    "../../etc/passwd",
    "ES;DROP TABLE ticks",
    "ES\nNQ",
    "ＥＳ",
    "$(id)",
    "`id`",
    "A" * 5_000,
    "-",
    "\x00",
]
NUMBERS = ["0", "-1", "1000000000", "1.5", "NaN", "", "1e3", "$(id)"]
KINDS = {
    **dict.fromkeys(["--date", "--start", "--end", "--start-date", "--end-date"], DAYS),
    **dict.fromkeys(["--symbols", "--symbol"], SYMBOLS),
    **dict.fromkeys(["--batch-size", "--job-id", "--older-than-days", "--acknowledge", "--resolve"], NUMBERS),
}
# What else a command asks for before it looks at the option.
NEEDED = {
    ("export-to-parquet", "--start"): ["--end=2025-10-09"],
    ("export-to-parquet", "--end"): ["--start=2025-10-09"],
    ("export-to-parquet", "--symbols"): ["--date=2025-10-09"],
    ("backfill-parquet", "--start"): ["--end=2025-10-09"],
    ("backfill-parquet", "--end"): ["--start=2025-10-09"],
    ("backfill-parquet", "--symbols"): ["--start=2025-10-09", "--end=2025-10-09"],
    ("run-analysis", "--start-date"): ["--symbols=ES", "--end-date=2025-10-09", "--dry-run"],
    ("run-analysis", "--end-date"): ["--symbols=ES", "--start-date=2025-10-09", "--dry-run"],
    ("run-analysis", "--symbols"): ["--dry-run"],
}


@pytest.mark.parametrize("option", KINDS)
def test_no_command_takes_what_is_hostile(app: APIFlask, runner: FlaskCliRunner, option: str) -> None:
    asked, wrong = 0, []
    for words in commands_with(app.cli, option):
        for value in KINDS[option]:
            result = runner.invoke(args=[*words, f"{option}={value}", *NEEDED.get((words[-1], option), [])])
            asked += 1
            if result.exit_code != 2 or "Traceback" in result.output or not isinstance(result.exception, SystemExit):
                wrong.append((words, option, value[:30], result.exit_code, result.output[-200:]))

    assert asked
    assert wrong == []


def commands_with(group: click.Group, option: str, before: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """The words of all of our commands that take this option."""
    found = []
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        words = (*before, name)
        if isinstance(command, click.Group):
            found += commands_with(command, option, words) if name not in ("db", "spec", "shell") else []
        elif getattr(command.callback, "__module__", "").startswith("app."):
            found += [words] if any(option in one.opts for one in command.params) else []
    return found

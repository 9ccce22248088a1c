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
# No text in UTF-8, which is how words of another encoding arrive; and one that ends before its end.
NO_TEXT = ["\udcff", "a\x00b"]
# What a terminal would obey, or be filled by.
STEERING = ["a\x1b[2Jb", "\u202eES", "x" * 100_000]
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


def test_no_command_takes_a_word_that_is_no_text(app: APIFlask, runner: FlaskCliRunner) -> None:
    asked, wrong = 0, []
    for words, option in options_of(app.cli):
        for value in NO_TEXT:
            result = runner.invoke(args=[*words, f"{option}={value}"])
            asked += 1
            if result.exit_code != 2 or not isinstance(result.exception, SystemExit):
                wrong.append((words, option, value, result.exit_code, repr(result.exception)))

    assert asked > 100
    assert wrong == []


@pytest.mark.parametrize(
    "words",
    [
        ["run-analysis", "--dry-run", "--symbols"],
        ["excel-check", "--file"],
        ["lake", "--limit"],
        ["backups", "--in"],
        ["restore"],
    ],
)
def test_no_error_that_repeats_a_word_steers_the_terminal_or_fills_it(runner: FlaskCliRunner, words: list[str]) -> None:
    for value in STEERING:
        result = runner.invoke(args=[*words[:-1], f"{words[-1]}={value}"] if len(words) > 1 else [*words, value])

        assert isinstance(result.exception, SystemExit) or result.exception is None
        assert result.stderr.replace("\n", "").isprintable()
        assert len(result.stderr) < 3_000


@pytest.mark.parametrize("words", [["backup", "--to"], ["backups", "--in"]])
def test_a_folder_whose_name_is_too_long_is_refused_in_one_line(runner: FlaskCliRunner, words: list[str]) -> None:
    result = runner.invoke(args=[words[0], f"{words[1]}={'x' * 5_000}"])

    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)


@pytest.mark.parametrize("words", [["market-monitor", "--every=NaN"], ["schwab-login", "--timeout=NaN"]])
def test_a_time_that_is_no_number_is_refused(runner: FlaskCliRunner, words: list[str]) -> None:
    result = runner.invoke(args=words)

    assert (result.exit_code, "nan is no number" in result.stderr) == (2, True)


def test_a_month_of_an_instant_that_is_none_in_the_markets_zone_is_refused(runner: FlaskCliRunner) -> None:
    result = runner.invoke(args=["calendar", "--at=0001-01-01T00:00:00Z"])

    assert (result.exit_code, "outside the calendar" in result.stderr) == (2, True)


def options_of(group: click.Group, before: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], str]]:
    """Every option of our commands that takes a word or a path, with the words of its command."""
    found = []
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            found += options_of(command, (*before, name)) if name not in ("db", "spec", "shell") else []
        elif getattr(command.callback, "__module__", "").startswith("app."):
            texts = [one for one in command.params if isinstance(one, click.Option) and not one.is_flag]
            found += [((*before, name), one.opts[0]) for one in texts]
    return found


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

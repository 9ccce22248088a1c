"""How commands speak: one line per error and the exit code that belongs to it, progress on a terminal and elsewhere."""

import contextlib
import functools
import io
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from pathlib import Path
from typing import Any, Final, NoReturn, TypeVar

import click
from flask.cli import with_appcontext
from redis.exceptions import RedisError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from sqlalchemy.exc import OperationalError

from app.cli.output import written_out
from app.errors import Conflict, NotFound, Rejected, ThorError

EXIT_FAILED: Final = 1
EXIT_BAD_INPUT: Final = 2
EXIT_REFUSED: Final = 3
EXIT_INTERRUPTED: Final = 130

T = TypeVar("T")

LINE_EVERY_S: Final = 10.0
WIDE: Final = 250
_LINE_LIMIT: Final = 2_000
_COLUMNS: Final = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())

# Elsewhere than on a terminal nothing wraps: whoever reads a pipe wants whole lines.
console = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else WIDE)


def exit_code(error: ThorError) -> int:
    """2 for bad input, 3 for refused, 1 for failed."""
    if isinstance(error, Rejected | NotFound):
        return EXIT_BAD_INPUT
    return EXIT_REFUSED if isinstance(error, Conflict) else EXIT_FAILED


class Seconds(click.FloatRange):
    """Seconds of an option, within bounds; NaN, which is neither below nor above any, is refused."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """As click does it; a BadParameter for NaN too."""
        found = super().convert(value, param, ctx)
        return found if found == found else self.fail("nan is no number", param, ctx)


class OneLineCommand(click.Command):
    """A command that says in one line what is wrong with its options."""

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        """As click does it, but without the usage; exit code 2 when the options are wrong."""
        try:
            with written_out(EXIT_FAILED):
                context = super().make_context(*args, **kwargs)
        except click.UsageError as error:
            fail(error.format_message(), EXIT_BAD_INPUT)
        except ValueError:  # The system looks for no file whose name has NUL in it.
            fail("a file's name is no text in UTF-8: type it anew", EXIT_BAD_INPUT)
        _require_text(context.params)
        return context

    def invoke(self, ctx: click.Context) -> Any:
        """As click does it; exit code 130 after Ctrl-C, and 1 when the output cannot be written."""
        with written_out(EXIT_FAILED):
            try:
                return super().invoke(ctx)
            except KeyboardInterrupt:
                fail("stopped by Ctrl-C", EXIT_INTERRUPTED)


def _require_text(params: Mapping[str, Any]) -> None:
    # A word that was typed in another encoding arrives as lone surrogates, which no file name or database takes.
    for name, value in params.items():
        for word in value if isinstance(value, tuple) else (value,):
            text = str(word) if isinstance(word, str | Path) else ""
            if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
                fail(f"{name.replace('_', '-')} is no text in UTF-8: type it anew", EXIT_BAD_INPUT)


def command(name: str, **options: Any) -> Callable[[Callable[..., Any]], click.Command]:
    """A command of the `flask` line that runs in the application and turns errors into one line and an exit code."""

    def decorate(function: Callable[..., Any]) -> click.Command:
        run = with_appcontext(reporting(function))
        made: click.Command = click.command(name, cls=OneLineCommand, **options)(run)
        return made

    return decorate


def reporting(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, with expected errors printed as one line and turned into exit codes.

    Letters that the output cannot show, as in a file on Windows, are escaped and end nothing.
    """

    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")
        try:
            return function(*args, **kwargs)
        except ThorError as error:
            fail(str(error), exit_code(error))
        except (RedisError, OperationalError) as error:
            fail(f"{_server(error)} does not answer: see `flask status`", EXIT_FAILED)

    return run


def fail(message: str, code: int) -> NoReturn:
    """Print one line on standard error and leave with `code`."""
    shown = "\n".join(_plain(line) for line in message.splitlines())
    click.echo(f"error: {shown}", err=True)
    sys.exit(code)


def _plain(line: str) -> str:
    # What was typed and is repeated must neither steer the terminal nor fill it.
    told = "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in line)
    return told if len(told) <= _LINE_LIMIT else f"{told[: _LINE_LIMIT // 2]} … {told[-_LINE_LIMIT // 2 :]}"


def progress(items: Iterable[T], label: str, total: int | None = None) -> Iterator[T]:
    """Pass the items on, with a progress bar on a terminal and nothing elsewhere."""
    known = total if total is not None else len(items) if isinstance(items, Sized) else None
    if not console.is_terminal:
        yield from items
        return
    with Progress(*_COLUMNS, console=console, transient=True) as bar:
        yield from bar.track(items, total=known, description=label)


@contextlib.contextmanager
def counting(label: str, total: int) -> Iterator[Callable[[int], None]]:
    """A function that counts work done: a progress bar on a terminal, a line every ten seconds elsewhere."""
    if console.is_terminal:
        with Progress(*_COLUMNS, console=console, transient=True) as bar:
            task = bar.add_task(label, total=total)
            yield lambda count: bar.advance(task, count)
        return
    done, said_at = 0, time.monotonic()

    def count(more: int) -> None:
        nonlocal done, said_at
        done += more
        if time.monotonic() - said_at >= LINE_EVERY_S:
            said_at = time.monotonic()
            console.print(f"{label}: {done:,} of {total:,}")

    yield count


def _server(error: Exception) -> str:
    return "Redis" if isinstance(error, RedisError) else "PostgreSQL"

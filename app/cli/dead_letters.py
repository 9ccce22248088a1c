"""The dead-letter desk on the command line."""

import json
import sys
from collections import Counter
from collections.abc import Sequence
from typing import Any

import click

from app.cli.actor import actor
from app.cli.console import EXIT_BAD_INPUT, EXIT_REFUSED, command, console, fail, progress
from app.cli.letter_choice import chosen_ids, filtered, parse_changes
from app.cli.letter_tables import print_case, print_letters, spell
from app.errors import Conflict
from app.ledger.dead_letters import STATES, LetterFilter
from app.operations.dead_letter_desk import DeadLetterDesk
from app.operations.letter_forms import case_form, summary_form
from app.operations.redriving import Redrive
from app.runtime import runtime

ALL = "all"
LINES_SHOWN = 50
NUMBER = click.IntRange(1, 2**63 - 1)


class OneLineGroup(click.Group):
    """A group that says in one line that it has no such command."""

    def resolve_command(self, *args: Any, **kwargs: Any) -> Any:
        """As click does it, but without the usage; exit code 2 when there is no such command."""
        try:
            return super().resolve_command(*args, **kwargs)
        except click.UsageError as error:
            fail(error.format_message(), EXIT_BAD_INPUT)


@command("list")
@filtered
@click.option("--state", type=click.Choice([*STATES, ALL]), default="open", show_default=True, help="Their state.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="At most so many.")
@click.option("--before", type=NUMBER, help="Go on below this id.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_letters(wanted: LetterFilter, state: str, limit: int, before: int | None, as_json: bool) -> None:
    """List dead letters, newest first."""
    chosen = LetterFilter(None if state == ALL else state, wanted.kind, wanted.source, wanted.symbol, wanted.day)
    page = _desk().page(chosen, limit, before)
    if as_json:
        letters = [summary_form(letter) for letter in page.letters]
        click.echo(json.dumps({"dead_letters": letters, "next_before": page.next_before}, indent=2))
        return
    print_letters(page.letters)
    if page.next_before:
        _say(f"There are more: add --before={page.next_before}")


@command("show")
@click.argument("letter_id", metavar="ID", type=NUMBER)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show_letter(letter_id: int, as_json: bool) -> None:
    """Show a dead letter whole: its fields as they came, the correction, and what was done with it."""
    _show(_desk().case(letter_id), as_json)


@command("correct")
@click.argument("letter_id", metavar="ID", type=NUMBER)
@click.option("--set", "given", multiple=True, metavar="FIELD=VALUE", help="Give a field a value; may be repeated.")
@click.option("--unset", "taken", multiple=True, metavar="FIELD", help="Take a field away; may be repeated.")
@click.option("--reset", is_flag=True, help="Forget what was corrected before.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def correct_letter(letter_id: int, given: tuple[str, ...], taken: tuple[str, ...], reset: bool, as_json: bool) -> None:
    """Correct fields of a dead letter, and hear what is still wrong; what came stays as it is.

    \b
    flask dead-letters correct 17 --set last=5000.25 --set seq=12 --unset note
    """
    _show(_desk().correct(letter_id, parse_changes(given, taken), reset=reset), as_json)


@command("redrive")
@click.argument("ids", metavar="[ID]...", nargs=-1, type=NUMBER)
@filtered
@click.option("--all", "everything", is_flag=True, help="All open letters.")
@click.option("--dry-run", is_flag=True, help="Tell what would come of it.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def redrive_letters(ids: tuple[int, ...], wanted: LetterFilter, everything: bool, dry_run: bool, as_json: bool) -> None:
    """Store the events of dead letters after all, by id or by filter, each exactly once.

    What is still refused stays open, and the command ends with 3.
    """
    desk = _desk()
    chosen = chosen_ids(desk, ids, wanted, everything)
    done = list(progress(desk.redrive_each(chosen, dry_run=dry_run), "Re-driving", total=len(chosen)))
    _tell(done, dry_run=dry_run, as_json=as_json)
    if not dry_run and any(one.outcome in ("refused", "passed_over") for one in done):
        sys.exit(EXIT_REFUSED)


@command("discard")
@click.argument("ids", metavar="[ID]...", nargs=-1, type=NUMBER)
@filtered
@click.option("--all", "everything", is_flag=True, help="All open letters.")
@click.option("--note", default="", help="Why; must be given.")
@click.option("--dry-run", is_flag=True, help="Tell how many it would be.")
def discard_letters(ids: tuple[int, ...], wanted: LetterFilter, everything: bool, note: str, dry_run: bool) -> None:
    """Close dead letters for good without storing them, by id or by filter; they stay on record with the note."""
    desk = _desk()
    chosen = chosen_ids(desk, ids, wanted, everything)
    if dry_run:
        _say(f"{len(chosen):,} would be discarded")
        return
    done = list(progress(desk.discard_each(chosen, note), "Discarding", total=len(chosen)))
    _say(f"{len(done):,} discarded" + (f", {len(chosen) - len(done):,} were closed already" if done != chosen else ""))
    if ids and len(done) < len(chosen):
        raise Conflict("some were not open any more: `flask dead-letters show` tells by whom they were closed")


SUBCOMMANDS = (list_letters, show_letter, correct_letter, redrive_letters, discard_letters)


@click.group("dead-letters", cls=OneLineGroup, commands=SUBCOMMANDS)
def dead_letters() -> None:
    """What could not be stored: list, show, correct, redrive, discard.

    \b
    flask dead-letters list --kind=last --source=SCHWAB
    flask dead-letters correct 17 --set last=5000.25 --unset note
    flask dead-letters redrive 17
    flask dead-letters redrive --kind=last --dry-run
    flask dead-letters discard 18 --note="test entry"
    """


def _desk() -> DeadLetterDesk:
    return DeadLetterDesk(runtime(), actor())


def _show(case: Any, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(case_form(case), indent=2))
    else:
        print_case(case)


def _tell(done: Sequence[Redrive], *, dry_run: bool, as_json: bool) -> None:
    counts = Counter(one.outcome for one in done)
    if as_json:
        letters = [{"id": one.letter_id, "outcome": one.outcome, "reason": one.reason} for one in done]
        click.echo(json.dumps({"dry_run": dry_run, **counts, "letters": letters}, indent=2))
        return
    for one in done:
        if one.reason or len(done) <= LINES_SHOWN:
            _say(f"Dead letter {one.letter_id}: {spell(one.outcome)}" + (f", {one.reason}" if one.reason else ""))
    told = ", ".join(f"{count:,} {spell(outcome)}" for outcome, count in counts.items())
    _say(f"{'It would come to' if dry_run else 'Done'}: {told or 'nothing to do'}")


def _say(line: str) -> None:
    console.print(line, markup=False)


COMMANDS = (dead_letters,)

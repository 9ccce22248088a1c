"""Dead letters as tables of the command line."""

import json
from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from app.cli.console import console
from app.ledger.models import DeadLetter
from app.operations.dead_letter_desk import Case

SHOWN = 200


def print_letters(letters: Sequence[DeadLetter]) -> None:
    """A line for each letter."""
    if not letters:
        console.print("No dead letters")
        return
    table = Table("id", "state", "source", "symbol", "day", "first seen", "reason")
    for letter in letters:
        day = letter.session_date.isoformat() if letter.session_date else ""
        seen = f"{letter.first_seen:%Y-%m-%d %H:%M:%S}"
        cells = (str(letter.id), letter.state, letter.source or "", letter.symbol or "", day, seen, letter.reason)
        table.add_row(*(Text(plain(cell)) for cell in cells))
    console.print(table)


def print_case(case: Case) -> None:
    """A letter whole: what it is, its fields beside their correction, what was done."""
    letter = case.letter
    _say(
        f"Dead letter {letter.id}, {letter.state}: entry {letter.stream_id}, {letter.first_seen:%Y-%m-%d %H:%M:%S} UTC"
    )
    _say(f"Reason: {letter.reason}")
    console.print(_fields(letter))
    if letter.truncated:
        _say("Not all of the entry was kept")
    for action in case.actions:
        note = f": {action.note}" if action.note else ""
        _say(f"{action.at:%Y-%m-%d %H:%M:%S} {action.actor} {spell(action.action)}{note}")
    if letter.state == "open":
        _say(
            f"Still wrong: {case.wrong}" if case.wrong else f"Nothing is wrong: flask dead-letters redrive {letter.id}"
        )


def spell(word: str) -> str:
    """An action or an outcome as words."""
    return word.replace("_", " ")


def plain(text: str) -> str:
    """`text` with what cannot be printed as escapes, so that an entry never steers the terminal."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def _fields(letter: DeadLetter) -> Table:
    correction = letter.correction or {}
    table = Table("field", "as it came", *(("corrected",) if correction else ()))
    for name in dict.fromkeys([*letter.fields, *correction]):
        cells = [name, _shown(letter.fields[name]) if name in letter.fields else ""]
        if correction:
            cells.append(
                "" if name not in correction else "taken away" if correction[name] is None else correction[name]
            )
        table.add_row(*(Text(plain(cell)) for cell in cells))
    return table


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}… ({len(text):,} letters)"


def _say(line: str) -> None:
    console.print(plain(line), markup=False)

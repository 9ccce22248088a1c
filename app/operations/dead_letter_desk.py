"""The dead-letter desk: look at what could not be stored, correct it, store it after all, or discard it on record."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy.orm import Session

from app.errors import Conflict, Rejected
from app.ingest.letter_fields import Correction
from app.ledger.dead_letters import (
    LetterFilter,
    hold_letter,
    hold_open_letters,
    letter_ids,
    read_actions,
    read_letter,
    read_letters,
    record_action,
)
from app.ledger.models import DeadLetter, DeadLetterAction
from app.operations.letter_reading import Terms, what_is_wrong
from app.operations.redriving import Redrive, assess, redrive, redrive_together
from app.quotes import FIELD_NAMES
from app.stores import Stores

SETTABLE: Final = frozenset(FIELD_NAMES) - {"session_date"}
VALUE_LIMIT: Final = 200
NOTE_LIMIT: Final = 500
TOGETHER: Final = 500


@dataclass(frozen=True)
class Page:
    """Dead letters, newest first; `next_before` asks for the next page, None when this is the last."""

    letters: Sequence[DeadLetter]
    next_before: int | None


@dataclass(frozen=True)
class Case:
    """A dead letter with all that was done with it; `wrong`: why it cannot be stored as it is, None when it can."""

    letter: DeadLetter
    actions: Sequence[DeadLetterAction]
    wrong: str | None


class DeadLetterDesk:
    """Everything is done in the name of `actor`, and leaves an action with its time behind; nothing is deleted.

    NotFound for an id that is none, Conflict for a letter that is not open any more. Two who do the same at once, or
    a crash in the middle, do it once: an event and the state of its letter are committed together.
    """

    def __init__(self, stores: Stores, actor: str) -> None:
        self._stores, self._sessions = stores, stores.sessions
        self._actor = actor[:64]

    def page(self, wanted: LetterFilter, limit: int, before: int | None = None) -> Page:
        """Up to `limit` letters below the id `before`."""
        with self._sessions() as session:
            found = read_letters(session, wanted, limit + 1, before)
        return Page(found[:limit], found[limit - 1].id if len(found) > limit else None)

    def case(self, letter_id: int) -> Case:
        """One letter whole."""
        with self._sessions() as session:
            return self._case(session, read_letter(session, letter_id))

    def correct(self, letter_id: int, changes: Correction, *, reset: bool = False) -> Case:
        """Add changes to the letter's correction, or with `reset` put them in its place; the original stays as it is.

        A value is text, None takes the field away. The answer says what is still wrong. Rejected when a name is no
        field of a quote or, to be taken away, of the letter, or a value is no short line.
        """
        terms = self._terms()
        with self._sessions.begin() as session:
            letter = hold_letter(session, letter_id)
            if not (changes or reset):
                raise Rejected("nothing is to be corrected: name a field with its value, or one to take away")
            _check_changes(letter, changes)
            letter.correction = {**({} if reset else letter.correction or {}), **changes}
            wrong = what_is_wrong(letter, terms)
            note = f"still wrong: {wrong}" if wrong else ""
            record_action(session, letter, "corrected", self._actor, terms.now, note=note, fields=letter.correction)
            return self._case(session, letter)

    def redrive(self, letter_id: int) -> Redrive:
        """Store the letter's event through the strict reader; a refusal leaves it open and is recorded."""
        terms = self._terms()
        with self._sessions.begin() as session:
            return redrive(session, hold_letter(session, letter_id), terms, self._actor)

    def try_redrive(self, letter_id: int) -> Redrive:
        """What `redrive` would come to; nothing is changed."""
        with self._sessions() as session:
            letter = read_letter(session, letter_id)
            if letter.state != "open":
                raise Conflict(f"dead letter {letter_id} is {letter.state} already")
            return assess(session, letter, self._terms())

    def redrive_each(self, ids: Sequence[int], *, dry_run: bool = False) -> Iterator[Redrive]:
        """Re-drive letters, each for itself; one that somebody else has closed meanwhile is passed over.

        Those that are plainly new go many to a transaction.
        """
        for start in range(0, len(ids), TOGETHER):
            some = ids[start : start + TOGETHER]
            stored = {} if dry_run else {done.letter_id: done for done in self._redrive_together(some)}
            for letter_id in some:
                yield stored.get(letter_id) or self._redrive_one(letter_id, dry_run=dry_run)

    def discard(self, letter_id: int, note: str) -> Case:
        """Close a letter for good, saying why; Rejected without a note of one line."""
        reason = _checked_note(note)
        with self._sessions.begin() as session:
            letter = hold_letter(session, letter_id)
            record_action(session, letter, "discarded", self._actor, self._stores.clock.now(), note=reason)
            return self._case(session, letter)

    def discard_each(self, ids: Sequence[int], note: str) -> Iterator[int]:
        """Discard letters one by one; the ids of those that were still open."""
        _checked_note(note)
        for letter_id in ids:
            try:
                yield self.discard(letter_id, note).letter.id
            except Conflict:
                continue

    def open_ids(self, wanted: LetterFilter, limit: int | None = None, after: int = 0) -> list[int]:
        """The ids above `after` of up to `limit` open letters that are meant, oldest first."""
        with self._sessions() as session:
            return letter_ids(session, replace(wanted, state="open"), limit, after)

    def require(self, ids: Sequence[int]) -> None:
        """NotFound when one of the ids is none."""
        with self._sessions() as session:
            for letter_id in ids:
                read_letter(session, letter_id)

    def _redrive_together(self, ids: Sequence[int]) -> list[Redrive]:
        with self._sessions() as session:
            done = redrive_together(session, hold_open_letters(session, ids), self._terms(), self._actor)
            if done:
                session.commit()
        return done or []

    def _redrive_one(self, letter_id: int, *, dry_run: bool) -> Redrive:
        try:
            return self.try_redrive(letter_id) if dry_run else self.redrive(letter_id)
        except Conflict as closed:
            return Redrive(letter_id, "passed_over", str(closed))

    def _terms(self) -> Terms:
        return Terms(self._stores.market, self._stores.lake, self._stores.clock.now())

    def _case(self, session: Session, letter: DeadLetter) -> Case:
        wrong = what_is_wrong(letter, self._terms()) if letter.state == "open" else None
        return Case(letter, read_actions(session, letter.id), wrong)


def _check_changes(letter: DeadLetter, changes: Correction) -> None:
    known: Mapping[str, Any] = {**letter.fields, **(letter.correction or {})}
    for name, value in changes.items():
        if value is None and name not in known:
            raise Rejected(f"{name[:40]!r} cannot be taken away: the letter has no such field")
        if value is not None and name not in SETTABLE:
            raise Rejected(f"{name[:40]!r} cannot be set: the fields of a quote are {', '.join(sorted(SETTABLE))}")
        if value is not None and not (len(value) <= VALUE_LIMIT and value.isprintable()):
            raise Rejected(f"{name}: give one line of at most {VALUE_LIMIT} letters")


def _checked_note(note: str) -> str:
    if not note.strip() or len(note) > NOTE_LIMIT or not note.isprintable():
        raise Rejected(f"say why in one line of at most {NOTE_LIMIT} letters: a letter is discarded with a note")
    return note.strip()

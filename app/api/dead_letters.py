"""/api/dead-letters: what could not be stored, and what is done about it."""

from collections import Counter
from typing import get_args

from apiflask import APIBlueprint

from app.api.dead_letter_shapes import (
    CorrectionBody,
    DiscardBody,
    LetterAnswer,
    LettersAnswer,
    LettersQuery,
    RedriveAnswer,
    RedriveBody,
    RedrivesAnswer,
    RedrivesBody,
)
from app.api.json_writes import require_json_write
from app.api.pages import PageAnswer, answer_page
from app.errors import Conflict
from app.gate.guard import caller
from app.operations.dead_letter_desk import DeadLetterDesk
from app.operations.letter_forms import case_form, summary_form
from app.operations.redriving import Outcome, Redrive
from app.runtime import runtime

dead_letters = APIBlueprint("dead_letters", __name__, url_prefix="/api/dead-letters", tag="Dead letters")

_LOCAL = {
    400: "The body is wrong",
    409: "The letter is closed already, or its event cannot be stored as it is",
    415: "The body is not JSON",
}


@dead_letters.before_request
def guard_writes() -> None:
    """What is sent has to be JSON."""
    require_json_write()


@dead_letters.get("")
@dead_letters.input(LettersQuery, location="query", arg_name="query")
@dead_letters.output(LettersAnswer)
@dead_letters.doc(operation_id="getDeadLetters", responses={400: "A parameter is wrong"})
def list_dead_letters(query: LettersQuery) -> PageAnswer:
    """Entries that could not be stored, newest first

    Open ones unless `state` says otherwise.
    """
    page = _desk().page(query.wanted(), query.limit, query.cursor)
    cursor = str(page.next_before) if page.next_before else None
    return answer_page("dead_letters", [summary_form(letter) for letter in page.letters], cursor)


@dead_letters.get("/<int:letter_id>")
@dead_letters.output(LetterAnswer)
@dead_letters.doc(operation_id="getDeadLetter", responses={404: "There is none of that id"})
def show_dead_letter(letter_id: int) -> dict[str, object]:
    """A dead letter whole

    Its fields as they came, its correction, what is still wrong, and what was done with it.
    """
    return case_form(_desk().case(letter_id))


@dead_letters.patch("/<int:letter_id>")
@dead_letters.input(CorrectionBody, arg_name="body")
@dead_letters.output(LetterAnswer)
@dead_letters.doc(operation_id="correctDeadLetter", responses={404: "There is none of that id", **_LOCAL})
def correct_dead_letter(letter_id: int, body: CorrectionBody) -> dict[str, object]:
    """Correct fields of an open letter

    The correction is kept even when it does not suffice: `wrong` says what is still missing. The fields as they came
    never change.
    """
    return case_form(_desk().correct(letter_id, body.fields, reset=body.reset))


@dead_letters.post("/<int:letter_id>/redrive")
@dead_letters.input(RedriveBody, arg_name="body")
@dead_letters.output(RedriveAnswer)
@dead_letters.doc(operation_id="redriveDeadLetter", responses={404: "There is none of that id", **_LOCAL})
def redrive_dead_letter(letter_id: int, body: RedriveBody) -> dict[str, object]:
    """Store a letter's event after all, exactly once

    409 with the reason when it is refused; the letter then stays open.
    """
    desk = _desk()
    done = desk.try_redrive(letter_id) if body.dry_run else desk.redrive(letter_id)
    if done.outcome == "refused" and not body.dry_run:
        raise Conflict(f"dead letter {letter_id} stays open: {done.reason}")
    return _told(done)


@dead_letters.post("/<int:letter_id>/discard")
@dead_letters.input(DiscardBody, arg_name="body")
@dead_letters.output(LetterAnswer)
@dead_letters.doc(operation_id="discardDeadLetter", responses={404: "There is none of that id", **_LOCAL})
def discard_dead_letter(letter_id: int, body: DiscardBody) -> dict[str, object]:
    """Close a letter for good without storing it

    It stays on record, with the note.
    """
    return case_form(_desk().discard(letter_id, body.note))


@dead_letters.post("/redrive")
@dead_letters.input(RedrivesBody, arg_name="body")
@dead_letters.output(RedrivesAnswer)
@dead_letters.doc(operation_id="redriveDeadLetters", responses=_LOCAL)
def redrive_dead_letters(body: RedrivesBody) -> dict[str, object]:
    """Store the events of many letters, oldest first

    Each for itself: what is refused stays open and does not hold up the others.
    """
    desk = _desk()
    ids = desk.open_ids(body.wanted(), body.limit + 1, body.after)
    done = list(desk.redrive_each(ids[: body.limit], dry_run=body.dry_run))
    counts = Counter(one.outcome for one in done)
    return {
        "dry_run": body.dry_run,
        **{outcome: counts[outcome] for outcome in get_args(Outcome)},
        "letters": [_told(one) for one in done],
        "next_after": ids[body.limit - 1] if len(ids) > body.limit else None,
    }


def _desk() -> DeadLetterDesk:
    return DeadLetterDesk(runtime(), caller().label)


def _told(done: Redrive) -> dict[str, object]:
    return {"id": done.letter_id, "outcome": done.outcome, "reason": done.reason}

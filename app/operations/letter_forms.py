"""How a dead letter is told to whoever asks, on the command line and over HTTP alike."""

from datetime import datetime

from app.clock import instant_text
from app.ledger.dead_letters import reason_kind
from app.ledger.models import DeadLetter, DeadLetterAction
from app.operations.dead_letter_desk import Case


def summary_form(letter: DeadLetter) -> dict[str, object]:
    """What a list shows of a letter, fit for JSON; times are wire form, null = not known or not yet."""
    return {
        "id": letter.id,
        "stream_id": letter.stream_id,
        "state": letter.state,
        "kind": reason_kind(letter.reason),
        "reason": letter.reason,
        "source": letter.source,
        "symbol": letter.symbol,
        "session_date": letter.session_date.isoformat() if letter.session_date else None,
        "truncated": letter.truncated,
        "first_seen": instant_text(letter.first_seen),
        "resolved_at": _moment(letter.resolved_at),
    }


def case_form(case: Case) -> dict[str, object]:
    """A letter whole: its summary, its fields as they came, the correction, what is still wrong, what was done."""
    return {
        **summary_form(case.letter),
        "fields": case.letter.fields,
        "correction": case.letter.correction or None,
        "wrong": case.wrong,
        "actions": [_action_form(action) for action in case.actions],
    }


def _action_form(action: DeadLetterAction) -> dict[str, object]:
    known = {"at": instant_text(action.at), "action": action.action, "actor": action.actor}
    return {**known, "note": action.note, "fields": action.fields}


def _moment(value: datetime | None) -> str | None:
    return instant_text(value) if value else None

"""Finding dead letters, and marking what became of them; every mark leaves an action behind, and nothing is deleted."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Literal, get_args

from sqlalchemy import ColumnElement, case, func, insert, select, update
from sqlalchemy.orm import Session

from app.errors import Conflict, NotFound, Rejected
from app.ledger.models import DeadLetter, DeadLetterAction

State = Literal["open", "redriven", "discarded"]
Action = Literal["corrected", "stored", "duplicate", "refused", "discarded"]
STATES: Final[tuple[str, ...]] = get_args(State)
MISSING: Final = "missing"
OTHER: Final = "other"
CONFLICT: Final = "conflict"
_CLOSING: Final[Mapping[str, State]] = {"stored": "redriven", "duplicate": "redriven", "discarded": "discarded"}
_PREFIX: Final = re.compile(r"([a-z_]+):")
_KIND: Final = re.compile(r"[a-z_]{1,40}")
_LAST_ID: Final = 2**63 - 1


@dataclass(frozen=True)
class LetterFilter:
    """Which dead letters are meant; None = any. `kind` is what `reason_kind` says."""

    state: str | None = None
    kind: str | None = None
    source: str | None = None
    symbol: str | None = None
    day: date | None = None


def reason_kind(reason: str) -> str:
    """What a reason is about: a field's name, `missing`, `conflict`, or `other`."""
    if found := _PREFIX.match(reason):
        return found[1]
    return MISSING if reason.endswith(" missing") else OTHER


def parse_kind(text: str) -> str:
    """`text` as a kind of reason; Rejected when no reason can be of it."""
    if not _KIND.fullmatch(text):
        raise Rejected(f"{text[:40]!r} is no kind of reason: give a field's name, {MISSING}, {CONFLICT} or {OTHER}")
    return text


def read_letters(session: Session, wanted: LetterFilter, limit: int, before: int | None = None) -> list[DeadLetter]:
    """Up to `limit` dead letters, newest first; `before` is the id of the last one of the page before."""
    query = select(DeadLetter).where(*_conditions(wanted)).order_by(DeadLetter.id.desc()).limit(limit)
    return list(session.scalars(query if before is None else query.where(DeadLetter.id < before)))


def letter_ids(session: Session, wanted: LetterFilter, limit: int | None = None, after: int = 0) -> list[int]:
    """The ids above `after` of up to `limit` dead letters, oldest first."""
    query = select(DeadLetter.id).where(DeadLetter.id > after, *_conditions(wanted)).order_by(DeadLetter.id)
    return list(session.scalars(query if limit is None else query.limit(limit)))


def count_letters(session: Session, wanted: LetterFilter) -> int:
    """How many dead letters are meant."""
    return session.scalar(select(func.count()).select_from(DeadLetter).where(*_conditions(wanted))) or 0


def read_letter(session: Session, letter_id: int) -> DeadLetter:
    """One dead letter; NotFound when there is none of that id."""
    return _found(letter_id, session.get(DeadLetter, letter_id) if 0 < letter_id <= _LAST_ID else None)


def hold_letter(session: Session, letter_id: int) -> DeadLetter:
    """An open dead letter, kept from everybody else until the transaction ends.

    NotFound when there is none of that id; Conflict when it is not open any more.
    """
    query = select(DeadLetter).where(DeadLetter.id == letter_id).with_for_update()
    known = 0 < letter_id <= _LAST_ID
    letter = _found(letter_id, session.scalar(query, execution_options={"populate_existing": True}) if known else None)
    if letter.state != "open":
        raise Conflict(f"dead letter {letter_id} is {letter.state} already: `flask dead-letters show` tells by whom")
    return letter


def hold_open_letters(session: Session, ids: Sequence[int]) -> list[DeadLetter]:
    """Those of the letters that are open, in order, kept from everybody else until the transaction ends."""
    # Everybody waits in the same order, so that two who want the same letters do not wait for each other.
    query = select(DeadLetter).where(DeadLetter.id.in_(ids), DeadLetter.state == "open").order_by(DeadLetter.id)
    return list(session.scalars(query.with_for_update(), execution_options={"populate_existing": True}))


def read_actions(session: Session, letter_id: int) -> Sequence[DeadLetterAction]:
    """What was done with a dead letter, in order."""
    query = select(DeadLetterAction).where(DeadLetterAction.dead_letter_id == letter_id)
    return session.scalars(query.order_by(DeadLetterAction.id)).all()


def record_action(
    session: Session,
    letter: DeadLetter,
    action: Action,
    actor: str,
    now: datetime,
    *,
    note: str = "",
    fields: Mapping[str, Any] | None = None,
) -> None:
    """Note what `actor` did with a letter, and close it where the action does."""
    added = DeadLetterAction(dead_letter_id=letter.id, at=now, action=action, actor=actor, note=note)
    if fields is not None:  # None given would be the null of JSON.
        added.fields = dict(fields)
    session.add(added)
    if action in _CLOSING:
        letter.state, letter.resolved_at = _CLOSING[action], now
    session.flush()


def record_stored(session: Session, stored: Mapping[int, Mapping[str, Any]], actor: str, now: datetime) -> None:
    """Note that `actor` stored the events of letters, by letter id and with the fields of the action; closes them."""
    known = {"action": "stored", "actor": actor, "at": now}
    rows = [{"dead_letter_id": letter_id, "fields": dict(fields), **known} for letter_id, fields in stored.items()]
    session.execute(insert(DeadLetterAction), rows)
    closing = update(DeadLetter).where(DeadLetter.id.in_(stored)).values(state=_CLOSING["stored"], resolved_at=now)
    session.execute(closing, execution_options={"synchronize_session": False})


def _found(letter_id: int, letter: DeadLetter | None) -> DeadLetter:
    if letter is None:
        raise NotFound(f"there is no dead letter {letter_id}: `flask dead-letters list` shows those that are")
    return letter


def _conditions(wanted: LetterFilter) -> list[ColumnElement[bool]]:
    asked: list[tuple[ColumnElement[Any], object]] = [
        (DeadLetter.state.expression, wanted.state),
        (_kind(), wanted.kind),
        (DeadLetter.source.expression, wanted.source),
        (DeadLetter.symbol.expression, wanted.symbol),
        (DeadLetter.session_date.expression, wanted.day),
    ]
    return [column == value for column, value in asked if value is not None]


def _kind() -> ColumnElement[str]:
    reason = DeadLetter.reason.expression
    return func.coalesce(
        func.substring(reason, f"^{_PREFIX.pattern}"), case((reason.like(f"% {MISSING}"), MISSING), else_=OTHER)
    )

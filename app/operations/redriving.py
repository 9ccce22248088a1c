"""Bringing the events of dead letters into ticks after all, each once. Nothing here commits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.errors import Conflict, Rejected
from app.lake.layout import TICKS
from app.lake.manifest import find_file
from app.ledger.dead_letters import CONFLICT, Action, record_action, record_stored
from app.ledger.duplicates import add_duplicates
from app.ledger.models import DeadLetter
from app.operations.letter_reading import ADVICE, Event, Terms, read_event
from app.quotes import Quote
from app.ticks.identity import CONTENT, differing_fields, find_content
from app.ticks.partitions import ensure_partitions
from app.ticks.store import merge_ticks

Outcome = Literal["stored", "already_there", "refused", "passed_over"]


@dataclass(frozen=True)
class Redrive:
    """What a re-drive comes to, or would; `reason` says why nothing is stored."""

    letter_id: int
    outcome: Outcome
    reason: str = ""


def assess(session: Session, letter: DeadLetter, terms: Terms) -> Redrive:
    """What a re-drive of the letter would come to; nothing is changed."""
    try:
        return _compare(session, read_event(letter, terms), terms) or Redrive(letter.id, "stored")
    except Rejected as error:
        return Redrive(letter.id, "refused", str(error))


def redrive(session: Session, letter: DeadLetter, terms: Terms, actor: str) -> Redrive:
    """Store the event of a letter that the session holds, and record the action; the caller commits both together.

    An event that is stored already counts as a duplicate. What is refused leaves the letter open.
    """
    try:
        event = read_event(letter, terms)
        done = _store(session, event, terms)
    except Rejected as error:
        record_action(session, letter, "refused", actor, terms.now, note=str(error))
        return Redrive(letter.id, "refused", str(error))
    action: Action = "stored" if done.outcome == "stored" else "duplicate"
    record_action(session, letter, action, actor, terms.now, fields=event.identity)
    return done


def redrive_together(session: Session, letters: Sequence[DeadLetter], terms: Terms, actor: str) -> list[Redrive] | None:
    """Store the events of letters that the session holds, as far as they are plainly new, and record the actions.

    What cannot be stored, or lies in a day that has left the database, is left out. None, and the caller must roll
    back, when some event turns out to be stored already: then each letter has to be looked at for itself.
    """
    _hold_days(session)
    events = [event for letter in letters if (event := _readable(letter, terms))]
    kept = {_day_of(event): _is_in_lake(session, *_day_of(event)) for event in events}
    events = [event for event in events if not kept[_day_of(event)]]
    if not events:
        return []
    ensure_partitions(session, {event.quote.session_date for event in events})
    if merge_ticks(session, [event.line for event in events]) < len(events):
        return None
    record_stored(session, {event.letter.id: event.identity for event in events}, actor, terms.now)
    return [Redrive(event.letter.id, "stored") for event in events]


def _hold_days(session: Session) -> None:
    # Until the transaction ends, no day leaves the database.
    session.execute(text("LOCK TABLE ONLY ticks IN ROW EXCLUSIVE MODE"))


def _day_of(event: Event) -> tuple[str, date]:
    return event.quote.symbol, event.quote.session_date


def _readable(letter: DeadLetter, terms: Terms) -> Event | None:
    try:
        return read_event(letter, terms)
    except Rejected:
        return None


def _store(session: Session, event: Event, terms: Terms) -> Redrive:
    _hold_days(session)
    found = _compare(session, event, terms)
    if found is None:
        ensure_partitions(session, {event.quote.session_date})
        if merge_ticks(session, [event.line]):
            return Redrive(event.letter.id, "stored")
        # Somebody else stored it in the meantime.
        found = _compare(session, event, terms)
    if found is None:
        raise Rejected("the event was stored and vanished: try again")
    add_duplicates(session, {event.published_as: 1})
    return found


def _compare(session: Session, event: Event, terms: Terms) -> Redrive | None:
    content = find_content(session, event.quote) or _content_in_lake(session, event.quote, terms)
    if content is None:
        return None
    if differing := differing_fields(content, event.quote):
        reason = f"{CONFLICT}: the stored event of this symbol, ts, source and seq has another {', '.join(differing)}"
        raise Rejected(f"{reason}: {ADVICE}")
    return Redrive(event.letter.id, "already_there")


def _is_in_lake(session: Session, symbol: str, day: date) -> bool:
    file = find_file(session, TICKS, day, symbol)
    return file is not None and file.purged_at is not None


def _content_in_lake(session: Session, quote: Quote, terms: Terms) -> Mapping[str, object] | None:
    if not _is_in_lake(session, quote.symbol, quote.session_date):
        return None
    # Arrow takes half a second and 100 MB to load, and most days are still in the database.
    from app.history.ticks import read_ticks

    span = (quote.symbol, quote.ts, quote.ts + timedelta(microseconds=1))
    columns = ("seq", *CONTENT)
    try:
        ticks = read_ticks(session, terms.lake, terms.market, *span, source=quote.source, columns=columns)
    except Conflict as damage:
        raise Rejected(str(damage)) from None
    return next((row for row in ticks.to_pylist() if row["seq"] == quote.seq), None)

"""Accounting for every entry of a batch, once: stored, a duplicate, a dead letter or lost. Nothing here commits.

Entries come again after a crash, and two processes may store the same ones at once. Each commit leaves behind which
entries it covered, and whoever finds that an event is stored already looks there first, one process at a time.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.ingest.batch import Batch
from app.ingest.dead_letters import save_dead_letters
from app.ingest.rows import Reject, Rows
from app.ledger.batches import committed_within, id_number, is_any_committed, record_each, recording
from app.ledger.duplicates import add_duplicates
from app.ledger.losses import record_trimmed
from app.ticks.store import TickKey, count_lines, find_conflicts, merge_by_key

_LOCK: Final = 7_310_002  # One counter of duplicates at a time; the number has no other meaning.
CONFLICT: Final = "conflict: an event with this symbol, ts, source and seq is stored with other content"


@dataclass(frozen=True)
class Account:
    """What a batch comes to. `duplicates`, `rejects` and `trimmed` are to be recorded; `conflicts` of the rejects are.

    `known`: entries that were accounted for by an earlier commit.
    """

    written: int
    rejects: Sequence[Reject]
    conflicts: int = 0
    duplicates: "Counter[TickKey]" = field(default_factory=Counter)
    trimmed: Sequence[bytes] = ()
    known: frozenset[bytes] = frozenset()


def merge(session: Session, batch: Batch, rows: Rows) -> Account:
    """Add those rows of the batch that are not stored yet, and find out what the others are."""
    added = merge_by_key(session, rows.lines) if rows.lines else Counter[TickKey]()
    if added.total() == len(rows.lines) and not batch.seen_before:
        return Account(added.total(), rows.rejects)
    # What this process inserted made it wait for others at the same rows, but a row that was there did not.
    session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    known = _committed_before(session, batch)
    conflicts = set(find_conflicts(session)) if added.total() < len(rows.lines) else set[int]()
    new = (
        line
        for place, (entry_id, line) in enumerate(zip(rows.ids, rows.lines, strict=True))
        if place not in conflicts and entry_id not in known
    )
    return Account(
        written=added.total(),
        rejects=[*rows.rejects, *_conflicting(batch, {rows.ids[place] for place in conflicts})],
        conflicts=len(conflicts),
        duplicates=count_lines(new) - added,
        trimmed=[entry_id for entry_id in rows.trimmed if entry_id not in known],
        known=known,
    )


def book(
    session: Session, batch: Batch, account: Account, consumer: str, session_of: Callable[[datetime], date]
) -> None:
    """Record the account, and that the batch's entries are accounted for."""
    add_duplicates(session, account.duplicates)
    save_dead_letters(session, account.rejects, session_of)
    record_trimmed(session, batch.generation, [entry_id.decode() for entry_id in account.trimmed])
    if batch.seen_before:
        new = {entry_id for entry_id, _words in batch.entries} - account.known
        record_each(session, consumer, sorted(map(id_number, new)))
    elif batch.entries:
        session.execute(text(account_statement(batch, consumer)))


def account_statement(batch: Batch, consumer: str) -> str:
    """The statement that accounts for the whole of a batch that was not delivered before."""
    first, last = batch.entries[0][0], batch.entries[-1][0]
    return recording(consumer, id_number(first), id_number(last), len(batch.entries))


def _committed_before(session: Session, batch: Batch) -> frozenset[bytes]:
    ids = [entry_id for entry_id, _words in batch.entries]
    if not batch.seen_before and not is_any_committed(session, id_number(ids[0]), id_number(ids[-1])):
        return frozenset()
    numbers = {id_number(entry_id): entry_id for entry_id in ids}
    return frozenset(numbers[number] for number in committed_within(session, numbers))


def _conflicting(batch: Batch, ids: set[bytes]) -> list[Reject]:
    return [Reject(entry_id, CONFLICT, words) for entry_id, words in batch.entries if words and entry_id in ids]

"""Putting aside what cannot be stored: a row per entry, and its copy in the stream of dead letters."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from itertools import islice
from typing import Any, Final

from redis import Redis
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.bus import keys
from app.clock import parse_instant
from app.errors import Rejected
from app.ingest.letter_fields import KEPT_BYTES, KEPT_FIELDS, readable_fields
from app.ingest.rows import Reject
from app.ledger.models import DeadLetter
from app.quotes import known_source, parse_symbol

STREAM_KEPT: Final = 100_000
_REASON_KEPT: Final = 1000
# A row may hold a quarter of a megabyte, and a statement is built in memory.
_ROWS_AT_ONCE: Final = 50


def save_dead_letters(session: Session, rejects: Sequence[Reject], session_of: Callable[[datetime], date]) -> int:
    """Keep each reject once, however often it is delivered; returns how many are new.

    Source, symbol and trading day are filled in where the entry tells them validly, the day by `session_of`.
    """
    saved = 0
    for start in range(0, len(rejects), _ROWS_AT_ONCE):
        rows = [_row(reject, session_of) for reject in rejects[start : start + _ROWS_AT_ONCE]]
        added = insert(DeadLetter).values(rows).on_conflict_do_nothing(index_elements=["stream_id"])
        saved += len(session.scalars(added.returning(DeadLetter.id)).all())
    return saved


def announce_dead_letters(client: Redis, rejects: Sequence[Reject]) -> None:
    """Copy the rejects to the stream of dead letters, newest 100,000 kept; the table has them all."""
    for reject in rejects:
        fields: dict[Any, Any] = {b"stream_id": reject.id, b"reason": reject.reason.encode()}
        for name, value in islice(zip(reject.words[::2], reject.words[1::2], strict=False), KEPT_FIELDS):
            fields[b"field:" + name[:100]] = value[:KEPT_BYTES]
        client.xadd(keys.DEAD_STREAM, fields, maxlen=STREAM_KEPT)


def count_dead_letters(session: Session) -> int:
    """How many entries were ever put aside."""
    return session.scalar(select(func.count()).select_from(DeadLetter)) or 0


def _row(reject: Reject, session_of: Callable[[datetime], date]) -> dict[str, Any]:
    fields, truncated = readable_fields(reject.words)
    return {
        "stream_id": reject.id.decode(),
        "reason": reject.reason.replace("\x00", "\\x00")[:_REASON_KEPT],
        "fields": fields,
        "truncated": truncated,
        "source": _valid(known_source, fields.get("source")),
        "symbol": _valid(parse_symbol, fields.get("symbol")),
        "session_date": _valid(lambda ts: session_of(parse_instant(ts)), fields.get("ts")),
    }


def _valid(read: Callable[[str], Any], value: object) -> Any:
    try:
        return read(value) if isinstance(value, str) else None
    except Rejected:
        return None

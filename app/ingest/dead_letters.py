"""Putting aside what cannot be stored: a row per entry, and its copy in the stream of dead letters."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any, Final

from redis import Redis
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.bus import keys
from app.clock import parse_instant
from app.errors import Rejected
from app.ingest.letter_fields import readable_fields
from app.ingest.rows import Reject
from app.ledger.models import DeadLetter
from app.quotes import known_source, parse_symbol

# At worst some 30 MB in a server that must not run out of memory.
STREAM_KEPT: Final = 10_000
SHOWN_BYTES: Final = 2_000
_SHOWN_OF_EACH: Final = 200
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
    """Show the rejects in the stream of dead letters, newest 10,000 kept; the table has them all, and more of each.

    Of an entry the first fields are shown, as far as 2,000 bytes go, and 200 bytes of a name, a value or the reason.
    """
    for reject in rejects:
        client.xadd(keys.DEAD_STREAM, _shown(reject), maxlen=STREAM_KEPT)


def count_dead_letters(session: Session) -> int:
    """How many entries were ever put aside."""
    return session.scalar(select(func.count()).select_from(DeadLetter)) or 0


def _shown(reject: Reject) -> dict[Any, Any]:
    shown: dict[Any, Any] = {b"stream_id": reject.id, b"reason": reject.reason.encode()[:_SHOWN_OF_EACH]}
    left = SHOWN_BYTES
    for name, value in zip(reject.words[::2], reject.words[1::2], strict=False):
        name, value = b"field:" + name[:_SHOWN_OF_EACH], value[:_SHOWN_OF_EACH]
        left -= len(name) + len(value)
        if left < 0:
            break
        shown[name] = value
    return shown


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

"""Putting aside what cannot be stored: a row per entry, and its copy in the stream of dead letters."""

import base64
from collections.abc import Sequence
from itertools import islice
from typing import Any

from redis import Redis
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.bus import keys
from app.ingest.rows import Reject
from app.ledger.models import DeadLetter

KEPT_BYTES = 4096
KEPT_FIELDS = 64
STREAM_KEPT = 100_000


def save_dead_letters(session: Session, rejects: Sequence[Reject]) -> None:
    """Keep each reject once, however often it is delivered."""
    if rejects:
        rows = [{"stream_id": r.id.decode(), "reason": r.reason, "fields": readable_fields(r.words)} for r in rejects]
        session.execute(insert(DeadLetter).values(rows).on_conflict_do_nothing(index_elements=["stream_id"]))


def announce_dead_letters(client: Redis, rejects: Sequence[Reject]) -> None:
    """Copy the rejects to the stream of dead letters, newest 100,000 kept; the table has them all."""
    for reject in rejects:
        fields: dict[Any, Any] = {b"stream_id": reject.id, b"reason": reject.reason.encode()}
        for name, value in _kept(reject.words):
            fields[b"field:" + name[:100]] = value[:KEPT_BYTES]
        client.xadd(keys.DEAD_STREAM, fields, maxlen=STREAM_KEPT)


def count_dead_letters(session: Session) -> int:
    """How many entries were ever put aside."""
    return session.scalar(select(func.count()).select_from(DeadLetter)) or 0


def readable_fields(words: Sequence[bytes]) -> dict[str, object]:
    """The first 64 names and values as text; values are cut at 4,096 letters or bytes.

    What is no text, or holds NUL, becomes {"base64": …}.
    """
    return {
        name.decode("utf-8", "backslashreplace").replace("\x00", "\\x00")[:200]: _readable(value)
        for name, value in _kept(words)
    }


def _kept(words: Sequence[bytes]) -> "islice[tuple[bytes, bytes]]":
    return islice(zip(words[::2], words[1::2], strict=False), KEPT_FIELDS)


def _readable(value: bytes) -> object:
    try:
        text = value.decode()
    except UnicodeDecodeError:
        text = "\x00"
    return {"base64": base64.b64encode(value[:KEPT_BYTES]).decode()} if "\x00" in text else text[:KEPT_BYTES]

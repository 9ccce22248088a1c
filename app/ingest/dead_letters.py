"""Putting aside what cannot be stored: a row per entry, and its copy in the stream of dead letters."""

import base64
from collections.abc import Sequence

from redis import Redis
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.bus import keys
from app.ingest.models import DeadLetter
from app.ingest.rows import Reject

KEPT_BYTES = 4096
STREAM_KEPT = 100_000


def save_dead_letters(session: Session, rejects: Sequence[Reject]) -> None:
    """Keep each reject once, however often it is delivered."""
    if rejects:
        rows = [{"stream_id": r.id.decode(), "reason": r.reason, "fields": readable_fields(r.words)} for r in rejects]
        session.execute(insert(DeadLetter).values(rows).on_conflict_do_nothing(index_elements=["stream_id"]))


def announce_dead_letters(client: Redis, rejects: Sequence[Reject]) -> None:
    """Copy the rejects to the stream of dead letters, newest 100,000 kept; the table has them all."""
    for reject in rejects:
        words = dict(zip(reject.words[::2], (word[:KEPT_BYTES] for word in reject.words[1::2]), strict=False))
        fields = {"stream_id": reject.id, "reason": reject.reason, **{b"field:" + k[:100]: v for k, v in words.items()}}
        client.xadd(keys.DEAD_STREAM, fields, maxlen=STREAM_KEPT)  # type: ignore[arg-type]


def count_dead_letters(session: Session) -> int:
    """How many entries were ever put aside."""
    return session.scalar(select(func.count()).select_from(DeadLetter)) or 0


def readable_fields(words: Sequence[bytes]) -> dict[str, object]:
    """Names and values as text; what is no text, or holds NUL, becomes {"base64": …}; long values are cut at 4 KiB."""
    names = (word.decode("utf-8", "backslashreplace").replace("\x00", "\\x00")[:200] for word in words[::2])
    return dict(zip(names, map(_readable, words[1::2]), strict=False))


def _readable(value: bytes) -> object:
    kept = value[:KEPT_BYTES]
    try:
        text = kept.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(kept).decode()}
    return {"base64": base64.b64encode(kept).decode()} if "\x00" in text else text

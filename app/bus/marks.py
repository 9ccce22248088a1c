"""Marks in the stream: where it stood at a moment, and whether the ingest group is done with all up to there."""

from dataclasses import dataclass
from typing import Any

from redis import Redis

from app.bus import keys
from app.bus.stream import stream_state


@dataclass(frozen=True)
class StreamMark:
    """The stream at a moment: its newest id, entries ever added, and its generation (None before it has a group)."""

    last_id: str
    added: int
    generation: str | None


def mark_stream(client: Redis) -> StreamMark:
    """Where the stream stands; `client` replies in text."""
    generation: Any = client.get(keys.GENERATION)
    state = stream_state(client)
    return StreamMark(state.last_id, state.added, generation)


def is_past(client: Redis, mark: StreamMark, group: str = keys.INGEST_GROUP) -> bool:
    """Whether each entry that was in the stream at `mark` is acknowledged, or known to the group as trimmed away.

    False without a group, or when the stream is another one than at the mark.
    """
    if mark.generation is None or client.get(keys.GENERATION) != mark.generation or not client.exists(keys.STREAM):
        return False
    found = [row for row in client.xinfo_groups(keys.STREAM) if row["name"] == group]
    if not found:
        return False
    pending = client.xpending(keys.STREAM, group)["min"]
    reached = found[0]["last-delivered-id"]
    all_read = _order(reached) >= _order(mark.last_id) or (found[0].get("entries-read") or 0) >= mark.added
    return all_read and (pending is None or _order(pending) > _order(mark.last_id))


def oldest_waiting(client: Redis, group: str = keys.INGEST_GROUP) -> str | None:
    """The id of the oldest entry that the group has not acknowledged, be it read or not; None when all is stored.

    `client` replies in bytes, because the words of an entry need not be text.
    """
    if not client.exists(keys.STREAM):
        return None
    groups: Any = client.xinfo_groups(keys.STREAM)
    delivered = [row["last-delivered-id"] for row in groups if row["name"] == group.encode()]
    pending: Any = client.xpending(keys.STREAM, group)["min"] if delivered else None
    start = f"({delivered[0].decode()}" if delivered else "-"
    unread: Any = client.xrange(keys.STREAM, start, count=1) or []
    waiting = [one.decode() for one in (pending, *(entry_id for entry_id, _words in unread)) if one is not None]
    return min(waiting, key=_order, default=None)


def _order(stream_id: str) -> tuple[int, int]:
    ms, _, part = stream_id.partition("-")
    return int(ms), int(part or 0)

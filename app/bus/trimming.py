"""Trimming the stream: only what every group has acknowledged, and while there is room no client can ask for."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from redis import Redis

from app.bus import keys
from app.bus.joining import Position
from app.bus.stream import STREAM_CAP, stream_state

_NODES: Final = 100_000  # Entries one call may look at, so that a long trim does not hold the server up.
_STEPS: Final = 1_000
# From this share of the cap on, room for new entries comes before clients that want to resume.
FULL_SHARE: Final = 0.7


@dataclass(frozen=True)
class Trimmed:
    """What a trim did: entries dropped, and the id that everything still in the stream reaches or exceeds.

    `oldest_id` is None before there is anything: what is older than it can never be read again.
    """

    entries: int
    oldest_id: str | None


def trim_stored(client: Redis, now: datetime, window_s: float, cap: int = STREAM_CAP) -> Trimmed:
    """Drop entries below the acknowledged watermark that are older than `window_s`, in steps that hold nobody up.

    Of a stream that is longer than 70 % of `cap`, those below the watermark go however young they are.
    """
    watermark = acknowledged_watermark(client)
    trimmed = 0
    if watermark is not None:
        window = f"{max(0, int((now.timestamp() - window_s) * 1000))}-0"
        is_roomy = client.xlen(keys.STREAM) <= FULL_SHARE * cap
        oldest = min(watermark, window, key=_order) if is_roomy else watermark
        for _step in range(_STEPS):
            dropped = int(client.xtrim(keys.STREAM, minid=oldest, approximate=True, limit=_NODES))
            trimmed += dropped
            if dropped == 0:
                break
    return Trimmed(trimmed, _oldest_id(client))


def acknowledged_watermark(client: Redis) -> str | None:
    """The id below which every group has acknowledged everything; None while there is no group."""
    if not client.exists(keys.STREAM):
        return None
    marks = []
    for group in client.xinfo_groups(keys.STREAM):
        pending = client.xpending(keys.STREAM, group["name"])
        marks.append(pending["min"] or group["last-delivered-id"])
    return min(marks, key=_order, default=None)


def acknowledged_position(client: Redis, group: str = keys.INGEST_GROUP) -> Position | None:
    """The stream's generation, and the id up to which, itself included, the group has acknowledged everything.

    Both are of one moment; None while there is no group. `client` replies in text.
    """
    with client.pipeline(transaction=True) as pipe:
        pipe.get(keys.GENERATION)
        pipe.exists(keys.STREAM)
        pipe.xinfo_groups(keys.STREAM)
        pipe.xpending(keys.STREAM, group)
        generation, exists, groups, pending = pipe.execute(raise_on_error=False)
    if generation is None or not exists or isinstance(pending, Exception):
        return None
    given: list[str] = [row["last-delivered-id"] for row in groups if row["name"] == group]
    return generation, _before(pending["min"]) if pending["min"] else given[0]


def _oldest_id(client: Redis) -> str | None:
    state = stream_state(client)
    return (state.first_id or state.last_id) if state.added else None


def _before(stream_id: str) -> str:
    ms, part = _order(stream_id)
    return f"{ms}-{part - 1}" if part else f"{ms - 1}-{2**64 - 1}"


def _order(stream_id: str) -> tuple[int, int]:
    ms, _, part = stream_id.partition("-")
    return int(ms), int(part or 0)

"""Trimming the stream: only what every group has acknowledged and no client can still ask for."""

from datetime import datetime
from typing import Final

from redis import Redis

from app.bus import keys

_NODES: Final = 100_000  # Entries one call may look at, so that a long trim does not hold the server up.


def trim_stored(client: Redis, now: datetime, window_s: float) -> int:
    """Drop entries below the acknowledged watermark that are older than `window_s`; returns how many."""
    watermark = acknowledged_watermark(client)
    if watermark is None:
        return 0
    window = f"{max(0, int((now.timestamp() - window_s) * 1000))}-0"
    oldest = min(watermark, window, key=_order)
    return int(client.xtrim(keys.STREAM, minid=oldest, approximate=True, limit=_NODES))


def acknowledged_watermark(client: Redis) -> str | None:
    """The id below which every group has acknowledged everything; None while there is no group."""
    if not client.exists(keys.STREAM):
        return None
    marks = []
    for group in client.xinfo_groups(keys.STREAM):
        pending = client.xpending(keys.STREAM, group["name"])
        marks.append(pending["min"] or group["last-delivered-id"])
    return min(marks, key=_order, default=None)


def _order(stream_id: str) -> tuple[int, int]:
    ms, _, part = stream_id.partition("-")
    return int(ms), int(part or 0)

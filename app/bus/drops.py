"""Announcing what a collector had to drop, or cannot read any more: counted as published, and told as lost, once."""

from dataclasses import dataclass
from typing import Final

from redis import Redis

from app.bus import keys
from app.bus.leases import Lease
from app.bus.published import count_name

KIND: Final = "collector_drop"
NO_ROOM: Final = "no room"
DAMAGED_SPOOL: Final = "damaged spool"
_KEPT_S: Final = 30 * 86_400
# KEYS: lease, announced drops, losses, counts. ARGV: token, id, count, source, symbol, day, name of the count or '',
#       cause.
_ANNOUNCE: Final = f"""
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then return redis.error_reply('FENCED') end
local before = redis.call('HGET', KEYS[2], ARGV[2])
if before then return before end
redis.call('HSET', KEYS[2], ARGV[2], ARGV[1])
redis.call('EXPIRE', KEYS[2], {_KEPT_S})
if ARGV[7] ~= '' then redis.call('HINCRBY', KEYS[4], ARGV[7], ARGV[3]) end
redis.call('XADD', KEYS[3], '*', 'kind', '{KIND}', 'count', ARGV[3],
           'source', ARGV[4], 'symbol', ARGV[5], 'session_date', ARGV[6], 'drop', ARGV[2], 'cause', ARGV[8])
return ARGV[1]
"""


@dataclass(frozen=True)
class Drop:
    """So many events of a symbol and trading day were given numbers and then dropped; `id` is this loss's own.

    Symbol and day are None where nobody knows them any more.
    """

    id: str
    source: str
    symbol: str | None
    session_date: str | None
    count: int
    cause: str = NO_ROOM

    @property
    def name(self) -> str | None:
        """The name under which these events are counted as published; None where they cannot be."""
        return count_name(self.symbol, self.session_date) if self.symbol and self.session_date else None


def announce_drop(client: Redis, lease: Lease, drop: Drop) -> int:
    """Tell a loss, and return the fencing token under which its events are counted as published.

    Calling again, also under another token, adds nothing for 30 days. ResponseError `FENCED` when the lease is not
    ours. `client` replies in text.
    """
    source = drop.source
    told = (keys.announced(source), keys.LOSSES, keys.published(source, lease.token))
    of_what = (drop.symbol or "", drop.session_date or "", drop.name or "")
    words = (lease.token, drop.id, drop.count, source, *of_what, drop.cause)
    return int(client.eval(_ANNOUNCE, 4, lease.key, *told, *(str(word) for word in words)))

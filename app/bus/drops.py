"""Announcing what a collector had to drop: counted as published, and told as lost, once."""

from dataclasses import dataclass
from typing import Final

from redis import Redis

from app.bus import keys
from app.bus.leases import Lease
from app.bus.published import count_name

KIND: Final = "collector_drop"
_KEPT_S: Final = 30 * 86_400
# KEYS: lease, announced drops, losses, counts. ARGV: token, id, count, source, symbol, day, name of the count.
_ANNOUNCE: Final = f"""
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then return redis.error_reply('FENCED') end
local before = redis.call('HGET', KEYS[2], ARGV[2])
if before then return before end
redis.call('HSET', KEYS[2], ARGV[2], ARGV[1])
redis.call('EXPIRE', KEYS[2], {_KEPT_S})
redis.call('HINCRBY', KEYS[4], ARGV[7], ARGV[3])
redis.call('XADD', KEYS[3], '*', 'kind', '{KIND}', 'count', ARGV[3],
           'source', ARGV[4], 'symbol', ARGV[5], 'session_date', ARGV[6], 'drop', ARGV[2])
return ARGV[1]
"""


@dataclass(frozen=True)
class Drop:
    """So many events of a symbol and trading day were given numbers and then dropped; `id` is this loss's own."""

    id: str
    source: str
    symbol: str
    session_date: str
    count: int

    @property
    def name(self) -> str:
        """The name under which these events are counted."""
        return count_name(self.symbol, self.session_date)


def announce_drop(client: Redis, lease: Lease, drop: Drop) -> int:
    """Tell a loss, and return the fencing token under which its events are counted as published.

    Calling again, also under another token, adds nothing for 30 days. ResponseError `FENCED` when the lease is not
    ours. `client` replies in text.
    """
    source = drop.source
    told = (keys.announced(source), keys.LOSSES, keys.published(source, lease.token))
    words = (lease.token, drop.id, drop.count, source, drop.symbol, drop.session_date, drop.name)
    return int(client.eval(_ANNOUNCE, 4, lease.key, *told, *(str(word) for word in words)))
